// The control queue (virtio 1.2, 5.1.6.5): one command at a time.
#ifndef DRIVER_VIRTIO_CONTROL_QUEUE_H_
#define DRIVER_VIRTIO_CONTROL_QUEUE_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <span>
#include <utility>

#include "driver/bus.h"
#include "driver/virtio/registers.h"
#include "driver/virtio/ring.h"
#include "driver/virtio/transport.h"

namespace ixylab::virtio {

template <typename Ring>
class ControlQueue {
 public:
  static constexpr std::uint32_t kDescriptors = 3;  // of a command

  ControlQueue(Bus& bus, std::uint16_t queue, Ring ring, Notifier notifier)
      : bus_(bus), queue_(queue), ring_(std::move(ring)), notifier_(notifier) {}

  /// Runs a command with up to 32 bytes of `data`. Throws DeviceError if the device does not answer
  /// or refuses.
  void Run(const Command& command, std::span<const std::uint8_t> data) {
    constexpr Nanoseconds kDeadline = std::chrono::milliseconds(1000);
    constexpr Nanoseconds kInterval = std::chrono::microseconds(10);
    // After a time-out the device still has the descriptors: as long as it does, nothing goes.
    if (busy_) Wait(command, Nanoseconds(0), kInterval);

    const std::span<std::byte> memory = ring_.extra();
    memory[kClassAt] = std::byte{command.command_class};
    memory[kClassAt + 1] = std::byte{command.command};
    std::ranges::copy(std::as_bytes(data), memory.begin() + kDataAt);
    memory[kAckAt] = kNoAck;
    // Three descriptors in any case: legacy devices without VIRTIO_F_ANY_LAYOUT know no other
    // layout (5.1.6.6).
    const std::array<ChainElement, kDescriptors> chain = {
        {{ring_.extra_iova() + kClassAt, 2, false},
         {ring_.extra_iova() + kDataAt, static_cast<std::uint32_t>(data.size()), false},
         {ring_.extra_iova() + kAckAt, 1, true}}};
    at_ = next_;
    next_ = ring_.OfferChain(at_, chain);
    busy_ = true;
    if (ring_.Publish(at_, next_)) notifier_.Ring();
    Wait(command, kDeadline, kInterval);

    const auto ack = std::to_integer<unsigned>(memory[kAckAt]);
    if (ack == kAckOk) return;
    char text[96];
    std::snprintf(text, sizeof text, "%s: the device refused, with 0x%02x", command.name, ack);
    throw DeviceError(text);
  }

 private:
  static constexpr std::size_t kClassAt = 0;
  static constexpr std::size_t kDataAt = 16;
  static constexpr std::size_t kAckAt = 48;
  static constexpr std::byte kNoAck{0xFF};

  void Wait(const Command& command, Nanoseconds deadline, Nanoseconds interval) {
    const Nanoseconds end = bus_.Now() + deadline;
    while (ring_.CountUsed(at_, 1) == 0) {
      if (bus_.Now() >= end) {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(deadline).count();
        char text[128];
        std::snprintf(text, sizeof text, "%s (queue 0x%02x): no answer within %lld ms",
                      command.name, queue_, static_cast<long long>(ms));
        throw DeviceError(text);
      }
      bus_.Sleep(interval);
    }
    busy_ = false;
  }

  Bus& bus_;
  std::uint16_t queue_;
  Ring ring_;
  Notifier notifier_;
  std::uint32_t at_ = 0;    // position of the latest command
  std::uint32_t next_ = 0;  // of the next one
  bool busy_ = false;
};

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_CONTROL_QUEUE_H_
