// How a virtio device is reached over PCI: one interface, and behind it the legacy one (virtio
// 0.9.5) or the modern one (1.x). For bring-up and control; the hot path has its queues in memory
// and a Notifier.
#ifndef DRIVER_VIRTIO_TRANSPORT_H_
#define DRIVER_VIRTIO_TRANSPORT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "driver/bus.h"
#include "driver/device.h"
#include "driver/virtio/features.h"
#include "driver/virtio/registers.h"

namespace ixylab::virtio {

/// A queue's doorbell: a 16-bit register that takes the queue's number (virtio 1.2, 4.1.4.4).
class Notifier {
 public:
  Notifier(Bus& bus, unsigned region, std::uint32_t offset, std::uint16_t queue)
      : mapped_(static_cast<std::uint16_t*>(bus.MapRegister(region, offset))),
        bus_(&bus),
        region_(region),
        offset_(offset),
        queue_(queue) {}

  /// What was written to the queue before is visible to the device first.
  void Ring() const {
    if (mapped_ == nullptr) [[unlikely]]
      return bus_->Write(region_, offset_, 2, queue_);
    std::atomic_ref(*mapped_).store(queue_, std::memory_order_release);
  }

 private:
  std::uint16_t* mapped_;
  Bus* bus_;
  unsigned region_;
  std::uint32_t offset_;
  std::uint16_t queue_;
};

/// Device addresses of a queue's three areas: in a split queue the descriptor table, the available
/// and the used ring.
struct QueueAddresses {
  std::uint64_t descriptors = 0;
  std::uint64_t driver = 0;
  std::uint64_t device = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  /// Ends all DMA: after it the device knows no queue. Throws DeviceError if it does not answer.
  void Reset();
  /// Sets one more bit of DEVICE_STATUS and waits until it reads back.
  void AddStatus(std::uint8_t bit);
  /// Tells the device that the driver has given up on it (virtio 1.2, 3.1.1).
  void Fail() { Write(status_, static_cast<std::uint8_t>(current_ | kFailed)); }

  virtual std::string_view name() const = 0;
  virtual Features ReadFeatures() = 0;
  /// Tells the device which of its features are in use. Throws if it refuses.
  virtual void AcceptFeatures(Features features) = 0;

  /// A field of the device's configuration, in one access.
  std::uint32_t ReadConfig(const Register& field) { return Read(InConfig(field)); }
  void WriteConfig(const Register& field, std::uint32_t value) { Write(InConfig(field), value); }
  MacAddress ReadMacAddress();

  /// The size that queue `queue` will have: `wanted`, a power of two, where the device leaves the
  /// choice, or less where it cannot have that many. Throws DeviceError if there is no such queue.
  virtual std::uint32_t QueueSize(std::uint16_t queue, std::uint32_t wanted) = 0;
  /// Hands a queue of that size to the device.
  virtual Notifier EnableQueue(std::uint16_t queue, std::uint32_t size,
                               const QueueAddresses& addresses) = 0;

 protected:
  /// A register in its place.
  struct Place {
    Register reg;
    unsigned region;
    std::uint32_t offset;
  };

  Transport(Bus& bus, const Place& status) : bus_(bus), status_(status) {}

  std::uint32_t Read(const Place& place) {
    return bus_.Read(place.region, place.offset, place.reg.bytes);
  }
  void Write(const Place& place, std::uint32_t value) {
    bus_.Write(place.region, place.offset, place.reg.bytes, value);
  }
  /// Waits until it reads as `expected`; throws DeviceError.
  void WaitFor(const Place& place, std::uint32_t expected);
  virtual Place InConfig(const Register& field) const = 0;
  /// Changes with the configuration (virtio 1.2, 2.5.1); always 0 in the legacy interface.
  virtual std::uint32_t ConfigGeneration() = 0;

  // Nothing names a time; Linux waits for ever. QEMU answers at once.
  static constexpr Nanoseconds kDeadline = std::chrono::milliseconds(100);

  Bus& bus_;

 private:
  Place status_;
  std::uint8_t current_ = 0;  // as it was last written
};

/// The modern interface where the device has one, unless the legacy one is asked for. Throws
/// DeviceError if the device does not have what is asked for or if its capabilities are malformed.
std::unique_ptr<Transport> OpenTransport(Bus& bus, bool legacy);

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_TRANSPORT_H_
