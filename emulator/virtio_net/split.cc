// Split virtqueues (virtio 1.2, 2.7): a descriptor table, an available and a used ring.
#include <atomic>
#include <cstring>

#include "emulator/virtio_net/virtqueue.h"

namespace ixylab::emulator::virtio_net {
namespace {

// struct virtq_avail and virtq_used: flags, idx, ring
constexpr std::uint64_t kFlags = 0, kIndex = 2, kRing = 4;
constexpr std::uint16_t VIRTQ_AVAIL_F_NO_INTERRUPT = 1;

/// struct virtq_used_elem
struct UsedElement {
  std::uint32_t id;
  std::uint32_t length;
};

SplitDescriptor Load(const std::byte* memory) {
  SplitDescriptor descriptor;
  std::memcpy(&descriptor, memory, sizeof descriptor);
  return descriptor;
}

}  // namespace

Virtqueue::Result Virtqueue::NextSplit(Chain& chain, Segments& segments) {
  const std::uint16_t size = setup_.size;
  if (next_ == seen_available_) {
    auto* const index = Word<std::uint16_t>(driver_, kIndex);
    if (index == nullptr) return Unmapped(driver_, kIndex, 2, false, "available ring");
    seen_available_ = std::atomic_ref(*index).load(std::memory_order_acquire);
    if (next_ == seen_available_) return Result::kEmpty;
    Trace(Dma::Access::kRead, driver_, kIndex, 2);
    // There are never more chains with the device than descriptors.
    const auto ahead = static_cast<std::uint16_t>(seen_available_ - used_);
    if (ahead > size) [[unlikely]] {
      return Break(next_ % size, "the available index " + std::to_string(seen_available_) + " is " +
                                     std::to_string(ahead) + " ahead in a ring of " +
                                     std::to_string(size));
    }
  }
  const std::uint64_t place = kRing + 2 * std::uint64_t{next_ & (size - 1u)};
  const auto* const entry = Word<std::uint16_t>(driver_, place);
  if (entry == nullptr) [[unlikely]]
    return Unmapped(driver_, place, 2, false, "available ring");
  Trace(Dma::Access::kRead, driver_, place, 2);

  unsigned index = chain.id = *entry;
  for (unsigned taken = 0;; ++taken) {
    if (index >= size) [[unlikely]]
      return Break(index, "is beyond the table of " + std::to_string(size));
    if (taken == size) [[unlikely]]
      return Break(index, "a loop in the chain");
    const std::byte* const memory = At(descriptors_, index * kDescriptorSize, kDescriptorSize);
    if (memory == nullptr) [[unlikely]] {
      return Unmapped(descriptors_, index * kDescriptorSize, kDescriptorSize, false,
                      "descriptor " + std::to_string(index));
    }
    Trace(Dma::Access::kRead, descriptors_, index * kDescriptorSize, kDescriptorSize);
    const auto [address, length, flags, next] = Load(memory);
    const Descriptor descriptor = {address, length, flags, next};
    if ((flags & VIRTQ_DESC_F_INDIRECT) != 0) [[unlikely]] {
      if (!Indirect(chain, segments, descriptor, index)) return Result::kBroken;
    } else if (!Add(chain, segments, descriptor, index)) [[unlikely]] {
      return Result::kBroken;
    }
    if ((flags & VIRTQ_DESC_F_NEXT) == 0) break;
    index = next;
  }
  ++next_;
  return Result::kChain;
}

/// 2.7.5.3: chained by their next fields from the first one on, and never indirect themselves.
bool Virtqueue::IndirectSplit(Chain& chain, Segments& segments, const Part& table, unsigned index) {
  const std::uint64_t count = table.size / kDescriptorSize;
  std::uint64_t at = 0;
  for (std::uint64_t taken = 0;; ++taken) {
    if (at >= count) return Break(index, "an indirect descriptor beyond its table"), false;
    if (taken == count) return Break(index, "a loop in the indirect table"), false;
    const std::byte* const memory = At(table, at * kDescriptorSize, kDescriptorSize);
    if (memory == nullptr) {
      return Unmapped(table, at * kDescriptorSize, kDescriptorSize, false,
                      "descriptor " + std::to_string(index) + ": indirect table"),
             false;
    }
    Trace(Dma::Access::kRead, table, at * kDescriptorSize, kDescriptorSize);
    const auto [address, length, flags, next] = Load(memory);
    if ((flags & VIRTQ_DESC_F_INDIRECT) != 0) {
      return Break(index, "an indirect descriptor in an indirect table"), false;
    }
    if (!Add(chain, segments, {address, length, flags, next}, index)) return false;
    if ((flags & VIRTQ_DESC_F_NEXT) == 0) return true;
    at = next;
  }
}

void Virtqueue::GiveSplit(std::span<const Used> chains) {
  const unsigned mask = setup_.size - 1u;
  for (const Used& used : chains) {
    const std::uint64_t offset = kRing + sizeof(UsedElement) * ((used_ + given_++) & mask);
    std::byte* const memory = At(device_, offset, sizeof(UsedElement));
    if (memory == nullptr) [[unlikely]] {
      Unmapped(device_, offset, sizeof(UsedElement), true, "used ring");
      return;
    }
    const UsedElement element = {used.id, used.written};
    std::memcpy(memory, &element, sizeof element);
    Trace(Dma::Access::kWrite, device_, offset, sizeof element);
  }
}

bool Virtqueue::PublishSplit() {
  const std::uint16_t before = std::exchange(told_, static_cast<std::uint16_t>(used_ + given_));
  used_ = told_;
  given_ = 0;
  auto* const index = Word<std::uint16_t>(device_, kIndex);
  if (index == nullptr) {
    Unmapped(device_, kIndex, 2, true, "used ring");
    return false;
  }
  // An exchange, so that the look at the driver's wish does not come first (2.7.8.2).
  std::atomic_ref(*index).exchange(used_, std::memory_order_seq_cst);
  Trace(Dma::Access::kWrite, device_, kIndex, 2);
  return SplitWantsInterrupt(before, used_);
}

/// 2.7.7
bool Virtqueue::SplitWantsInterrupt(std::uint16_t before, std::uint16_t now) {
  if (setup_.notify_on_empty && !HasAvailable()) return true;
  if (!setup_.event_idx) return (LoadEvent(driver_, kFlags) & VIRTQ_AVAIL_F_NO_INTERRUPT) == 0;
  const bool valid = std::exchange(told_valid_, true);
  const std::uint16_t event = LoadEvent(driver_, kRing + 2 * std::uint64_t{setup_.size});
  return !valid || Passed(event, now, before);
}

}  // namespace ixylab::emulator::virtio_net
