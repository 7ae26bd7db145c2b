// What an application sees of a network device, whatever driver is behind it: open, receive and
// transmit in batches, statistics (the API of the ixy paper, section 3).
#ifndef DRIVER_DEVICE_H_
#define DRIVER_DEVICE_H_

#include <array>
#include <string_view>

#include "driver/memory_pool.h"

namespace ixylab {

using MacAddress = std::array<std::uint8_t, 6>;

/// Throws DeviceError for a multicast or all-zero address.
inline void CheckPortAddress(const MacAddress& address) {
  if ((address[0] & 1) != 0 || address == MacAddress{})
    throw DeviceError("MAC address: a multicast or all-zero address cannot be a port's");
}

struct LinkState {
  bool up = false;
  std::uint32_t megabits_per_second = 0;  // 0 while the link is down, or if the device cannot tell
};

/// Totals since open or the last ResetStatistics(). Bytes count whole frames without the 4-byte
/// CRC.
struct Statistics {
  std::uint64_t received_packets = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t transmitted_packets = 0;
  std::uint64_t transmitted_bytes = 0;
  std::uint64_t missed_packets = 0;  // good frames dropped for want of a descriptor or buffer space
  std::uint64_t receive_errors = 0;  // frames dropped as bad: CRC, too short, too long
  friend bool operator==(const Statistics&, const Statistics&) = default;
};

struct DeviceConfig {
  /// One receive and one transmit queue for each; a queue takes its receive buffers from its pool.
  /// A pool may serve several queues and devices of one thread.
  std::vector<MemoryPool*> pools{};
  std::uint32_t receive_descriptors = 512;   // per queue: power of two, 64..4096
  std::uint32_t transmit_descriptors = 512;  // per queue: power of two, 64..4096
  bool promiscuous = true;                   // a forwarder wants every frame, as in the paper

  // What follows costs nothing where it is off. A device without it throws DeviceError.
  /// PacketBuffer::offloads: checked when received, filled in when sent.
  bool checksum_offload = false;
  bool vlan_offload = false;  // PacketBuffer::offloads: tags are taken out and put in
  /// Longest frame, without CRC (and VLAN tag, with vlan_offload). Beyond PacketBuffer::kCapacity a
  /// frame is a chain of buffers by PacketBuffer::next, received as well as transmitted: its first
  /// buffer stands for it in Receive and Transmit.
  std::uint32_t max_frame_size = 1514;
  /// While little comes in, a Receive that finds nothing sleeps until an interrupt, at most so
  /// long; under load it polls (as ixy: by a moving average of what came in). 0: it always polls.
  Nanoseconds receive_wait{0};
  Nanoseconds interrupt_interval{0};  // between two interrupts of a queue, at least

  bool virtio_legacy = false;  // a transitional virtio device: use its legacy (0.9.5) interface
};

/// An open device. `queue` is below queues(). Not thread-safe, but for Receive and Transmit:
/// threads may use different queues. Closing (the destructor) stops all DMA, then returns the
/// buffers in flight to their pools.
class Device {
 public:
  virtual ~Device() = default;

  /// "ixgbe", "virtio", ...
  virtual std::string_view driver_name() const = 0;
  virtual std::uint16_t queues() const = 0;
  /// Longest frame without CRC that Transmit accepts, in bytes.
  virtual std::uint32_t max_frame_size() const = 0;

  /// Fills `packets` from the front with received frames and returns how many. The caller owns the
  /// buffers then. Returns less than there is when the queue's pool has no buffer to put in place.
  /// Throws DeviceError where the device delivers what it was not set up to.
  virtual std::size_t Receive(std::uint16_t queue, std::span<PacketBuffer*> packets) = 0;

  /// Queues frames from the front and returns how many; the device owns those buffers and frees
  /// them to their pools when they are sent. The rest, for which the ring has no room, stays the
  /// caller's. Throws FrameError at a frame of 0 or more than max_frame_size() bytes.
  virtual std::size_t Transmit(std::uint16_t queue, std::span<PacketBuffer* const> packets) = 0;

  virtual Statistics ReadStatistics() = 0;
  virtual void ResetStatistics() = 0;

  virtual LinkState Link() = 0;
  /// True once the link is up, false after `timeout`.
  virtual bool WaitForLink(Nanoseconds timeout) = 0;

  virtual MacAddress mac_address() const = 0;
  /// Until the device is closed. Throws DeviceError for a multicast or all-zero address.
  virtual void SetMacAddress(const MacAddress& address) = 0;
  virtual void SetPromiscuous(bool on) = 0;

  /// The device keeps its bus alive from now on.
  void Keep(std::unique_ptr<Bus> bus) { bus_ = std::move(bus); }

 private:
  std::unique_ptr<Bus> bus_;  // null: the caller's. It ends after the driver has closed the device.
};

/// Transmit met a frame it does not take. The frames before it are queued: `accepted` of them.
struct FrameError : DeviceError {
  FrameError(const std::string& message, std::size_t accepted)
      : DeviceError(message), accepted(accepted) {}
  std::size_t accepted;
};

}  // namespace ixylab

#endif  // DRIVER_DEVICE_H_
