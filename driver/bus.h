// The seam. A driver reaches the world only through a Bus: registers, DMA memory with device
// addresses, interrupts and time. What is on the other side (a PCI device, a software model, a
// mock) is not visible from here.
//
// Errors: this layer and the drivers above it throw DeviceError from set-up and control calls.
#ifndef DRIVER_BUS_H_
#define DRIVER_BUS_H_

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ixylab {

using Nanoseconds = std::chrono::nanoseconds;

/// A device, a bus or a caller did what a driver cannot go on with. The message is one line that
/// names the register, address or argument in question.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Vendor and device id of a PCI function (configuration space words 0 and 2).
struct PciId {
  std::uint16_t vendor = 0;
  std::uint16_t device = 0;
  friend bool operator==(const PciId&, const PciId&) = default;
};

/// What interrupts a device has on its bus: kLevel is INTx, as vector 0, pending for as long as the
/// device has a cause; kMessages is MSI-X, where each vector is an event.
enum class Interrupts { kNone, kLevel, kMessages };

/// Memory that both the CPU and the device can reach. The device sees it page by page: device
/// addresses (IOVAs) are contiguous inside a page of `page_size()` bytes and nowhere else.
/// Owns the memory: destroying it takes it away from the device first.
class DmaMemory {
 public:
  /// `pages` holds the device address of each page of `page_size` bytes (a power of two);
  /// `release` runs once, when the memory is given back.
  struct Owner {
    virtual ~Owner() = default;
  };
  DmaMemory() = default;
  DmaMemory(std::span<std::byte> bytes, std::size_t page_size, std::vector<std::uint64_t> pages,
            std::unique_ptr<Owner> owner)
      : bytes_(bytes), page_size_(page_size), pages_(std::move(pages)), owner_(std::move(owner)) {}

  std::span<std::byte> bytes() const { return bytes_; }
  std::size_t page_size() const { return page_size_; }
  /// Device address of the byte at `offset` (< bytes().size()).
  std::uint64_t iova(std::size_t offset) const {
    return pages_[offset / page_size_] + offset % page_size_;
  }

 private:
  std::span<std::byte> bytes_;
  std::size_t page_size_ = 1;
  std::vector<std::uint64_t> pages_;
  std::unique_ptr<Owner> owner_;
};

/// A set of device addresses. The ports of one machine usually share one, so that a buffer that one
/// port received can be transmitted by the other.
class DmaSpace {
 public:
  virtual ~DmaSpace() = default;
  /// Of the device, in bytes: device addresses are contiguous inside such a page.
  virtual std::size_t page_size() const = 0;
  /// Zeroed memory of at least `size` bytes that starts on a page boundary. Throws DeviceError.
  virtual DmaMemory Allocate(std::size_t size) = 0;
};

/// One PCI function as its driver sees it. Registers are in regions: BAR 0 to 5, and the
/// configuration space, with the number that VFIO gives it.
class Bus {
 public:
  static constexpr unsigned kConfigSpace = 7;

  virtual ~Bus() = default;

  virtual PciId id() const = 0;

  /// The register of `bytes` (1, 2 or 4) at `offset`, a multiple of its size. A write is ordered
  /// after all earlier memory writes.
  virtual std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) = 0;
  virtual void Write(unsigned region, std::uint32_t offset, unsigned bytes,
                     std::uint32_t value) = 0;
  /// A register's address where a plain store of its size reaches it, else null: then Write must be
  /// used.
  virtual void* MapRegister(unsigned region, std::uint32_t offset) = 0;

  // What most devices have: 32-bit registers in BAR 0.
  std::uint32_t Read32(std::uint32_t offset) { return Read(0, offset, 4); }
  void Write32(std::uint32_t offset, std::uint32_t value) { Write(0, offset, 4, value); }

  virtual DmaSpace& dma() = 0;

  /// Makes vectors 0 to `vectors` - 1 ready, or the one level where there are no messages: what the
  /// device raises from now on is not lost. Throws DeviceError if it has fewer messages.
  virtual Interrupts EnableInterrupts(std::uint32_t vectors) = 0;
  /// Waits until the device has raised `vector` since the last call for it, at most `timeout`. True
  /// if it has. Threads may wait for different vectors at once. A level's cause has to be taken
  /// away before the next call.
  virtual bool WaitForInterrupt(std::uint32_t vector, Nanoseconds timeout) = 0;

  /// Time since a fixed moment in the past. It goes on in Now, Sleep, Read and waits.
  virtual Nanoseconds Now() = 0;
  virtual void Sleep(Nanoseconds duration) = 0;
};

/// Waits until `condition` holds; false if it still does not after `timeout`.
template <typename Condition>
bool WaitUntil(Bus& bus, Nanoseconds timeout, Condition condition) {
  const Nanoseconds end = bus.Now() + timeout;
  while (!condition()) {
    // Once more: it may be this process that was kept waiting, and not the device that is late.
    if (bus.Now() >= end) return condition();
    bus.Sleep(std::chrono::microseconds(10));
  }
  return true;
}

/// Anything that can publish a ring's tail: a Doorbell, or in the measurement of what the seam
/// costs, a bare pointer.
template <typename T>
concept TailRegister = requires(const T& tail, std::uint32_t value, std::size_t result) {
  { tail.Ring(value, result) } -> std::same_as<std::size_t>;
};

/// A 32-bit tail register in BAR 0 on the hot path: one predicted branch more than a bare pointer.
class Doorbell {
 public:
  Doorbell(Bus& bus, std::uint32_t offset)
      : mapped_(static_cast<std::uint32_t*>(bus.MapRegister(0, offset))),
        bus_(&bus),
        offset_(offset) {}

  /// Release order: the descriptors written before are visible to the device first. Returns
  /// `result`, for a caller that ends with this: both ways are tail calls then, and the caller
  /// needs no stack frame, which is a tenth of the work at batch size 1.
  std::size_t Ring(std::uint32_t value, std::size_t result) const {
    if (mapped_ == nullptr) [[unlikely]]
      return RingBus(value, result);
    std::atomic_ref(*mapped_).store(value, std::memory_order_release);
    return result;
  }

 private:
  [[gnu::noinline]] std::size_t RingBus(std::uint32_t value, std::size_t result) const {
    bus_->Write32(offset_, value);
    return result;
  }

  std::uint32_t* mapped_;
  Bus* bus_;
  std::uint32_t offset_;
};

}  // namespace ixylab

#endif  // DRIVER_BUS_H_
