// The paper's forwarder: what one port receives, the other one transmits.
#ifndef TOOLS_FWD_FORWARDER_H_
#define TOOLS_FWD_FORWARDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "driver/device.h"
#include "driver/memory_pool.h"
#include "tools/common/program.h"

namespace ixylab::fwd {

/// One direction. The devices must outlive it.
class Forwarder {
 public:
  /// `batch` packets a call, 1..tools::kMaxBatch.
  Forwarder(Device& from, Device& to, std::size_t batch) : from_(from), to_(to), batch_(batch) {}

  /// All that forwarding is: receive, transmit, and free what the ring has no room for, or latency
  /// would pile up. Returns how many frames were received.
  std::size_t ForwardBatch() {
    const std::size_t received = from_.Receive(0, std::span(packets_).first(batch_));
    const auto packets = std::span<PacketBuffer* const>(packets_).first(received);
    const std::size_t queued = to_.Transmit(0, packets);
    MemoryPool::Free(packets.subspan(queued));
    forwarded_ += queued;
    dropped_ += received - queued;
    return received;
  }

  std::uint64_t forwarded() const { return forwarded_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  Device& from_;
  Device& to_;
  const std::size_t batch_;
  std::array<PacketBuffer*, tools::kMaxBatch> packets_;
  std::uint64_t forwarded_ = 0;
  std::uint64_t dropped_ = 0;  // the other port's ring was full
};

}  // namespace ixylab::fwd

#endif  // TOOLS_FWD_FORWARDER_H_
