// The hot path: a receive ring and a transmit ring of the 82599.
//
// Both are templates of the tail register alone, so that what the seam costs can be measured
// against a bare pointer in its place. Rings are powers of two, indices count modulo the ring.
//
// Receive and Transmit look once, in front of the loop, whether a batch meets none of the places
// where more is to do (the ring's end, an empty pool, a descriptor that reports); what does goes
// another way, in pieces. The loops are left with the descriptor and the buffer.
#ifndef DRIVER_IXGBE_QUEUE_H_
#define DRIVER_IXGBE_QUEUE_H_

#include <algorithm>
#include <bit>

#include "driver/device.h"

namespace ixylab::ixgbe {

/// An advanced descriptor of either ring: 16 bytes, here as two 64-bit words.
struct alignas(16) Descriptor {
  std::uint64_t low;   // driver: address of the packet; device: not used here
  std::uint64_t high;  // driver: see below; device: status

  /// The driver's side of it. Relaxed: the tail register's release publishes both words.
  void Give(std::uint64_t address, std::uint64_t word = 0) {
    low = address;
    std::atomic_ref(high).store(word, std::memory_order_relaxed);
  }
  /// What the device wrote. Acquire: what it wrote before (the packet) is visible afterwards.
  std::uint64_t Status() { return std::atomic_ref(high).load(std::memory_order_acquire); }
};

// Receive, read format (section 7.1.5.1): low is the packet's address, high the header's, 0.
// Receive, write-back format (section 7.1.5.2), high: status 0-19, errors 20-31, length 32-47.
inline constexpr std::uint64_t kReceiveDone = 1, kReceiveEndOfPacket = 2;  // DD, EOP
inline constexpr std::uint64_t kReceivedWhole = kReceiveDone | kReceiveEndOfPacket;
constexpr std::uint32_t ReceivedLength(std::uint64_t status) { return status >> 32 & 0xFFFF; }

// Transmit, advanced data descriptor (section 7.2.3.2.4), high: DTALEN 0-15, DTYP 20-23, DCMD
// 24-31, STA 32-35, PAYLEN 46-63. A frame is one descriptor here, so DTALEN = PAYLEN. Always the
// same: DTYP 3 (data) and in DCMD EOP, IFCS (the MAC appends the CRC) and DEXT (advanced).
inline constexpr std::uint64_t kTransmitCommand = 3u << 20 | 1u << 24 | 1u << 25 | 1u << 29;
inline constexpr std::uint64_t kReportStatus = 1u << 27;                // DCMD.RS: write STA.DD
inline constexpr std::uint64_t kTransmitDone = std::uint64_t{1} << 32;  // STA.DD
constexpr std::uint64_t TransmitWord(std::uint64_t size) {
  return kTransmitCommand + size * (1 | std::uint64_t{1} << 46);
}

/// What both directions have: descriptors that the device sees, and the buffer behind each.
struct Ring {
  Ring(DmaSpace& dma, std::uint32_t entries)
      : memory(dma.Allocate(entries * sizeof(Descriptor))),
        descriptors(reinterpret_cast<Descriptor*>(memory.bytes().data())),
        buffers(std::make_unique<PacketBuffer*[]>(entries)),
        mask(entries - 1) {}

  std::uint64_t iova() const { return memory.iova(0); }
  std::uint32_t bytes() const { return (mask + 1) * std::uint32_t{sizeof(Descriptor)}; }

  DmaMemory memory;
  Descriptor* descriptors;
  std::unique_ptr<PacketBuffer*[]> buffers;
  std::uint32_t mask;
};

/// Every descriptor holds a buffer at any time; a received one is replaced from the pool. The
/// device owns the descriptors from RDH up to, not including, RDT (section 7.1.9).
template <TailRegister Tail>
class alignas(64) ReceiveQueue {  // no cache line in common with another thread's
 public:
  /// Takes `config.receive_descriptors` buffers from `pool`, which must have them. The tail is not
  /// written yet.
  ReceiveQueue(DmaSpace& dma, const DeviceConfig& config, MemoryPool& pool, Tail tail)
      : ring_(dma, config.receive_descriptors), pool_(&pool), tail_(tail) {
    std::ranges::copy(pool.Take(ring_.mask + 1), ring_.buffers.get());
    for (std::uint32_t i = 0; i <= ring_.mask; ++i)
      ring_.descriptors[i].Give(ring_.buffers[i]->iova);
  }

  const Ring& ring() const { return ring_; }

  /// Hands the whole ring, less the one descriptor that tells full from empty, to the device.
  void Start() const { tail_.Ring(ring_.mask, 0); }

  std::size_t Receive(std::span<PacketBuffer*> packets) {
    // Short of the ring's last descriptor; none (0 - 1) is not.
    if (packets.size() - 1 >= ring_.mask - next_ || !pool_->Has(packets.size()))
      return ReceiveInPieces(packets);
    return ReceivePiece(packets);
  }

  /// Gives all buffers back. The device must have stopped.
  void Clear() { pool_->Put({ring_.buffers.get(), ring_.mask + 1}); }

 private:
  // At least one packet, not beyond the ring's end, and the pool has as many buffers.
  std::size_t ReceivePiece(std::span<PacketBuffer*> packets) {
    Descriptor* const descriptors = ring_.descriptors + next_;
    PacketBuffer** const buffers = ring_.buffers.get() + next_;
    PacketBuffer* const* const fresh = pool_->top();
    for (std::size_t i = 0; i != packets.size(); ++i) {
      const std::uint64_t status = descriptors[i].Status();
      if ((status & kReceivedWhole) != kReceivedWhole) return PublishSome(i);
      PacketBuffer* const packet = buffers[i];
      PacketBuffer* const replacement = fresh[i];
      packet->size = ReceivedLength(status);
      packets[i] = packet;
      buffers[i] = replacement;
      descriptors[i].Give(replacement->iova);
    }
    return Publish(packets.size());
  }

  // next_ may be the ring's end now.
  std::size_t Publish(std::size_t received) {
    pool_->Take(received);
    next_ += static_cast<std::uint32_t>(received);
    return tail_.Ring(next_ - 1, received);
  }

  // Out of line, so that a full batch goes without a stack frame for it.
  [[gnu::noinline]] std::size_t PublishSome(std::size_t received) {
    if (received != 0) return Publish(received);
    if ((ring_.descriptors[next_].Status() & kReceivedWhole) == kReceiveDone)
      throw DeviceError("receive: a frame in several descriptors, though each takes the longest");
    return 0;
  }

  [[gnu::noinline]] std::size_t ReceiveInPieces(std::span<PacketBuffer*> packets) {
    for (std::size_t received = 0;;) {
      const std::size_t before_end = ring_.mask + 1 - next_;
      const std::size_t n = std::min({packets.size() - received, before_end, pool_->available()});
      if (n == 0) return received;
      const std::size_t got = ReceivePiece(packets.subspan(received, n));
      next_ &= ring_.mask;
      received += got;
      if (got < n) return received;
    }
  }

  Ring ring_;
  MemoryPool* pool_;
  Tail tail_;
  std::uint32_t next_ = 0;  // the first descriptor not yet received
};

/// The device owns the descriptors from TDH up to, not including, TDT. It reports completion at
/// every kCleanBatch-th descriptor only, and buffers are freed kCleanBatch at a time (the "clean
/// batch" of the ixy paper, section 5.4): by a Transmit that reaches a descriptor that reports, and
/// by one of no packets.
template <TailRegister Tail, std::uint32_t kCleanBatch = 32>
class alignas(64) TransmitQueue {  // no cache line in common with another thread's
 public:
  static_assert(std::has_single_bit(kCleanBatch));

  /// `config.transmit_descriptors` is at least 2 * kCleanBatch. One descriptor stays free: TDT =
  /// TDH is an empty ring.
  TransmitQueue(DmaSpace& dma, const DeviceConfig& config, Tail tail)
      : ring_(dma, config.transmit_descriptors), tail_(tail), longest_(config.max_frame_size) {}

  const Ring& ring() const { return ring_; }

  std::size_t Transmit(std::span<PacketBuffer* const> packets) {
    // Short of the descriptor that reports, all are free; none (0 - 1) is not.
    const std::size_t before_report = ~next_ % kCleanBatch;
    if (packets.size() - 1 >= before_report) return ReclaimAndTransmit(packets);
    Write(packets, 0, packets.size());
    next_ += static_cast<std::uint32_t>(packets.size());
    return tail_.Ring(next_, packets.size());
  }

  /// Frees what is in flight. The device must have stopped.
  void Clear() {
    for (; first_ != next_; first_ = (first_ + 1) & ring_.mask)
      MemoryPool::Free(ring_.buffers[first_]);
  }

 private:
  // Packets [sent, sent + n), to descriptors of one clean batch.
  void Write(std::span<PacketBuffer* const> packets, std::size_t sent, std::size_t n) {
    Descriptor* const descriptors = ring_.descriptors + next_;
    PacketBuffer** const buffers = ring_.buffers.get() + next_;
    for (std::size_t i = 0; i != n; ++i) {
      PacketBuffer* const packet = packets[sent + i];
      const std::uint64_t size = packet->size;
      if (size - 1 >= longest_) [[unlikely]]
        RefuseFrame(packets, sent + i, i);
      descriptors[i].Give(packet->iova, TransmitWord(size));
      buffers[i] = packet;
    }
  }

  [[gnu::noinline]] std::size_t ReclaimAndTransmit(std::span<PacketBuffer* const> packets) {
    Reclaim();
    const std::size_t room = ring_.mask - InFlight();
    const std::size_t end = std::min(packets.size(), room);
    for (std::size_t sent = 0; sent != end;) {
      const std::size_t batch = kCleanBatch - next_ % kCleanBatch;
      const std::size_t n = std::min(end - sent, batch);
      Write(packets, sent, n);
      sent += n;
      next_ += static_cast<std::uint32_t>(n);
      if (n == batch) ring_.descriptors[next_ - 1].high |= kReportStatus;
      next_ &= ring_.mask;
    }
    return tail_.Ring(next_, end);
  }

  std::uint32_t InFlight() const { return (next_ - first_) & ring_.mask; }

  void Reclaim() {
    while (InFlight() >= kCleanBatch &&
           (ring_.descriptors[first_ + kCleanBatch - 1].Status() & kTransmitDone) != 0) {
      MemoryPool::Free({ring_.buffers.get() + first_, kCleanBatch});
      first_ = (first_ + kCleanBatch) & ring_.mask;
    }
  }

  // `written`: descriptors from next_ on, for packets before this one.
  [[noreturn, gnu::noinline, gnu::cold]] void RefuseFrame(std::span<PacketBuffer* const> packets,
                                                          std::size_t bad, std::size_t written) {
    next_ += static_cast<std::uint32_t>(written);
    tail_.Ring(next_, written);
    throw FrameError("transmit: frame " + std::to_string(bad + 1) + " of " +
                         std::to_string(packets.size()) + " has " +
                         std::to_string(packets[bad]->size) + " bytes, 1 to " +
                         std::to_string(longest_) + " are possible",
                     bad);
  }

  Ring ring_;
  Tail tail_;
  std::uint64_t longest_;
  std::uint32_t next_ = 0;   // the next descriptor to write
  std::uint32_t first_ = 0;  // the oldest in flight, where a clean batch begins
};

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_QUEUE_H_
