// The transmit ring with offloads: as TransmitQueue, but a frame may be a chain of buffers, which
// takes a descriptor for each, and ask for checksums and a VLAN tag, which takes a context
// descriptor when it is not what the frames before asked for.
#ifndef DRIVER_IXGBE_OFFLOAD_TRANSMIT_QUEUE_H_
#define DRIVER_IXGBE_OFFLOAD_TRANSMIT_QUEUE_H_

#include <utility>

#include "driver/ixgbe/queue.h"

namespace ixylab::ixgbe {

// Transmit, advanced data descriptor (section 7.2.3.2.4), beyond what queue.h has. The fields that
// a frame asks by count in its first descriptor; EOP and RS are the last one's.
inline constexpr std::uint64_t kEndOfPacket = 1u << 24, kVlanInsert = 1u << 30;  // EOP, VLE
inline constexpr std::uint64_t kCheckContext = std::uint64_t{1} << 39;           // CC, of IDX 0
inline constexpr std::uint64_t kInsertIpChecksum = std::uint64_t{1} << 40;       // POPTS.IXSM
inline constexpr std::uint64_t kInsertL4Checksum = std::uint64_t{1} << 41;       // POPTS.TXSM
inline constexpr unsigned kPayloadShift = 46;                                    // PAYLEN

// Transmit, advanced context descriptor (section 7.2.3.2.3). low: IPLEN 0-8, MACLEN 9-15, VLAN
// 16-31. high: TUCMD 9-19, DTYP 20-23, DEXT 29; IDX is 0.
inline constexpr unsigned kMacLengthShift = 9, kContextVlanShift = 16;
inline constexpr std::uint64_t kContextCommand = 2u << 20 | 1u << 29;  // DTYP 2 (context), DEXT
inline constexpr std::uint64_t kContextIpv4 = 1u << 10;                // TUCMD.IPV4
inline constexpr std::uint64_t kContextTcp = 1u << 11;                 // TUCMD.L4T: 1; UDP is 0
inline constexpr std::uint32_t kMostMacLength = 127, kMostIpLength = 511;

/// Whether a frame can be longer than a buffer. A tag that is left in makes it longer.
constexpr bool HasChains(const DeviceConfig& config) {
  constexpr std::uint32_t kTag = 4;
  return config.max_frame_size + (config.vlan_offload ? 0 : kTag) > PacketBuffer::kCapacity;
}

/// The device reports completion at the end of the first frame that ends kReportEvery descriptors
/// or more behind the last report; buffers are freed from report to report. A context descriptor is
/// never reported, so that a report is a frame's last data descriptor.
template <TailRegister Tail>
class alignas(64) OffloadTransmitQueue {
 public:
  /// DPDK, IXGBE_TX_MAX_SEG.
  static constexpr std::uint32_t kMostParts = 40;
  /// So that what stays unreported leaves room for the longest frame and its context in the
  /// smallest ring: 64 - 1 - 15 descriptors.
  static constexpr std::uint32_t kReportEvery = 16;

  /// Of the offloads only those that `config` asks for are done; chains are followed if a frame can
  /// be one.
  OffloadTransmitQueue(DmaSpace& dma, const DeviceConfig& config, Tail tail)
      : ring_(dma, config.transmit_descriptors),
        reports_(std::make_unique<std::uint32_t[]>(config.transmit_descriptors)),
        tail_(tail),
        longest_(config.max_frame_size),
        chains_(HasChains(config)),
        done_((config.vlan_offload ? Offloads::kVlan : 0) |
              (config.checksum_offload ? kChecksums : 0)) {}

  const Ring& ring() const { return ring_; }

  std::size_t Transmit(std::span<PacketBuffer* const> packets) {
    Reclaim();
    for (std::size_t sent = 0; sent != packets.size(); ++sent) {
      const Frame frame = Measure(packets, sent);
      const bool new_context = frame.offloads != 0 && frame.context != context_;
      const std::uint32_t room = ring_.mask - ((next_ - first_) & ring_.mask);
      if (frame.parts + new_context > room) return tail_.Ring(next_, sent);
      if (new_context) {
        context_ = frame.context;
        Put(nullptr, context_.low, context_.high);
      }
      Write(*packets[sent], frame);
    }
    return tail_.Ring(next_, packets.size());
  }

  /// Frees what is in flight. The device must have stopped.
  void Clear() { Free(next_); }

 private:
  static constexpr std::uint16_t kChecksums =
      Offloads::kIpv4Checksum | Offloads::kTcpChecksum | Offloads::kUdpChecksum;

  struct Context {
    std::uint64_t low = 0, high = 0;
    friend bool operator==(const Context&, const Context&) = default;
  };
  /// What a frame takes and asks for.
  struct Frame {
    std::uint32_t size = 0;
    std::uint32_t parts = 0;
    std::uint64_t offloads = 0;  // bits of the first data descriptor
    Context context{};           // if there are any
  };

  // Packet `n`, checked. Throws FrameError.
  Frame Measure(std::span<PacketBuffer* const> packets, std::size_t n) {
    const PacketBuffer& first = *packets[n];
    Frame frame{.size = first.size, .parts = 1};
    if (chains_ && (first.next != nullptr || first.size > PacketBuffer::kCapacity)) [[unlikely]] {
      frame = {};
      for (const PacketBuffer* part = &first; part != nullptr; part = part->next) {
        if (part->size - 1 >= PacketBuffer::kCapacity) {
          Refuse(packets, n,
                 "has a part of " + std::to_string(part->size) + " bytes, 1 to " +
                     std::to_string(PacketBuffer::kCapacity) + " are possible");
        }
        if (++frame.parts > kMostParts)
          Refuse(packets, n, "has more than " + std::to_string(kMostParts) + " parts");
        frame.size += part->size;
      }
    }
    if (frame.size - 1 >= longest_) [[unlikely]] {
      Refuse(packets, n,
             "has " + std::to_string(frame.size) + " bytes, 1 to " + std::to_string(longest_) +
                 " are possible");
    }
    const std::uint16_t asked = first.offloads.flags & done_;
    if (asked != 0) {
      if (!Ask(first.offloads, asked, frame)) [[unlikely]]
        Refuse(packets, n, Misfit(first.offloads, frame.size));
    }
    return frame;
  }

  // False if the headers are not where they can be.
  static bool Ask(const Offloads& offloads, std::uint16_t asked, Frame& frame) {
    constexpr std::uint32_t kMacHeader = 14, kIpv4Header = 20;
    std::uint32_t mac = kMacHeader, ip = 0, end = kMacHeader;
    frame.offloads = kCheckContext;
    frame.context.high = kContextCommand;
    if ((asked & Offloads::kVlan) != 0) {
      frame.offloads |= kVlanInsert;
      frame.context.low = std::uint64_t{offloads.vlan} << kContextVlanShift;
    }
    if ((asked & kChecksums) != 0) {
      mac = offloads.network_at;
      ip = std::uint32_t{offloads.transport_at} - mac;
      end = offloads.transport_at;
      if (mac < kMacHeader || mac > kMostMacLength || ip - 1 >= kMostIpLength) return false;
    }
    if ((asked & Offloads::kIpv4Checksum) != 0) {
      frame.offloads |= kInsertIpChecksum;
      frame.context.high |= kContextIpv4;
      if (ip < kIpv4Header) return false;
    }
    if ((asked & Offloads::kTcpChecksum) != 0) {
      frame.offloads |= kInsertL4Checksum;
      frame.context.high |= kContextTcp;
      end += 18;  // behind the checksum
    } else if ((asked & Offloads::kUdpChecksum) != 0) {
      frame.offloads |= kInsertL4Checksum;
      end += 8;
    }
    frame.context.low |= ip | mac << kMacLengthShift;
    return end <= frame.size;
  }

  // Its parts, which the ring has room for.
  void Write(PacketBuffer& packet, const Frame& frame) {
    std::uint64_t word = (kTransmitCommand & ~kEndOfPacket) | frame.offloads |
                         std::uint64_t{frame.size} << kPayloadShift;
    PacketBuffer* part = &packet;
    for (std::uint32_t left = frame.parts - 1; left != 0; --left, part = part->next)
      Put(part, part->iova, word | part->size);
    word |= kEndOfPacket;
    if (((next_ - open_) & ring_.mask) + 1 >= kReportEvery) {
      reports_[open_] = next_;
      open_ = (next_ + 1) & ring_.mask;
      word |= kReportStatus;
    }
    Put(part, part->iova, word | part->size);
  }

  void Put(PacketBuffer* part, std::uint64_t low, std::uint64_t high) {
    ring_.descriptors[next_].Give(low, high);
    ring_.buffers[next_] = part;
    next_ = (next_ + 1) & ring_.mask;
  }

  void Reclaim() {
    while (first_ != open_ && (ring_.descriptors[reports_[first_]].Status() & kTransmitDone) != 0) {
      Free((reports_[first_] + 1) & ring_.mask);
    }
  }

  // Up to, not including, descriptor `end`. Contexts have no buffer.
  void Free(std::uint32_t end) {
    for (; first_ != end; first_ = (first_ + 1) & ring_.mask) {
      if (ring_.buffers[first_] != nullptr) MemoryPool::Free(ring_.buffers[first_]);
    }
  }

  static std::string Misfit(const Offloads& offloads, std::uint32_t size) {
    return "asks for offloads with network_at " + std::to_string(offloads.network_at) +
           " and transport_at " + std::to_string(offloads.transport_at) +
           ", which cannot be in its " + std::to_string(size) + " bytes";
  }
  [[noreturn, gnu::noinline, gnu::cold]] void Refuse(std::span<PacketBuffer* const> packets,
                                                     std::size_t bad, const std::string& why) {
    tail_.Ring(next_, bad);
    throw FrameError("transmit: frame " + std::to_string(bad + 1) + " of " +
                         std::to_string(packets.size()) + " " + why,
                     bad);
  }

  Ring ring_;
  std::unique_ptr<std::uint32_t[]> reports_;  // [first descriptor]: the one that reports for it
  Tail tail_;
  std::uint32_t longest_;
  bool chains_;
  std::uint16_t done_;       // flags of Offloads that the configuration asks for
  Context context_;          // the last one in the ring
  std::uint32_t next_ = 0;   // the next descriptor to write
  std::uint32_t open_ = 0;   // the oldest for which none reports yet
  std::uint32_t first_ = 0;  // the oldest in flight
};

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_OFFLOAD_TRANSMIT_QUEUE_H_
