// A virtqueue from the device's side (virtio 1.2, 2.6): chains of descriptors come out of what the
// driver made available, and go back as used. Split (2.7) and packed (2.8) rings behind one face.
//
// What lies in the rings is the driver's, who may be hostile: indices and addresses are checked
// before they are used, and whatever no driver may do breaks the queue, with a line that says why.
#ifndef EMULATOR_VIRTIO_NET_VIRTQUEUE_H_
#define EMULATOR_VIRTIO_NET_VIRTQUEUE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "emulator/dma.h"

namespace ixylab::emulator::virtio_net {

/// A descriptor's buffer.
struct Segment {
  std::uint64_t iova;
  std::uint32_t size;  // not 0
};

/// The buffers of some chains, one after the other.
class Segments {
 public:
  static constexpr std::size_t kMostOfAChain = 1024;  // as QEMU, VIRTQUEUE_MAX_SIZE

  void Clear() { size_ = 0; }
  bool HasRoomForAChain() const { return size_ <= kMostOfAChain; }
  std::uint32_t size() const { return size_; }
  void Add(const Segment& segment) { segments_[size_++] = segment; }
  std::span<const Segment> From(std::uint32_t first, std::uint32_t count) const {
    return std::span(segments_).subspan(first, count);
  }

 private:
  std::uint32_t size_ = 0;
  std::array<Segment, 2 * kMostOfAChain> segments_;
};

/// What a driver made available at once: device-readable buffers first, then device-writable ones.
struct Chain {
  std::uint16_t id = 0;           // its first descriptor; of a packed ring the buffer id
  std::uint16_t descriptors = 0;  // places in the ring, of a packed one
  std::uint32_t first = 0;        // of its segments
  std::uint16_t readable = 0;     // segments
  std::uint16_t writable = 0;
  std::uint64_t readable_bytes = 0;
  std::uint64_t writable_bytes = 0;
};

/// A chain that goes back, with how many bytes were written to it.
struct Used {
  std::uint16_t id = 0;
  std::uint16_t descriptors = 0;
  std::uint32_t written = 0;
};

/// What the driver says about a queue before it enables it.
struct QueueSetup {
  std::uint16_t size = 0;         // descriptors
  std::uint64_t descriptors = 0;  // device addresses: Descriptor Area,
  std::uint64_t driver = 0;       // Driver Area (available ring, or event suppression),
  std::uint64_t device = 0;       // Device Area (used ring, or event suppression)
  bool packed = false;
  bool event_idx = false;
  bool indirect = false;
  bool notify_on_empty = false;
};

class Virtqueue {
 public:
  /// `name` as the specification has it: "receiveq1", "transmitq1", "controlq".
  Virtqueue(Dma& dma, std::string name) : dma_(dma), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  bool running() const { return running_; }
  /// Why Start or Next broke the queue, with its name and a descriptor.
  const std::string& error() const { return error_; }

  /// False where the areas are not aligned as they must be (2.7, 2.8.10).
  bool Start(const QueueSetup& setup);
  void Stop() { running_ = false; }

  enum class Result : std::uint8_t { kChain, kEmpty, kBroken };
  /// Takes the next available chain; its buffers go to `segments`, which must have room for one.
  Result Next(Chain& chain, Segments& segments) {
    if (epoch_ != dma_.Epoch()) [[unlikely]]
      Locate();
    if (at_hand_ &&
        (setup_.packed ? TakeOnePacked(chain, segments) : TakeOneSplit(chain, segments)))
      return Result::kChain;
    return NextSlowly(chain, segments);
  }
  /// Where Next is. Nothing may be given back between the two calls.
  struct Position {
    std::uint16_t next;
    bool wrap;
  };
  Position position() const { return {next_, wrap_}; }
  void Rewind(Position position) { next_ = position.next, wrap_ = position.wrap; }

  /// Gives the chains of one request back, in the order in which they were taken (2.7.8, 2.8.9).
  /// The driver sees them with Publish.
  void Give(std::span<const Used> chains);
  /// True if the driver wants to be told (2.7.7, 2.8.10), which it is not without a Give before.
  bool Publish();

  /// Whether the driver is to notify of the next chain that it makes available (2.7.10). After
  /// switching it on, HasAvailable tells of chains that came without one.
  void WantNotifications(bool want);
  bool HasAvailable();

 private:
  // virtqueue.cc
  struct Part {
    std::uint64_t iova = 0;
    std::uint64_t size = 0;
    std::byte* memory = nullptr;  // where all of it is in one window
  };
  /// A descriptor of either format, with the flags in the same bits.
  struct Descriptor {
    std::uint64_t address;
    std::uint32_t length;
    std::uint16_t flags;
    std::uint16_t next_or_id;
  };
  void Locate();
  Result NextSlowly(Chain& chain, Segments& segments);
  std::byte* At(const Part& part, std::uint64_t offset, std::uint64_t size) {
    return part.memory != nullptr ? part.memory + offset : dma_.Find(part.iova + offset, size);
  }
  template <typename T>
  T* Word(const Part& part, std::uint64_t offset) {
    return reinterpret_cast<T*>(At(part, offset, sizeof(T)));
  }
  std::uint16_t LoadEvent(const Part& part, std::uint64_t offset);
  void StoreEvent(const Part& part, std::uint64_t offset, std::uint16_t value);
  Result Break(unsigned descriptor, std::string_view why);
  Result Unmapped(const Part& part, std::uint64_t offset, std::uint64_t size, bool write,
                  std::string_view what);
  bool Add(Chain& chain, Segments& segments, const Descriptor& descriptor, unsigned index);
  bool Indirect(Chain& chain, Segments& segments, const Descriptor& descriptor, unsigned index);
  void Trace(Dma::Access access, const Part& part, std::uint64_t offset, std::uint64_t size) {
    if (dma_.tracing()) [[unlikely]]
      TraceAccess(access, part, offset, size);
  }
  void TraceAccess(Dma::Access access, const Part& part, std::uint64_t offset, std::uint64_t size);
  static Chain ChainOfOne(std::uint16_t id, std::uint16_t flags, const Segment& segment,
                          Segments& segments);

  // split.cc: 2.7
  bool TakeOneSplit(Chain& chain, Segments& segments);
  Result NextSplit(Chain& chain, Segments& segments);
  bool IndirectSplit(Chain& chain, Segments& segments, const Part& table, unsigned index);
  void GiveSplit(std::span<const Used> chains);
  bool PublishSplit();
  bool SplitWantsInterrupt(std::uint16_t before, std::uint16_t now);

  // packed.cc: 2.8
  bool TakeOnePacked(Chain& chain, Segments& segments);
  Result NextPacked(Chain& chain, Segments& segments);
  bool IndirectPacked(Chain& chain, Segments& segments, const Part& table, unsigned index);
  bool PackedAvailable();
  void GivePacked(std::span<const Used> chains);
  bool PublishPacked();

  Dma& dma_;
  const std::string name_;
  std::string error_;
  QueueSetup setup_;
  bool running_ = false;
  std::uint64_t epoch_ = 0;  // in which the parts were looked up
  bool at_hand_ = false;     // all of them in memory, and no trace: short ways are open
  Part descriptors_, driver_, device_;

  std::uint16_t next_ = 0;  // available: split, an index that wraps at 65536; packed, a place
  bool wrap_ = true;        // packed: the driver's ring wrap counter at `next_`
  std::uint16_t used_ = 0;  // where the next used one goes, likewise
  bool used_wrap_ = true;
  std::uint16_t given_ = 0;  // used elements since the last Publish

  std::uint16_t seen_available_ = 0;  // split: the available index, when it was last read
  std::uint16_t told_ = 0;            // used_ when it was last published
  bool told_valid_ = false;           // split: `told_` is what the driver's event is compared with
  std::uint16_t held_flags_ = 0;      // packed: of the first used descriptor since then
  std::uint16_t held_at_ = 0;
};

/// 2.7.7.2 and 2.8.10: whether, on the way of an index from `before` to `now`, the one after
/// `event` was passed; all of them wrap.
constexpr bool Passed(std::uint16_t event, std::uint16_t now, std::uint16_t before) {
  return static_cast<std::uint16_t>(now - event - 1) < static_cast<std::uint16_t>(now - before);
}

inline constexpr std::uint64_t kDescriptorSize = 16;
// Flags of a descriptor (2.7.5, 2.8.1)
inline constexpr std::uint16_t VIRTQ_DESC_F_NEXT = 1, VIRTQ_DESC_F_WRITE = 2,
                               VIRTQ_DESC_F_INDIRECT = 4, VIRTQ_DESC_F_AVAIL = 1 << 7,
                               VIRTQ_DESC_F_USED = 1 << 15;

/// struct virtq_desc (2.7.5)
struct SplitDescriptor {
  std::uint64_t address;
  std::uint32_t length;
  std::uint16_t flags;
  std::uint16_t next;
};
static_assert(sizeof(SplitDescriptor) == kDescriptorSize);

// --- The short way: a chain of one descriptor, neither indirect nor wrong, in rings at hand. What
// is not that is left to the long one. ---

inline Chain Virtqueue::ChainOfOne(std::uint16_t id, std::uint16_t flags, const Segment& segment,
                                   Segments& segments) {
  const bool write = (flags & VIRTQ_DESC_F_WRITE) != 0;
  const Chain chain = {.id = id,
                       .descriptors = 1,
                       .first = segments.size(),
                       .readable = !write,
                       .writable = write,
                       .readable_bytes = write ? 0 : segment.size,
                       .writable_bytes = write ? segment.size : 0};
  segments.Add(segment);
  return chain;
}

inline bool Virtqueue::TakeOneSplit(Chain& chain, Segments& segments) {
  if (next_ == seen_available_) return false;
  const unsigned mask = setup_.size - 1u;
  std::uint16_t head;
  std::memcpy(&head, driver_.memory + 4 + 2 * (next_ & mask), sizeof head);
  if (head > mask) [[unlikely]]
    return false;
  SplitDescriptor descriptor;
  std::memcpy(&descriptor, descriptors_.memory + head * kDescriptorSize, sizeof descriptor);
  if ((descriptor.flags & (VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_INDIRECT)) != 0 ||
      descriptor.length == 0) [[unlikely]] {
    return false;
  }
  ++next_;
  chain = ChainOfOne(head, descriptor.flags, {descriptor.address, descriptor.length}, segments);
  return true;
}

inline bool Virtqueue::TakeOnePacked(Chain& chain, Segments& segments) {
  std::byte* const memory = descriptors_.memory + next_ * kDescriptorSize;
  const std::uint16_t flags = std::atomic_ref(*reinterpret_cast<std::uint16_t*>(memory + 14))
                                  .load(std::memory_order_acquire);
  // 2.8.1: available where AVAIL is the wrap counter and USED is not.
  const std::uint16_t available = wrap_ ? VIRTQ_DESC_F_AVAIL : VIRTQ_DESC_F_USED;
  constexpr std::uint16_t kLooked =
      VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED | VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_INDIRECT;
  if ((flags & kLooked) != available) return false;
  Segment segment;
  std::uint16_t id;
  std::memcpy(&segment.iova, memory, sizeof segment.iova);
  std::memcpy(&segment.size, memory + 8, sizeof segment.size);
  std::memcpy(&id, memory + 12, sizeof id);
  if (segment.size == 0) [[unlikely]]
    return false;
  if (++next_ == setup_.size) {
    next_ = 0;
    wrap_ = !wrap_;
  }
  chain = ChainOfOne(id, flags, segment, segments);
  return true;
}

}  // namespace ixylab::emulator::virtio_net

#endif  // EMULATOR_VIRTIO_NET_VIRTQUEUE_H_
