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
  std::uint32_t bytes() const { return (mask + 1) * sizeof(Descriptor); }

  DmaMemory memory;
  Descriptor* descriptors;
  std::unique_ptr<PacketBuffer*[]> buffers;
  std::uint32_t mask;
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
  void Start() const { tail_.Ring(ring_.mask); }

  std::size_t Receive(std::span<PacketBuffer*> packets) {
    const std::size_t limit = std::min(packets.size(), pool_->available());
    // As many from the top of the pool's stack; the ones not needed are not taken after all.
    PacketBuffer* const* const fresh = pool_->top();
    Descriptor* const descriptors = ring_.descriptors;
    PacketBuffer** const buffers = ring_.buffers.get();
    const std::uint32_t mask = ring_.mask;
    std::uint32_t next = next_;
    std::size_t received = 0;
    while (received < limit) {
      Descriptor& descriptor = descriptors[next];
      const std::uint64_t status = descriptor.Status();
      if ((status & kReceiveDone) == 0) break;
      if ((status & kReceiveEndOfPacket) == 0) [[unlikely]] {
        if (!SkipFragments(next)) break;
        continue;
      }
      PacketBuffer* const packet = buffers[next];
      PacketBuffer* const replacement = fresh[-1 - static_cast<std::ptrdiff_t>(received)];
      packet->size = ReceivedLength(status);
      packets[received++] = packet;
      buffers[next] = replacement;
      descriptor.low = replacement->iova;
      descriptor.high = 0;
      next = (next + 1) & mask;
    }
    if (next != next_) {
      pool_->Take(received);
      next_ = next;
      tail_.Ring((next - 1) & mask);
    }
    return received;
  }

  /// Gives all buffers back. The device must have stopped.
  void Clear() { pool_->Put({ring_.buffers.get(), ring_.mask + std::size_t{1}}); }

 private:
  // A frame in several descriptors is one that we did not configure: its buffers go back to the
  // device. False, and nothing is done, while its last descriptor is not there yet.
  bool SkipFragments(std::uint32_t& next) {
    std::uint32_t last = next;
    for (;; last = (last + 1) & ring_.mask) {
      const std::uint64_t status = ring_.descriptors[last].Status();
      if ((status & kReceiveDone) == 0) return false;
      if ((status & kReceiveEndOfPacket) != 0) break;
    }
    const std::uint32_t end = (last + 1) & ring_.mask;
    for (; next != end; next = (next + 1) & ring_.mask) {
      ring_.descriptors[next] = {.low = ring_.buffers[next]->iova, .high = 0};
    }
    return true;
  }

  Ring ring_;
  MemoryPool* pool_;
  Tail tail_;
  std::uint32_t next_ = 0;  // the first descriptor not yet received
};

/// The device owns the descriptors from TDH up to, not including, TDT. It reports completion at
/// every kCleanBatch-th descriptor only, and buffers are freed kCleanBatch at a time (the "clean
/// batch" of the ixy paper, section 5.4).
template <TailRegister Tail, std::uint32_t kCleanBatch = 32>
class TransmitQueue {
 public:
  static_assert(std::has_single_bit(kCleanBatch));

  /// `entries` is at least 2 * kCleanBatch.
  TransmitQueue(DmaSpace& dma, std::uint32_t entries, std::uint32_t max_frame_size, Tail tail)
      : ring_(dma, entries), tail_(tail), max_frame_size_(max_frame_size) {}
  TransmitQueue(TransmitQueue&&) = default;

  const Ring& ring() const { return ring_; }

  std::size_t Transmit(std::span<PacketBuffer* const> packets) {
    Reclaim();
    const std::uint32_t mask = ring_.mask;
    // One descriptor stays free: TDT = TDH means an empty ring.
    const std::size_t room = mask - ((next_ - clean_) & mask);
    const std::size_t limit = std::min(packets.size(), room);
    Descriptor* const descriptors = ring_.descriptors;
    PacketBuffer** const buffers = ring_.buffers.get();
    const std::uint32_t first = next_;
    std::uint32_t next = first;
    std::uintptr_t strange = 0;
    std::size_t sent = 0;
    for (; sent < limit; ++sent) {
      PacketBuffer* const packet = packets[sent];
      if (packet->size - 1 >= max_frame_size_) [[unlikely]]
        break;
      strange |= reinterpret_cast<std::uintptr_t>(packet->pool) ^ home_;
      descriptors[next] = {.low = packet->iova, .high = TransmitWord(packet->size)};
      buffers[next] = packet;
      next = (next + 1) & mask;
    }
    if (sent != 0) {
      // The last descriptor of each clean batch reports for all of it.
      for (std::size_t i = ~first & (kCleanBatch - 1); i < sent; i += kCleanBatch) {
        descriptors[(first + i) & mask].high |= kReportStatus;
      }
      if (strange != 0) [[unlikely]]
        LearnPools(packets.first(sent));
      next_ = next;
      tail_.Ring(next);
    }
    if (sent < limit) [[unlikely]]
      RefuseFrame(packets, sent);
    return sent;
  }

  /// Frees what is in flight. The device must have stopped.
  void Clear() {
    for (; clean_ != next_; clean_ = (clean_ + 1) & ring_.mask) {
      MemoryPool::Free(ring_.buffers[clean_]);
    }
  }

 private:
  void Reclaim() {
    while (((next_ - clean_) & ring_.mask) >= kCleanBatch) {
      // clean_ is a multiple of kCleanBatch, so that a batch does not wrap.
      const std::uint32_t last = clean_ + kCleanBatch - 1;
      if ((ring_.descriptors[last].Status() & kTransmitDone) == 0) return;
      const std::span<PacketBuffer* const> batch(ring_.buffers.get() + clean_, kCleanBatch);
      if (one_pool_) [[likely]] {
        reinterpret_cast<MemoryPool*>(home_)->Put(batch);
      } else {
        MemoryPool::Free(batch);
      }
      clean_ = (last + 1) & ring_.mask;
    }
  }

  // The first batch says which pool is the usual one; a buffer of another one ends the short cut.
  void LearnPools(std::span<PacketBuffer* const> packets) {
    if (home_ == 0) home_ = reinterpret_cast<std::uintptr_t>(packets.front()->pool);
    const auto is_home = [this](PacketBuffer* packet) {
      return reinterpret_cast<std::uintptr_t>(packet->pool) == home_;
    };
    one_pool_ = one_pool_ && std::ranges::all_of(packets, is_home);
  }

  [[noreturn]] void RefuseFrame(std::span<PacketBuffer* const> packets, std::size_t sent) const {
    throw FrameError("transmit: frame " + std::to_string(sent + 1) + " of " +
                         std::to_string(packets.size()) + " has " +
                         std::to_string(packets[sent]->size) + " bytes, 1 to " +
                         std::to_string(max_frame_size_) + " are possible",
                     sent);
  }

  Ring ring_;
  Tail tail_;
  std::uint32_t max_frame_size_;
  std::uint32_t next_ = 0;   // the next descriptor to write
  std::uint32_t clean_ = 0;  // the first one whose buffer is not freed
  std::uintptr_t home_ = 0;  // the MemoryPool of the first buffer sent
  bool one_pool_ = true;     // all buffers so far were of that pool
};

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_QUEUE_H_
