// What a NIC model needs from the machine that it is plugged into, and what that machine needs from
// the model. The in-process host, a vfio-user server and a fuzzer host the same models.
#ifndef EMULATOR_HOST_H_
#define EMULATOR_HOST_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace ixylab::emulator {

using Nanoseconds = std::chrono::nanoseconds;

/// A run of device addresses and the memory behind it. Empty (size 0) where nothing is mapped.
struct DmaWindow {
  std::uint64_t iova = 0;
  std::uint64_t size = 0;
  std::byte* memory = nullptr;
  bool writable = true;  // false: the device may read it, and a write is a fault
};

/// A DMA access that the IOMMU refused. The device goes on; the access did not happen.
struct DmaFault {
  unsigned port = 0;
  std::uint64_t iova = 0;
  std::uint64_t size = 0;
  bool write = false;
  std::string what;  // which descriptor of which queue asked: "RX queue 0 descriptor 17: buffer"
};

/// The machine's side: DMA, interrupts and time. Models reach nothing else but their wire.
class Host {
 public:
  virtual ~Host() = default;

  /// The window around `iova` of function `port` (a whole page or more). A model may keep it, and
  /// must look it up again once map_epoch() has changed.
  virtual DmaWindow Map(unsigned port, std::uint64_t iova) = 0;
  virtual const std::atomic<std::uint64_t>& map_epoch() const = 0;
  virtual void ReportFault(const DmaFault& fault) = 0;

  /// Whether models are to report their DMA accesses to TraceDma. Changes only together with
  /// map_epoch(), so that a model has one thing to watch.
  virtual bool traces_dma() const { return false; }
  /// A DMA access that happened, before which (for a read) or after which (for a write) `data` is
  /// what the memory holds.
  virtual void TraceDma(unsigned /*port*/, bool /*write*/, std::uint64_t /*iova*/,
                        std::span<const std::byte> /*data*/) {}

  /// A message of function `port`: MSI-X `vector`, or 0 for MSI.
  virtual void RaiseVector(unsigned port, unsigned vector) = 0;
  /// The level of the function's INTA#. Calls that change nothing are fine.
  virtual void SetIntx(unsigned port, bool asserted) = 0;

  virtual Nanoseconds Now() = 0;
  /// Runs `work` once, `delay` from now, from Now, Sleep, a wait or a register access.
  virtual void Schedule(Nanoseconds delay, std::function<void()> work) = 0;
  /// A log line about something that the driver did wrong or that the model does not know.
  virtual void Log(unsigned port, std::string line) = 0;
};

/// Registers that are like memory: a read has no effect, and a write may be seen late, or not at
/// all where another one to the same word follows it or where the word has that value already.
struct MappableArea {
  unsigned region = 0;
  std::uint32_t offset = 0;  // a multiple of 4096
  std::uint32_t size = 0;    // a multiple of 4, and not necessarily of 4096
};

/// One PCI function of a model, as a host drives it.
class NicFunction {
 public:
  virtual ~NicFunction() = default;

  /// Regions are BAR 0 to 5 and the configuration space.
  static constexpr unsigned kConfigSpace = 7;

  /// Size of a region; 0 where there is none. What a BAR is, its word in the configuration space
  /// says.
  virtual std::uint32_t RegionBytes(unsigned region) const = 0;

  /// Registers and configuration space become as after power-on, and nothing is pending any more
  /// (PCI Express 4.0, 6.6.2, Function Level Reset).
  virtual void ResetFunction() = 0;

  /// An access of 1, 2 or 4 bytes. Any region, offset and value is fine: unknown ones are logged
  /// and counted.
  virtual std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) = 0;
  virtual void Write(unsigned region, std::uint32_t offset, unsigned bytes,
                     std::uint32_t value) = 0;

  /// The memory behind a register that is pure storage polled by Run (ring tails), or null: in
  /// threaded mode a host lets drivers store there directly, with release order.
  virtual void* MapRegister(unsigned region, std::uint32_t offset) = 0;

  /// Areas that a host may show to drivers as memory, the same ones for as long as the function
  /// lives: it calls Write for what they change there, and shows what Peek says.
  virtual std::vector<MappableArea> MappableAreas() const { return {}; }
  /// What a read of a 32-bit word of a mappable area would give.
  virtual std::uint32_t Peek(unsigned region, std::uint32_t offset) {
    return Read(region, offset, 4);
  }

  /// Moves what is pending (transmit descriptors, frames in the receive buffer) a bounded step
  /// further. True if there may be more to do.
  virtual bool Run() = 0;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_HOST_H_
