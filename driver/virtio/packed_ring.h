// A packed virtqueue (virtio 1.2, 2.8): one ring of descriptors, which driver and device take turns
// to write.
//
// Positions count descriptors since the start, modulo 2^32: position p is descriptor p modulo the
// size, and its lap through the ring tells the wrap counter. All descriptors may be in use at once.
// A used descriptor keeps its id until the descriptor is written again, so the ring itself is the
// list of free ids: a device that uses buffers in order leaves each id where it is; one that does
// not is served as well.
#ifndef DRIVER_VIRTIO_PACKED_RING_H_
#define DRIVER_VIRTIO_PACKED_RING_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "driver/bus.h"
#include "driver/virtio/ring.h"
#include "driver/virtio/transport.h"

namespace ixylab::virtio {

/// 2.8.13.
struct PackedDescriptor {
  std::uint64_t address;
  std::uint32_t length;
  std::uint16_t id;
  std::uint16_t flags;

  /// Acquire: what the device wrote before is visible afterwards.
  std::uint16_t Flags() { return std::atomic_ref(flags).load(std::memory_order_acquire); }
  /// Release: the device sees the rest first.
  void Give(std::uint64_t iova, std::uint32_t bytes, std::uint16_t with_flags) {
    address = iova;
    length = bytes;
    std::atomic_ref(flags).store(with_flags, std::memory_order_release);
  }
};
static_assert(sizeof(PackedDescriptor) == 16);

/// 2.8.14.
struct EventSuppression {
  std::uint16_t descriptor;  // offset, and in bit 15 the wrap counter
  std::uint16_t flags;
};
static_assert(sizeof(EventSuppression) == 4);

class PackedRing {
 public:
  /// `options.buffers` is `options.entries`, and there is no separate header: that is for legacy
  /// devices, which have no packed rings.
  PackedRing(DmaSpace& dma, const RingOptions& options)
      : entries_(options.entries), receive_bytes_(options.receive_bytes) {
    // A cache line for each side's event suppression.
    const std::size_t driver_event = entries_ * sizeof(PackedDescriptor);
    const std::size_t device_event = driver_event + 64;
    extra_ = device_event + 64;
    memory_ = AllocateRing(dma, extra_ + kRingExtra);
    std::byte* const start = memory_.bytes().data();
    addresses_ = {memory_.iova(0), memory_.iova(driver_event), memory_.iova(device_event)};
    descriptors_ = reinterpret_cast<PackedDescriptor*>(start);
    device_event_ = reinterpret_cast<EventSuppression*>(start + device_event);
    // Interrupts: none (2.8.10), with EVENT_IDX too.
    reinterpret_cast<EventSuppression*>(start + driver_event)->flags = kEventDisable;
    for (std::uint32_t i = 0; i < entries_; ++i) {
      descriptors_[i].id = static_cast<std::uint16_t>(i);
    }
  }

  const QueueAddresses& addresses() const { return addresses_; }
  std::uint32_t entries() const { return entries_; }
  std::uint32_t capacity() const { return entries_; }
  std::span<std::byte> extra() const { return memory_.bytes().subspan(extra_, kRingExtra); }
  std::uint64_t extra_iova() const { return memory_.iova(extra_); }

  /// How many buffers from position `position` on the device has used: `limit` at most. The
  /// positions do not cross a multiple of capacity().
  std::uint32_t CountUsed(std::uint32_t position, std::uint32_t limit) const {
    constexpr std::uint16_t kBoth = kAvail | kUsed;
    const std::uint16_t used = FirstOfTwoLaps(position) ? kBoth : 0;
    PackedDescriptor* const descriptors = descriptors_ + Slot(position);
    std::uint32_t n = 0;
    while (n != limit && (descriptors[n].Flags() & kBoth) == used) ++n;
    return n;
  }

  // The hot path works on pieces, that do not cross a multiple of capacity().

  /// Used buffers from a position on.
  class UsedPiece {
   public:
    UsedPiece(const PackedRing& ring, std::uint32_t position)
        : descriptors_(ring.descriptors_ + ring.Slot(position)),
          mask_(ring.entries_ - 1),
          length_(ring.receive_bytes_),
          // Its turn comes one lap later.
          flags_(kDescriptorWrite | ring.Available(position + ring.entries_)) {}

    UsedBuffer operator[](std::size_t i) const {
      return {descriptors_[i].id & mask_, descriptors_[i].length};
    }
    /// The id is free for another buffer: it stays where it is.
    void Free(std::size_t, std::uint32_t) const {}
    /// The id is given back to the device, with the receive buffer at `iova`.
    void Replace(std::size_t i, std::uint32_t, std::uint64_t iova) const {
      descriptors_[i].Give(iova, length_, flags_);
    }

   private:
    PackedDescriptor* descriptors_;
    std::uint32_t mask_;
    std::uint32_t length_;
    std::uint16_t flags_;
  };

  /// Free ids from a position on.
  class FreePiece {
   public:
    FreePiece(const PackedRing& ring, std::uint32_t position)
        : descriptors_(ring.descriptors_ + ring.Slot(position)),
          mask_(ring.entries_ - 1),
          flags_(ring.Available(position)) {}

    std::uint32_t id(std::size_t i) const { return descriptors_[i].id & mask_; }
    void Offer(std::size_t i, std::uint32_t, std::uint64_t iova, std::uint32_t length) const {
      descriptors_[i].Give(iova, length, flags_);
    }

   private:
    PackedDescriptor* descriptors_;
    std::uint32_t mask_;
    std::uint16_t flags_;
  };

  UsedPiece UsedFrom(std::uint32_t position) const { return UsedPiece(*this, position); }
  FreePiece FreeFrom(std::uint32_t position) const { return FreePiece(*this, position); }

  /// Makes one request of several buffers available. Returns the position behind. One request at a
  /// time, on a ring that nothing else is on.
  std::uint32_t OfferChain(std::uint32_t position, std::span<const ChainElement> chain) {
    // The first descriptor comes last: then the device sees all (2.8.6).
    for (std::size_t i = chain.size(); i-- != 0;) {
      const std::uint32_t at = position + static_cast<std::uint32_t>(i);
      const bool last = i + 1 == chain.size();
      const unsigned flags =
          (chain[i].device_writes ? kDescriptorWrite : 0u) | (last ? 0u : kDescriptorNext);
      PackedDescriptor& descriptor = descriptors_[Slot(at)];
      descriptor.id = 0;
      descriptor.Give(chain[i].iova, chain[i].length,
                      static_cast<std::uint16_t>(flags | Available(at)));
    }
    return position + static_cast<std::uint32_t>(chain.size());
  }

  /// The device sees the descriptors from position `from` up to, not including, `to` already. True
  /// if it wants to be notified of them (2.8.21.3, 2.8.10).
  bool Publish(std::uint32_t from, std::uint32_t to) {
    // Full barrier: the device must see the descriptors before we look whether it sleeps. On x86
    // an exchange of any word is one.
    std::atomic_ref(barrier_).exchange(0, std::memory_order_seq_cst);
    const std::uint16_t flags =
        std::atomic_ref(device_event_->flags).load(std::memory_order_seq_cst) & kEventMask;
    // A device that polls has disabled notifications; so has QEMU for ever, once it was started
    // while its link was down (virtqueue_packed_drop_all). If it has used all that came before, it
    // may be asleep.
    if (flags == kEventDisable) return CountUsed(from - 1, 1) != 0;
    if (flags != kEventDescriptor) return true;
    const std::uint16_t event =
        std::atomic_ref(device_event_->descriptor).load(std::memory_order_acquire);
    // The descriptor's position in this lap, or if the wrap counter says so, in the one before.
    std::uint32_t position = to - Slot(to) + event % kEventWrap;
    if ((event >= kEventWrap) != FirstOfTwoLaps(to)) position -= entries_;
    return to - position - 1 < to - from;
  }

 private:
  static constexpr std::uint16_t kAvail = 1u << 7;  // VIRTQ_DESC_F_AVAIL
  static constexpr std::uint16_t kUsed = 1u << 15;  // VIRTQ_DESC_F_USED
  static constexpr std::uint16_t kEventWrap = 1u << 15;
  static constexpr std::uint16_t kEventMask = 3;
  static constexpr std::uint16_t kEventDisable = 1;     // RING_EVENT_FLAGS_DISABLE
  static constexpr std::uint16_t kEventDescriptor = 2;  // RING_EVENT_FLAGS_DESC

  std::uint32_t Slot(std::uint32_t position) const { return position & (entries_ - 1); }
  // Wrap counters begin with 1 and change with each lap (2.8.1).
  bool FirstOfTwoLaps(std::uint32_t position) const { return (position & entries_) == 0; }
  std::uint16_t Available(std::uint32_t position) const {
    return FirstOfTwoLaps(position) ? kAvail : kUsed;
  }

  std::uint32_t entries_;
  std::uint32_t receive_bytes_;
  PackedDescriptor* descriptors_;
  EventSuppression* device_event_;
  std::uint32_t barrier_ = 0;
  std::size_t extra_;
  QueueAddresses addresses_;
  DmaMemory memory_;
};

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_PACKED_RING_H_
