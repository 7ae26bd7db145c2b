// The receive ring with offloads: as ReceiveQueue, but it also reads what the device has found out
// about a frame, and a frame may lie in several descriptors.
#ifndef DRIVER_IXGBE_OFFLOAD_RECEIVE_QUEUE_H_
#define DRIVER_IXGBE_OFFLOAD_RECEIVE_QUEUE_H_

#include <utility>

#include "driver/ixgbe/queue.h"

namespace ixylab::ixgbe {

// Receive, write-back format (section 7.1.5.2), valid in a frame's last descriptor. low: packet
// type 4-16, RSS hash 32-63. high: status 0-19, errors 20-31, length 32-47, VLAN tag 48-63.
inline constexpr std::uint64_t kReceivedIpv4 = 1u << 4, kReceivedUdp = 1u << 9;  // packet type
inline constexpr std::uint64_t kVlanPacket = 1u << 3;                            // VP
inline constexpr std::uint64_t kL4Checked = 1u << 5, kIpChecked = 1u << 6;       // L4CS, IPCS
inline constexpr std::uint64_t kL4Error = 1u << 30, kIpError = 1u << 31;         // L4E, IPE
inline constexpr unsigned kVlanTagShift = 48, kRssHashShift = 32;

/// Every descriptor holds a buffer at any time, as in ReceiveQueue. A frame of which only a part
/// has been taken from the ring (the pool is empty, or the rest is not there yet) waits in the
/// queue.
template <TailRegister Tail>
class alignas(64) OffloadReceiveQueue {
 public:
  /// As ReceiveQueue. Of the offloads only those that `config` asks for are reported.
  OffloadReceiveQueue(DmaSpace& dma, const DeviceConfig& config, MemoryPool& pool, Tail tail)
      : ring_(dma, config.receive_descriptors),
        pool_(&pool),
        tail_(tail),
        reported_((config.vlan_offload ? kVlanPacket : 0) |
                  (config.checksum_offload ? kL4Checked | kIpChecked : 0)) {
    std::ranges::copy(pool.Take(ring_.mask + 1), ring_.buffers.get());
    for (std::uint32_t i = 0; i <= ring_.mask; ++i)
      ring_.descriptors[i].Give(ring_.buffers[i]->iova);
  }

  const Ring& ring() const { return ring_; }
  void Start() const { tail_.Ring(ring_.mask, 0); }

  std::size_t Receive(std::span<PacketBuffer*> packets) {
    const std::uint32_t before = next_;
    std::size_t received = 0;
    while (received != packets.size() && pool_->Has(1)) {
      Descriptor& descriptor = ring_.descriptors[next_];
      const std::uint64_t status = descriptor.Status();
      if ((status & kReceiveDone) == 0) break;
      const std::uint64_t hash_and_type = descriptor.low;
      PacketBuffer* const part = std::exchange(ring_.buffers[next_], pool_->Take(1).front());
      descriptor.Give(ring_.buffers[next_]->iova);
      next_ = (next_ + 1) & ring_.mask;

      Append(part, ReceivedLength(status));
      if ((status & kReceiveEndOfPacket) == 0) continue;
      Report(*first_, hash_and_type, status);
      packets[received++] = std::exchange(first_, nullptr);
    }
    // One descriptor tells full from empty.
    return next_ == before ? received : tail_.Ring((next_ - 1) & ring_.mask, received);
  }

  /// Gives all buffers back. The device must have stopped.
  void Clear() {
    pool_->Put({ring_.buffers.get(), ring_.mask + 1});
    for (PacketBuffer* part = first_; part != nullptr;) {
      PacketBuffer* const next = part->next;
      MemoryPool::Free(std::exchange(part, next));
    }
    first_ = nullptr;
  }

 private:
  void Append(PacketBuffer* part, std::uint32_t size) {
    part->size = size;
    part->next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = part;
    last_ = part;
  }

  void Report(PacketBuffer& frame, std::uint64_t hash_and_type, std::uint64_t status) const {
    frame.rss_hash = static_cast<std::uint32_t>(hash_and_type >> kRssHashShift);
    frame.offloads = {};
    const std::uint64_t reported = status & reported_;
    if (reported == 0) return;
    std::uint16_t& flags = frame.offloads.flags;
    if ((reported & kVlanPacket) != 0) {
      flags |= Offloads::kVlan;
      frame.offloads.vlan = static_cast<std::uint16_t>(status >> kVlanTagShift);
    }
    if ((reported & kIpChecked) != 0) {
      flags |= (status & kIpError) != 0 ? Offloads::kIpChecksumBad : Offloads::kIpChecksumGood;
    }
    if ((reported & kL4Checked) == 0) return;
    if ((status & kL4Error) == 0) {
      flags |= Offloads::kL4ChecksumGood;
    } else if (!IsUdpWithoutChecksum(frame, hash_and_type)) {
      flags |= Offloads::kL4ChecksumBad;
    }
  }

  // An erratum: UDP over IPv4 with checksum 0, which is none, may be reported as wrong (Linux:
  // __IXGBE_RX_CSUM_UDP_ZERO_ERR). A VLAN tag may still be in the frame.
  [[gnu::noinline]] static bool IsUdpWithoutChecksum(PacketBuffer& frame,
                                                     std::uint64_t hash_and_type) {
    constexpr std::uint64_t kUdpOverIpv4 = kReceivedIpv4 | kReceivedUdp;
    if ((hash_and_type & kUdpOverIpv4) != kUdpOverIpv4) return false;
    const auto byte = [&](std::size_t at) {
      return at < frame.size ? std::to_integer<std::size_t>(frame.data()[at]) : 1;
    };
    const std::size_t ip = byte(12) == 0x81 && byte(13) == 0x00 ? 18 : 14;
    const std::size_t checksum = ip + (byte(ip) & 0xF) * 4 + 6;
    return byte(checksum) == 0 && byte(checksum + 1) == 0;
  }

  Ring ring_;
  MemoryPool* pool_;
  Tail tail_;
  std::uint64_t reported_;         // status bits that the configuration asks for
  std::uint32_t next_ = 0;         // the first descriptor not yet received
  PacketBuffer* first_ = nullptr;  // of a frame whose end is still to come
  PacketBuffer* last_ = nullptr;   // ... its last part so far
};

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_OFFLOAD_RECEIVE_QUEUE_H_
