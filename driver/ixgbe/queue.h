// The hot path: a receive ring and a transmit ring of the 82599.
//
// Both are templates of the tail register alone, so that what the seam costs can be measured
// against a bare pointer in its place. Rings are powers of two, indices count modulo the ring.
#ifndef DRIVER_IXGBE_QUEUE_H_
#define DRIVER_IXGBE_QUEUE_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "driver/bus.h"
#include "driver/device.h"
#include "driver/ixgbe/descriptor.h"
#include "driver/memory_pool.h"

namespace ixylab::ixgbe {

/// What both directions have: descriptors that the device sees, and the buffer behind each.
struct Ring {
  Ring(DmaSpace& dma, std::uint32_t entries)
      : memory(dma.Allocate(entries * sizeof(Descriptor))),
        descriptors(reinterpret_cast<Descriptor*>(memory.bytes().data())),
        buffers(std::make_unique<PacketBuffer*[]>(entries)),
        mask(entries - 1) {}

  std::uint64_t iova() const { return memory.iova(0); }
  std::uint32_t bytes() const {
    return static_cast<std::uint32_t>((mask + 1) * sizeof(Descriptor));
  }

  DmaMemory memory;
  Descriptor* descriptors;
  std::unique_ptr<PacketBuffer*[]> buffers;
  std::size_t mask;
};

/// Every descriptor holds a buffer at any time; a received one is replaced from the pool. The
/// device owns the descriptors from RDH up to, not including, RDT (section 7.1.9).
template <TailRegister Tail>
class ReceiveQueue {
 public:
  /// Takes `entries` buffers from `pool`, which must have them. The tail is not written yet.
  ReceiveQueue(DmaSpace& dma, std::uint32_t entries, MemoryPool& pool, Tail tail)
      : ring_(dma, entries), pool_(&pool), tail_(tail) {
    std::ranges::copy(pool.Take(entries), ring_.buffers.get());
    for (std::uint32_t i = 0; i < entries; ++i) {
      ring_.descriptors[i] = {.low = ring_.buffers[i]->iova, .high = 0};
    }
  }
  ReceiveQueue(ReceiveQueue&&) = default;

  const Ring& ring() const { return ring_; }

  /// Hands the whole ring, less the one descriptor that tells full from empty, to the device.
  void Start() const { tail_.Ring(static_cast<std::uint32_t>(ring_.mask), 0); }

  std::size_t Receive(std::span<PacketBuffer*> packets) {
    const std::size_t limit = std::min(packets.size(), pool_->available());
    PacketBuffer* const* fresh = pool_->top();
    Descriptor* const descriptors = ring_.descriptors;
    PacketBuffer** const buffers = ring_.buffers.get();
    const std::size_t mask = ring_.mask;
    std::size_t next = next_;
    PacketBuffer** out = packets.data();
    PacketBuffer** const end = out + limit;
    for (; out != end; ++out) {
      Descriptor& descriptor = descriptors[next];
      const std::uint64_t status = descriptor.Status();
      if ((status & kReceivedWhole) != kReceivedWhole) break;
      PacketBuffer* const packet = buffers[next];
      PacketBuffer* const replacement = *--fresh;
      packet->size = ReceivedLength(status);
      *out = packet;
      buffers[next] = replacement;
      descriptor.low = replacement->iova;
      descriptor.high = 0;
      next = (next + 1) & mask;
    }
    const auto received = static_cast<std::size_t>(out - packets.data());
    if (received == 0) return SkipFragments();
    pool_->Take(received);
    return Publish(next, received);
  }

  /// Gives all buffers back. The device must have stopped.
  void Clear() { pool_->Put({ring_.buffers.get(), ring_.mask + 1}); }

 private:
  // A frame in several descriptors is one that we did not configure, and Receive stops at it: its
  // buffers go back to the device once all of it is there. Returns how many frames were received:
  // 0.
  [[gnu::noinline]] std::size_t SkipFragments() {
    std::size_t last = next_;
    for (;; last = (last + 1) & ring_.mask) {
      const std::uint64_t status = ring_.descriptors[last].Status();
      if ((status & kReceiveDone) == 0) return 0;
      if ((status & kReceiveEndOfPacket) != 0) break;
    }
    if (last == next_) return 0;
    const std::size_t end = (last + 1) & ring_.mask;
    for (std::size_t i = next_; i != end; i = (i + 1) & ring_.mask) {
      ring_.descriptors[i] = {.low = ring_.buffers[i]->iova, .high = 0};
    }
    return Publish(end, 0);
  }

  std::size_t Publish(std::size_t next, std::size_t received) {
    next_ = next;
    return tail_.Ring(static_cast<std::uint32_t>((next - 1) & ring_.mask), received);
  }

  Ring ring_;
  MemoryPool* pool_;
  Tail tail_;
  std::size_t next_ = 0;  // the first descriptor not yet received
};

/// The device owns the descriptors from TDH up to, not including, TDT. It reports completion at
/// every kCleanBatch-th descriptor only, and buffers are freed kCleanBatch at a time (the "clean
/// batch" of the ixy paper, section 5.4).
template <TailRegister Tail, std::uint32_t kCleanBatch = 32>
class TransmitQueue {
 public:
  static_assert(std::has_single_bit(kCleanBatch));

  /// `entries` is at least 2 * kCleanBatch. One descriptor stays free: TDT = TDH is an empty ring.
  TransmitQueue(DmaSpace& dma, std::uint32_t entries, std::uint32_t max_frame_size, Tail tail)
      : ring_(dma, entries), tail_(tail), max_frame_size_(max_frame_size), room_(entries - 1) {}

  TransmitQueue(TransmitQueue&&) = default;

  const Ring& ring() const { return ring_; }

  std::size_t Transmit(std::span<PacketBuffer* const> packets) {
    if (ring_.descriptors[report_].TransmitIsDone()) return ReclaimAndTransmit(packets);
    Descriptor* const descriptors = ring_.descriptors;
    PacketBuffer** const buffers = ring_.buffers.get();
    const std::size_t mask = ring_.mask;
    std::size_t next = next_;
    PacketBuffer* const* in = packets.data();
    PacketBuffer* const* const end = in + std::min(packets.size(), room_);
    for (; in != end; ++in) {
      PacketBuffer* const packet = *in;
      const std::uint64_t size = packet->size;
      if (size - 1 >= max_frame_size_) [[unlikely]]
        return RefuseFrame(packets, in, next);
      descriptors[next].low = packet->iova;
      descriptors[next].high = TransmitWord(size);
      buffers[next] = packet;
      next = (next + 1) & mask;
    }
    return Publish(next, static_cast<std::size_t>(in - packets.data()));
  }

  /// Frees what is in flight. The device must have stopped.
  void Clear() {
    for (; room_ < ring_.mask; ++room_) {
      next_ = (next_ - 1) & ring_.mask;
      MemoryPool::Free(ring_.buffers[next_]);
    }
  }

 private:
  std::size_t Publish(std::size_t next, std::size_t sent) {
    // The last descriptor of each clean batch reports for all of it.
    for (std::size_t i = ~next_ & (kCleanBatch - 1); i < sent; i += kCleanBatch) {
      ring_.descriptors[(next_ + i) & ring_.mask].high |= kReportStatus;
    }
    room_ -= sent;
    next_ = next;
    return tail_.Ring(static_cast<std::uint32_t>(next), sent);
  }

  // DD is cleared, so that it is not found again when the ring has gone round.
  [[gnu::noinline]] std::size_t ReclaimAndTransmit(std::span<PacketBuffer* const> packets) {
    do {
      ring_.descriptors[report_].high = 0;
      const std::size_t first = report_ - (kCleanBatch - 1);
      MemoryPool::Free({ring_.buffers.get() + first, kCleanBatch});
      room_ += kCleanBatch;
      report_ = (report_ + kCleanBatch) & ring_.mask;
    } while (ring_.descriptors[report_].TransmitIsDone());
    return Transmit(packets);
  }

  [[gnu::noinline, gnu::cold]] std::size_t RefuseFrame(std::span<PacketBuffer* const> packets,
                                                       PacketBuffer* const* bad, std::size_t next) {
    const auto sent = static_cast<std::size_t>(bad - packets.data());
    Publish(next, sent);
    throw FrameError("transmit: frame " + std::to_string(sent + 1) + " of " +
                         std::to_string(packets.size()) + " has " + std::to_string((*bad)->size) +
                         " bytes, 1 to " + std::to_string(max_frame_size_) + " are possible",
                     sent);
  }

  Ring ring_;
  Tail tail_;
  std::uint64_t max_frame_size_;
  std::size_t next_ = 0;                  // the next descriptor to write
  std::size_t room_;                      // descriptors free to write
  std::size_t report_ = kCleanBatch - 1;  // the next one that will have DD
};

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_QUEUE_H_
