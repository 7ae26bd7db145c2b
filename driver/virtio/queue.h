// The hot path: a receive queue and a transmit queue, over split or packed rings.
//
// Both look once, in front of the loop, whether a batch stays clear of the places where more is to
// do (the ring's end, an empty pool, buffers to be freed); one that does not goes another way, in
// pieces.
#ifndef DRIVER_VIRTIO_QUEUE_H_
#define DRIVER_VIRTIO_QUEUE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "driver/bus.h"
#include "driver/device.h"
#include "driver/memory_pool.h"
#include "driver/virtio/ring.h"
#include "driver/virtio/transport.h"

namespace ixylab::virtio {

/// struct virtio_net_hdr in front of each frame (virtio 1.2, 5.1.6). It lies in the buffer's
/// headroom, right before the data, or in a descriptor of its own.
struct NetHeader {
  static constexpr std::uint32_t kBytes = 12;
  static constexpr std::uint32_t kBytesWithoutNumBuffers = 10;  // legacy, without MRG_RXBUF

  std::uint32_t bytes = kBytes;
  bool mergeable = true;  // num_buffers counts: VIRTIO_NET_F_MRG_RXBUF
  bool separate = false;  // legacy devices without VIRTIO_F_ANY_LAYOUT

  /// Bytes of it that are in front of the data in the same descriptor.
  std::uint32_t lead() const { return separate ? 0 : bytes; }
};
static_assert(sizeof(PacketBuffer::headroom) >= NetHeader::kBytes);

/// What one direction of a queue has moved.
struct QueueStatistics {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t errors = 0;
};

/// The device holds a buffer for each of `ring.capacity()` positions at any time, but for those
/// that are replaced and not yet published: fewer than kPublishBatch, or half of a small ring.
template <typename Ring>
class alignas(64) ReceiveQueue {  // no cache line in common with another thread's
 public:
  static constexpr std::uint32_t kPublishBatch = 32;

  ReceiveQueue(Ring ring, MemoryPool& pool, const NetHeader& header, Notifier notifier)
      : ring_(std::move(ring)),
        buffers_(std::make_unique<PacketBuffer*[]>(ring_.entries())),
        pool_(&pool),
        header_bytes_(header.bytes),
        lead_(header.lead()),
        merge_mask_(header.mergeable ? 0xFFFF : 0),
        publish_batch_(std::min(kPublishBatch, ring_.capacity() / 2)),
        notifier_(notifier) {}
  ReceiveQueue(ReceiveQueue&&) = default;

  /// Takes capacity() buffers from the pool, which must have them, and gives them to the device.
  void Start() {
    const auto ids = ring_.FreeFrom(0);
    const auto places = ring_.UsedFrom(0 - ring_.capacity());
    for (std::uint32_t i = 0; i < ring_.capacity(); ++i) {
      const std::uint32_t id = ids.id(i);
      buffers_[id] = pool_->Take(1).front();
      places.Replace(i, id, buffers_[id]->iova - lead_);
    }
    if (ring_.Publish(0, ring_.capacity())) notifier_.Ring();
  }

  std::size_t Receive(std::span<PacketBuffer*> packets) {
    if (packets.size() > BeforeEnd() || !pool_->Has(packets.size()) || fragments_ != 0)
      return ReceiveInPieces(packets);
    return ReceivePiece(packets);
  }

  QueueStatistics& statistics() { return statistics_; }

  /// Gives all buffers back. The device must have stopped.
  void Clear() {
    for (std::uint32_t id = 0; id < ring_.entries(); ++id) {
      if (buffers_[id] != nullptr) pool_->Put(std::exchange(buffers_[id], nullptr));
    }
  }

 private:
  std::uint32_t BeforeEnd() const { return ring_.capacity() - (next_ & (ring_.capacity() - 1)); }

  // Not beyond the ring's end, and the pool has as many buffers.
  std::size_t ReceivePiece(std::span<PacketBuffer*> packets) {
    const std::uint32_t count = ring_.CountUsed(next_, static_cast<std::uint32_t>(packets.size()));
    const auto used = ring_.UsedFrom(next_);
    PacketBuffer* const* const fresh = pool_->top();
    PacketBuffer** const buffers = buffers_.get();
    const std::uint32_t header_bytes = header_bytes_;
    const std::uint32_t lead = lead_;
    const std::uint16_t merge_mask = merge_mask_;
    std::uint64_t bytes = 0;
    std::uint32_t i = 0;
    for (; i != count; ++i) {
      const auto [id, length] = used[i];
      PacketBuffer* const packet = buffers[id];
      PacketBuffer* const replacement = fresh[i];
      const std::uint32_t size = length - header_bytes;
      const bool in_pieces = ((NumBuffers(*packet) ^ 1) & merge_mask) != 0;
      if (size - 1 >= PacketBuffer::kCapacity || in_pieces) [[unlikely]]
        break;
      packet->size = size;
      bytes += size;
      packets[i] = packet;
      buffers[id] = replacement;
      used.Replace(i, id, replacement->iova - lead);
    }
    if (i == 0) [[unlikely]]
      return count == 0 ? 0 : SkipFrame();
    pool_->Take(i);
    statistics_.packets += i;
    statistics_.bytes += bytes;
    Advance(i);
    return i;
  }

  void Advance(std::uint32_t count) {
    next_ += count;
    if (next_ - published_ < publish_batch_) return;
    const bool notify = ring_.Publish(published_ + ring_.capacity(), next_ + ring_.capacity());
    published_ = next_;
    if (notify) notifier_.Ring();
  }

  // num_buffers, a little-endian word at the end of the header.
  static std::uint16_t NumBuffers(const PacketBuffer& packet) {
    std::uint16_t number;
    std::memcpy(&number, packet.data() - sizeof number, sizeof number);
    return number;
  }

  [[gnu::noinline]] std::size_t ReceiveInPieces(std::span<PacketBuffer*> packets) {
    SkipFragments();
    for (std::size_t received = 0;;) {
      const std::size_t n =
          std::min<std::size_t>({packets.size() - received, BeforeEnd(), pool_->available()});
      if (n == 0 || fragments_ != 0) return received;
      const std::size_t got = ReceivePiece(packets.subspan(received, n));
      received += got;
      if (got < n) return received;
    }
  }

  // A frame over several buffers is longer than any that we could deliver, and one without a byte
  // is none: Receive stops there, and the buffers go back to the device. Returns how many frames
  // were received: 0.
  [[gnu::noinline]] std::size_t SkipFrame() {
    const PacketBuffer& packet = *buffers_[ring_.UsedFrom(next_)[0].id];
    ++statistics_.errors;
    fragments_ = merge_mask_ == 0 ? 1 : std::max<std::uint16_t>(NumBuffers(packet), 1);
    SkipFragments();
    return 0;
  }

  // The rest of it may be used only later.
  void SkipFragments() {
    for (; fragments_ != 0 && ring_.CountUsed(next_, 1) == 1; --fragments_) {
      const auto used = ring_.UsedFrom(next_);
      const std::uint32_t id = used[0].id;
      used.Replace(0, id, buffers_[id]->iova - lead_);
      Advance(1);
    }
  }

  Ring ring_;
  std::unique_ptr<PacketBuffer*[]> buffers_;  // by id
  MemoryPool* pool_;
  std::uint32_t header_bytes_;
  std::uint32_t lead_;
  std::uint16_t merge_mask_;
  std::uint16_t fragments_ = 0;  // buffers of a frame that is being skipped
  std::uint32_t publish_batch_;
  std::uint32_t next_ = 0;       // position of the first buffer not yet received
  std::uint32_t published_ = 0;  // positions before this one have been given to the device again
  Notifier notifier_;
  QueueStatistics statistics_;
};

/// Used buffers are freed by a Transmit that reaches a multiple of kCleanBatch positions (or the
/// end of what is known to be free), by one of no packets, and by Reclaim().
template <typename Ring>
class alignas(64) TransmitQueue {  // no cache line in common with another thread's
 public:
  static constexpr std::uint32_t kCleanBatch = 32;

  TransmitQueue(Ring ring, std::uint32_t max_frame_size, const NetHeader& header, Notifier notifier)
      : ring_(std::move(ring)),
        buffers_(std::make_unique<PacketBuffer*[]>(ring_.entries())),
        max_frame_size_(max_frame_size),
        lead_(header.lead()),
        clean_batch_(std::min(kCleanBatch, ring_.capacity())),
        notifier_(notifier) {}
  TransmitQueue(TransmitQueue&&) = default;

  std::size_t Transmit(std::span<PacketBuffer* const> packets) {
    // No packets (0 - 1) are not below.
    if (packets.size() - 1 >= until_ - next_) return ReclaimAndTransmit(packets);
    Write(packets, 0, packets.size());
    return Publish(packets.size());
  }

  /// Frees all that the device has used, and counts it.
  void Reclaim() {
    while (const std::uint32_t n = ring_.CountUsed(first_, FreedTogether())) {
      if (!Free(n)) return;
    }
  }

  QueueStatistics& statistics() { return statistics_; }

  /// Frees what is in flight. The device must have stopped.
  void Clear() {
    for (std::uint32_t id = 0; id < ring_.entries(); ++id) {
      if (buffers_[id] != nullptr) MemoryPool::Free(std::exchange(buffers_[id], nullptr));
    }
  }

 private:
  // Packets [sent, sent + n), to positions from next_ on that are free and of one clean batch.
  void Write(std::span<PacketBuffer* const> packets, std::size_t sent, std::size_t n) {
    const auto free = ring_.FreeFrom(next_);
    PacketBuffer** const buffers = buffers_.get();
    const std::uint32_t lead = lead_;
    const std::uint32_t max_frame_size = max_frame_size_;
    for (std::size_t i = 0; i != n; ++i) {
      PacketBuffer* const packet = packets[sent + i];
      const std::uint32_t size = packet->size;
      if (size - 1 >= max_frame_size) [[unlikely]]
        RefuseFrame(packets, sent + i, static_cast<std::uint32_t>(i));
      const std::uint32_t id = free.id(i);
      // The header: nothing to be done for this frame (5.1.6.2).
      std::memset(packet->data() - NetHeader::kBytes, 0, NetHeader::kBytes);
      buffers[id] = packet;
      free.Offer(i, id, packet->iova - lead, size + lead);
    }
    next_ += static_cast<std::uint32_t>(n);
  }

  std::size_t Publish(std::size_t result) {
    if (ring_.Publish(std::exchange(published_, next_), next_)) notifier_.Ring();
    return result;
  }

  [[gnu::noinline]] std::size_t ReclaimAndTransmit(std::span<PacketBuffer* const> packets) {
    Reclaim();
    const std::size_t end =
        std::min<std::size_t>(packets.size(), first_ + ring_.capacity() - next_);
    for (std::size_t sent = 0; sent != end;) {
      const std::size_t n = std::min<std::size_t>(end - sent, BeforeCleaning(next_));
      Write(packets, sent, n);
      sent += n;
    }
    const std::uint32_t room = first_ + ring_.capacity() - next_;
    until_ = next_ + std::min(room, BeforeCleaning(next_));
    return end == 0 ? 0 : Publish(end);
  }

  std::uint32_t BeforeCleaning(std::uint32_t position) const {
    return clean_batch_ - (position & (clean_batch_ - 1));
  }

  // Of those in flight, how many are looked at together: not beyond the end of a clean batch.
  std::uint32_t FreedTogether() const { return std::min(next_ - first_, BeforeCleaning(first_)); }

  // False if the device has used a buffer that it did not have. Then nothing is free any more: the
  // queue fills and stays so.
  bool Free(std::uint32_t n) {
    std::array<PacketBuffer*, kCleanBatch> done;
    const auto used = ring_.UsedFrom(first_);
    std::uint64_t bytes = 0;
    std::uint32_t i = 0;
    for (; i != n; ++i) {
      const std::uint32_t id = used[i].id;
      PacketBuffer* const packet = std::exchange(buffers_[id], nullptr);
      if (packet == nullptr) [[unlikely]]
        break;
      bytes += packet->size;
      used.Free(i, id);
      done[i] = packet;
    }
    MemoryPool::Free(std::span(done).first(i));
    first_ += i;
    statistics_.packets += i;
    statistics_.bytes += bytes;
    return i == n;
  }

  // `written`: positions from next_ on, for packets before this one.
  [[noreturn, gnu::noinline, gnu::cold]] void RefuseFrame(std::span<PacketBuffer* const> packets,
                                                          std::size_t bad, std::uint32_t written) {
    next_ += written;
    until_ = next_;
    if (next_ != published_) Publish(bad);
    throw FrameError("transmit: frame " + std::to_string(bad + 1) + " of " +
                         std::to_string(packets.size()) + " has " +
                         std::to_string(packets[bad]->size) + " bytes, 1 to " +
                         std::to_string(max_frame_size_) + " are possible",
                     bad);
  }

  Ring ring_;
  std::unique_ptr<PacketBuffer*[]> buffers_;  // by id; null where the device has none
  std::uint32_t max_frame_size_;
  std::uint32_t lead_;
  std::uint32_t clean_batch_;
  std::uint32_t next_ = 0;       // position of the next packet
  std::uint32_t published_ = 0;  // of the first that the device has not been told of
  std::uint32_t first_ = 0;      // of the first that is not freed
  std::uint32_t until_ = 0;      // before this one, packets go without a look at the ring
  Notifier notifier_;
  QueueStatistics statistics_;
};

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_QUEUE_H_
