// A split virtqueue (virtio 1.2, 2.7): descriptor table, available ring, used ring.
//
// Positions count buffers since the start, modulo 2^32: position p is entry p of the available or
// the used ring, modulo its size. A buffer's id is its (first) descriptor. The available ring
// doubles as the list of free ids: an id that comes back at position p of the used ring is entered
// where the buffer after the next `capacity` ones will find it. A device that uses buffers in order
// meets each id at the same place again; one that does not is served as well.
#ifndef DRIVER_VIRTIO_SPLIT_RING_H_
#define DRIVER_VIRTIO_SPLIT_RING_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "driver/bus.h"
#include "driver/virtio/ring.h"
#include "driver/virtio/transport.h"

namespace ixylab::virtio {

/// 2.7.5.
struct SplitDescriptor {
  std::uint64_t address;
  std::uint32_t length;
  std::uint16_t flags;
  std::uint16_t next;
};
static_assert(sizeof(SplitDescriptor) == 16);

/// 2.7.8.
struct UsedElement {
  std::uint32_t id;
  std::uint32_t length;
};
static_assert(sizeof(UsedElement) == 8);

class SplitRing {
 public:
  SplitRing(DmaSpace& dma, const RingOptions& options)
      : entries_(options.entries),
        shift_(options.separate_header ? 1 : 0),
        capacity_(std::min(options.buffers, options.entries >> shift_)),
        event_index_(options.event_index) {
    const std::size_t avail = entries_ * sizeof(SplitDescriptor);
    // 2.7.2: a legacy device finds the used ring at the next multiple of 4,096.
    const std::size_t used = AlignedUp(avail + 2 * (3 + entries_), 4096);
    const std::size_t extra = AlignedUp(used + 2 * 3 + sizeof(UsedElement) * entries_, 64);
    memory_ = AllocateRing(dma, extra + kRingExtra + kHeaderStride * shift_ * capacity_);
    std::byte* const start = memory_.bytes().data();
    addresses_ = {memory_.iova(0), memory_.iova(avail), memory_.iova(used)};
    extra_ = extra;
    descriptors_ = reinterpret_cast<SplitDescriptor*>(start);
    data_descriptors_ = descriptors_ + shift_;
    available_ = reinterpret_cast<std::uint16_t*>(start + avail) + 2;
    used_ = reinterpret_cast<UsedElement*>(start + used + 4);
    used_index_ = reinterpret_cast<std::uint16_t*>(start + used + 2);

    const std::uint16_t write = options.receive_bytes != 0 ? kDescriptorWrite : 0;
    for (std::uint32_t i = 0; i < capacity_; ++i) {
      const std::uint32_t id = i << shift_;
      available_[i] = static_cast<std::uint16_t>(id);
      if (options.separate_header) {
        descriptors_[id] = {memory_.iova(extra_ + kRingExtra + kHeaderStride * i),
                            options.separate_header,
                            static_cast<std::uint16_t>(write | kDescriptorNext),
                            static_cast<std::uint16_t>(id + 1)};
      }
      data_descriptors_[id] = {0, options.receive_bytes, write, 0};
    }
    if (!event_index_) available_flags() = kNoInterrupt;
  }

  const QueueAddresses& addresses() const { return addresses_; }
  /// Ids are below this.
  std::uint32_t entries() const { return entries_; }
  /// Buffers that the device may hold at a time: a power of two.
  std::uint32_t capacity() const { return capacity_; }
  /// Some bytes beside the ring, for whoever uses it.
  std::span<std::byte> extra() const { return memory_.bytes().subspan(extra_, kRingExtra); }
  std::uint64_t extra_iova() const { return memory_.iova(extra_); }

  /// How many buffers from position `position` on the device has used: `limit` at most.
  std::uint32_t CountUsed(std::uint32_t position, std::uint32_t limit) const {
    const std::uint16_t index = std::atomic_ref(*used_index_).load(std::memory_order_acquire);
    return std::min<std::uint32_t>(static_cast<std::uint16_t>(index - position), limit);
  }

  // The hot path works on pieces, that do not cross a multiple of capacity().

  /// Used buffers from a position on.
  class UsedPiece {
   public:
    UsedPiece(const SplitRing& ring, std::uint32_t position)
        : used_(ring.used_ + ring.Slot(position)),
          available_(ring.available_ + ring.Slot(position + ring.capacity_)),
          descriptors_(ring.data_descriptors_),
          mask_(ring.entries_ - 1 - ring.shift_) {}

    UsedBuffer operator[](std::size_t i) const { return {used_[i].id & mask_, used_[i].length}; }
    /// The id is free for another buffer.
    void Free(std::size_t i, std::uint32_t id) const {
      available_[i] = static_cast<std::uint16_t>(id);
    }
    /// The id is given back to the device, with the receive buffer at `iova`.
    void Replace(std::size_t i, std::uint32_t id, std::uint64_t iova) const {
      descriptors_[id].address = iova;
      available_[i] = static_cast<std::uint16_t>(id);
    }

   private:
    const UsedElement* used_;
    std::uint16_t* available_;
    SplitDescriptor* descriptors_;
    std::uint32_t mask_;
  };

  /// Free ids from a position on.
  class FreePiece {
   public:
    FreePiece(const SplitRing& ring, std::uint32_t position)
        : available_(ring.available_ + ring.Slot(position)), descriptors_(ring.data_descriptors_) {}

    std::uint32_t id(std::size_t i) const { return available_[i]; }
    void Offer(std::size_t, std::uint32_t id, std::uint64_t iova, std::uint32_t length) const {
      descriptors_[id].address = iova;
      descriptors_[id].length = length;
    }

   private:
    const std::uint16_t* available_;
    SplitDescriptor* descriptors_;
  };

  UsedPiece UsedFrom(std::uint32_t position) const { return UsedPiece(*this, position); }
  FreePiece FreeFrom(std::uint32_t position) const { return FreePiece(*this, position); }

  /// Makes one request of several buffers available; publish it then. Returns the position behind.
  /// One request at a time, on a ring that nothing else is on.
  std::uint32_t OfferChain(std::uint32_t position, std::span<const ChainElement> chain) {
    for (std::size_t i = 0; i < chain.size(); ++i) {
      const bool last = i + 1 == chain.size();
      const unsigned flags =
          (chain[i].device_writes ? kDescriptorWrite : 0u) | (last ? 0u : kDescriptorNext);
      descriptors_[i] = {chain[i].iova, chain[i].length, static_cast<std::uint16_t>(flags),
                         static_cast<std::uint16_t>(last ? 0 : i + 1)};
    }
    available_[Slot(position)] = 0;
    return position + 1;
  }

  /// Makes buffers from position `from` up to, not including, `to` visible to the device. True if
  /// it wants to be notified of that (2.7.13.4, 2.7.10).
  bool Publish(std::uint32_t from, std::uint32_t to) {
    // No interrupt, with EVENT_IDX: one is due at a position that is never reached before the next
    // time that we are here.
    std::atomic_ref(used_event())
        .store(static_cast<std::uint16_t>(to + 0x4000), std::memory_order_relaxed);
    // Sequentially consistent: the device must see the index before we look whether it sleeps, or
    // it may sleep while we believe that it does not.
    std::atomic_ref(available_index())
        .exchange(static_cast<std::uint16_t>(to), std::memory_order_seq_cst);
    if (event_index_) {
      const std::uint16_t event = std::atomic_ref(avail_event()).load(std::memory_order_seq_cst);
      return static_cast<std::uint16_t>(to - event - 1) < static_cast<std::uint16_t>(to - from);
    }
    return (std::atomic_ref(used_flags()).load(std::memory_order_seq_cst) & kNoNotify) == 0;
  }

 private:
  static constexpr std::uint16_t kNoInterrupt = 1;  // VIRTQ_AVAIL_F_NO_INTERRUPT
  static constexpr std::uint16_t kNoNotify = 1;     // VIRTQ_USED_F_NO_NOTIFY
  static constexpr std::uint32_t kHeaderStride = 16;

  std::uint32_t Slot(std::uint32_t position) const { return position & (entries_ - 1); }

  // Both rings begin with flags and index.
  std::uint16_t& available_flags() const { return available_[-2]; }
  std::uint16_t& available_index() const { return available_[-1]; }
  std::uint16_t& used_event() const { return available_[entries_]; }
  std::uint16_t& used_flags() const { return used_index_[-1]; }
  std::uint16_t& avail_event() const { return *reinterpret_cast<std::uint16_t*>(used_ + entries_); }

  std::uint32_t entries_;
  std::uint32_t shift_;  // 1: the header is a descriptor of its own in front of each buffer's
  std::uint32_t capacity_;
  bool event_index_;
  SplitDescriptor* descriptors_;
  SplitDescriptor* data_descriptors_;  // by id: those of the frames, behind separate headers
  std::uint16_t* available_;           // the ring
  std::uint16_t* used_index_;
  UsedElement* used_;
  std::size_t extra_;
  QueueAddresses addresses_;
  DmaMemory memory_;
};

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_SPLIT_RING_H_
