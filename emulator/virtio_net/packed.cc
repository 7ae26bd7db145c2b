// Packed virtqueues (virtio 1.2, 2.8): one ring, in which used descriptors take the place of
// available ones, and two small areas that say which events are wanted.
#include <atomic>
#include <cstring>

#include "emulator/virtio_net/virtqueue.h"

namespace ixylab::emulator::virtio_net {
namespace {

constexpr std::uint64_t kFlags = 14;  // of a descriptor
// struct pvirtq_event_suppress: desc, flags
constexpr std::uint64_t kEventPlace = 0, kEventFlags = 2;
constexpr std::uint16_t RING_EVENT_FLAGS_DISABLE = 1, RING_EVENT_FLAGS_DESC = 2;

/// The head of a struct pvirtq_desc: all but its flags.
struct PackedDescriptor {
  std::uint64_t address;
  std::uint32_t length;
  std::uint16_t id;
};
constexpr std::size_t kHeadBytes = 14;

PackedDescriptor LoadHead(const std::byte* memory) {
  PackedDescriptor descriptor{};
  std::memcpy(&descriptor, memory, kHeadBytes);
  return descriptor;
}

std::atomic_ref<std::uint16_t> Flags(std::byte* memory) {
  return std::atomic_ref(*reinterpret_cast<std::uint16_t*>(memory + kFlags));
}

/// 2.8.1: available where AVAIL is the wrap counter and USED is not.
bool IsAvailable(std::uint16_t flags, bool wrap) {
  return ((flags & VIRTQ_DESC_F_AVAIL) != 0) == wrap && ((flags & VIRTQ_DESC_F_USED) != 0) != wrap;
}

}  // namespace

bool Virtqueue::PackedAvailable() {
  std::byte* const memory = At(descriptors_, next_ * kDescriptorSize, kDescriptorSize);
  return memory != nullptr && IsAvailable(Flags(memory).load(std::memory_order_acquire), wrap_);
}

Virtqueue::Result Virtqueue::NextPacked(Chain& chain, Segments& segments) {
  for (;; ++chain.descriptors) {
    const unsigned index = next_;
    if (chain.descriptors == setup_.size) [[unlikely]]
      return Break(index, "a chain longer than the ring");
    const std::uint64_t offset = index * kDescriptorSize;
    std::byte* const memory = At(descriptors_, offset, kDescriptorSize);
    if (memory == nullptr) [[unlikely]] {
      return Unmapped(descriptors_, offset, kDescriptorSize, false,
                      "descriptor " + std::to_string(index));
    }
    const std::uint16_t flags = Flags(memory).load(std::memory_order_acquire);
    // 2.8.6: the driver makes the first one available last.
    if (!IsAvailable(flags, wrap_)) {
      if (chain.descriptors == 0) [[likely]]
        return Result::kEmpty;
      return Break(index, "is not available, but continues a chain");
    }
    Trace(Dma::Access::kRead, descriptors_, offset, kDescriptorSize);
    const PackedDescriptor head = LoadHead(memory);
    const Descriptor descriptor = {head.address, head.length, flags, head.id};
    if ((flags & VIRTQ_DESC_F_INDIRECT) != 0) [[unlikely]] {
      if (chain.descriptors != 0) return Break(index, "an indirect descriptor in a chain");
      if (!Indirect(chain, segments, descriptor, index)) return Result::kBroken;
    } else if (!Add(chain, segments, descriptor, index)) [[unlikely]] {
      return Result::kBroken;
    }
    if (++next_ == setup_.size) {
      next_ = 0;
      wrap_ = !wrap_;
    }
    if ((flags & VIRTQ_DESC_F_NEXT) == 0) {
      ++chain.descriptors;
      chain.id = head.id;
      return Result::kChain;
    }
  }
}

/// 2.8.7: one after the other, and no flag but WRITE counts.
bool Virtqueue::IndirectPacked(Chain& chain, Segments& segments, const Part& table,
                               unsigned index) {
  for (std::uint64_t offset = 0; offset < table.size; offset += kDescriptorSize) {
    const std::byte* const memory = At(table, offset, kDescriptorSize);
    if (memory == nullptr) {
      return Unmapped(table, offset, kDescriptorSize, false,
                      "descriptor " + std::to_string(index) + ": indirect table"),
             false;
    }
    Trace(Dma::Access::kRead, table, offset, kDescriptorSize);
    const PackedDescriptor head = LoadHead(memory);
    std::uint16_t flags = 0;
    std::memcpy(&flags, memory + kFlags, sizeof flags);
    if (!Add(chain, segments, {head.address, head.length, flags, head.id}, index)) return false;
  }
  return true;
}

/// The flags of the first used descriptor since the last Publish are held back: a driver looks at
/// one after the other, and so sees all or none. Those of a request's first one come after those of
/// its others (2.8.9).
void Virtqueue::GivePacked(std::span<const Used> chains) {
  const auto write = [this](const Used& used, std::uint16_t at, bool wrap, bool hold) {
    const std::uint64_t offset = at * kDescriptorSize;
    std::byte* const memory = At(descriptors_, offset, kDescriptorSize);
    if (memory == nullptr) [[unlikely]] {
      Unmapped(descriptors_, offset, kDescriptorSize, true, "descriptor " + std::to_string(at));
      return;
    }
    std::memcpy(memory + 8, &used.written, sizeof used.written);
    std::memcpy(memory + 12, &used.id, sizeof used.id);
    const auto flags =
        static_cast<std::uint16_t>((wrap ? VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED : 0) |
                                   (used.written != 0 ? VIRTQ_DESC_F_WRITE : 0));
    if (hold) {
      held_flags_ = flags;
      held_at_ = at;
    } else {
      Flags(memory).store(flags, std::memory_order_release);
      Trace(Dma::Access::kWrite, descriptors_, offset, kDescriptorSize);
    }
  };
  const std::uint16_t first_at = used_;
  const bool first_wrap = used_wrap_;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    if (i != 0) write(chains[i], used_, used_wrap_, false);
    used_ = static_cast<std::uint16_t>(used_ + chains[i].descriptors);
    if (used_ >= setup_.size) {
      used_ = static_cast<std::uint16_t>(used_ - setup_.size);
      used_wrap_ = !used_wrap_;
    }
  }
  write(chains[0], first_at, first_wrap, given_ == 0);
  given_ = static_cast<std::uint16_t>(given_ + chains.size());
}

bool Virtqueue::PublishPacked() {
  given_ = 0;
  const std::uint16_t before = std::exchange(told_, used_);
  const std::uint64_t offset = held_at_ * kDescriptorSize;
  std::byte* const memory = At(descriptors_, offset, kDescriptorSize);
  if (memory == nullptr) {
    Unmapped(descriptors_, offset, kDescriptorSize, true, "descriptor " + std::to_string(held_at_));
    return false;
  }
  // An exchange, so that the look at the driver's wish does not come first.
  Flags(memory).exchange(held_flags_, std::memory_order_seq_cst);
  Trace(Dma::Access::kWrite, descriptors_, offset, kDescriptorSize);

  const std::uint16_t flags = LoadEvent(driver_, kEventFlags) & 3;
  if (flags == RING_EVENT_FLAGS_DISABLE) return false;
  if (flags != RING_EVENT_FLAGS_DESC || !setup_.event_idx) return true;
  const std::uint16_t place = LoadEvent(driver_, kEventPlace);
  // 2.8.10: the place is in this round through the ring, or in the one before it.
  auto event = static_cast<std::uint16_t>(place & 0x7FFF);
  if ((place >> 15 != 0) != used_wrap_) event = static_cast<std::uint16_t>(event - setup_.size);
  const auto from = before < used_ ? before : static_cast<std::uint16_t>(before - setup_.size);
  return Passed(event, used_, from);
}

}  // namespace ixylab::emulator::virtio_net
