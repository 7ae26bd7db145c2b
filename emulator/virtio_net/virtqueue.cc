// What split and packed rings have in common.
#include "emulator/virtio_net/virtqueue.h"

#include <atomic>

namespace ixylab::emulator::virtio_net {

bool Virtqueue::Start(const QueueSetup& setup) {
  const std::uint64_t size = setup.size;
  setup_ = setup;
  descriptors_ = {setup.descriptors, size * kDescriptorSize};
  // An event index follows each split ring, negotiated or not (2.7.6, 2.7.8).
  driver_ = {setup.driver, setup.packed ? 4 : 6 + 2 * size};
  device_ = {setup.device, setup.packed ? 4 : 6 + 8 * size};
  next_ = used_ = given_ = seen_available_ = told_ = 0;
  wrap_ = used_wrap_ = true;
  told_valid_ = false;
  error_.clear();
  Locate();
  const std::uint64_t driver_alignment = setup.packed ? 4 : 2;
  if (setup.descriptors % 16 != 0 || setup.driver % driver_alignment != 0 ||
      setup.device % 4 != 0) {
    error_ = name_ + ": an area of the queue is not aligned";
    return false;
  }
  running_ = true;
  return true;
}

void Virtqueue::Locate() {
  epoch_ = dma_.Epoch();
  for (Part* part : {&descriptors_, &driver_, &device_}) {
    part->memory = dma_.Find(part->iova, part->size);
  }
  at_hand_ = descriptors_.memory != nullptr && driver_.memory != nullptr &&
             device_.memory != nullptr && !dma_.tracing();
}

Virtqueue::Result Virtqueue::NextSlowly(Chain& chain, Segments& segments) {
  chain = {.first = segments.size()};
  return setup_.packed ? NextPacked(chain, segments) : NextSplit(chain, segments);
}

bool Virtqueue::HasAvailable() {
  if (epoch_ != dma_.Epoch()) [[unlikely]]
    Locate();
  if (setup_.packed) return PackedAvailable();
  auto* const index = Word<std::uint16_t>(driver_, 2);
  return index != nullptr && std::atomic_ref(*index).load(std::memory_order_acquire) != next_;
}

void Virtqueue::Give(std::span<const Used> chains) {
  if (epoch_ != dma_.Epoch()) [[unlikely]]
    Locate();
  if (setup_.packed) {
    GivePacked(chains);
  } else {
    GiveSplit(chains);
  }
}

bool Virtqueue::Publish() {
  if (given_ == 0) return false;
  if (epoch_ != dma_.Epoch()) [[unlikely]]
    Locate();
  return setup_.packed ? PublishPacked() : PublishSplit();
}

/// A word that the driver writes while the device runs. seq_cst, as the driver's store and its look
/// at the ring must be, so that one of the two sides sees what the other has done.
std::uint16_t Virtqueue::LoadEvent(const Part& part, std::uint64_t offset) {
  auto* const word = Word<std::uint16_t>(part, offset);
  if (word == nullptr) return 0;
  return std::atomic_ref(*word).load(std::memory_order_seq_cst);
}

void Virtqueue::StoreEvent(const Part& part, std::uint64_t offset, std::uint16_t value) {
  auto* const word = Word<std::uint16_t>(part, offset);
  if (word == nullptr) return;  // the next look at the ring finds the fault
  std::atomic_ref(*word).exchange(value, std::memory_order_seq_cst);
  Trace(Dma::Access::kWrite, part, offset, sizeof value);
}

void Virtqueue::WantNotifications(bool want) {
  constexpr std::uint16_t kEnable = 0, kDisable = 1, kDescriptor = 2;  // 2.8.10
  if (epoch_ != dma_.Epoch()) [[unlikely]]
    Locate();
  if (setup_.packed) {
    if (setup_.event_idx && want) {
      StoreEvent(device_, 0, static_cast<std::uint16_t>(next_ | (wrap_ ? 1u << 15 : 0)));
    }
    StoreEvent(device_, 2, !want ? kDisable : setup_.event_idx ? kDescriptor : kEnable);
  } else if (!setup_.event_idx) {
    StoreEvent(device_, 0, want ? kEnable : kDisable);
  } else if (want) {
    // 2.7.10.1: with event indices the flags are 0, and an old index is the way to hear nothing.
    StoreEvent(device_, 4 + 8 * std::uint64_t{setup_.size}, next_);
  }
}

Virtqueue::Result Virtqueue::Break(unsigned descriptor, std::string_view why) {
  running_ = false;
  error_ = name_ + " descriptor " + std::to_string(descriptor) + ": " + std::string(why);
  return Result::kBroken;
}

Virtqueue::Result Virtqueue::Unmapped(const Part& part, std::uint64_t offset, std::uint64_t size,
                                      bool write, std::string_view what) {
  running_ = false;
  error_ = name_ + " " + std::string(what) + ": not mapped";
  dma_.Fault(write ? Dma::Access::kWrite : Dma::Access::kRead, part.iova + offset, size,
             name_ + " " + std::string(what));
  return Result::kBroken;
}

void Virtqueue::TraceAccess(Dma::Access access, const Part& part, std::uint64_t offset,
                            std::uint64_t size) {
  if (const std::byte* memory = At(part, offset, size)) {
    dma_.Trace(access, part.iova + offset, {memory, size});
  }
}

/// One buffer of a chain (2.7.4.2, 2.7.5).
bool Virtqueue::Add(Chain& chain, Segments& segments, const Descriptor& descriptor,
                    unsigned index) {
  if (descriptor.length == 0) [[unlikely]]  // QEMU: "zero sized buffers are not allowed"
    return Break(index, "a buffer of 0 bytes"), false;
  if (chain.readable + chain.writable == Segments::kMostOfAChain) [[unlikely]]
    return Break(index, "a chain of too many descriptors"), false;
  if ((descriptor.flags & VIRTQ_DESC_F_WRITE) != 0) {
    ++chain.writable;
    chain.writable_bytes += descriptor.length;
  } else {
    if (chain.writable != 0) [[unlikely]]
      return Break(index, "a device-readable buffer behind a device-writable one"), false;
    ++chain.readable;
    chain.readable_bytes += descriptor.length;
  }
  segments.Add({descriptor.address, descriptor.length});
  return true;
}

/// A table of descriptors in a buffer (2.7.5.3, 2.8.7).
bool Virtqueue::Indirect(Chain& chain, Segments& segments, const Descriptor& descriptor,
                         unsigned index) {
  if (!setup_.indirect) return Break(index, "VIRTIO_F_INDIRECT_DESC is not negotiated"), false;
  if ((descriptor.flags & VIRTQ_DESC_F_NEXT) != 0) {
    return Break(index, "an indirect descriptor with NEXT"), false;
  }
  if (descriptor.length == 0 || descriptor.length % kDescriptorSize != 0) {
    return Break(index, "an indirect table of " + std::to_string(descriptor.length) + " bytes"),
           false;
  }
  const Part table = {descriptor.address, descriptor.length,
                      dma_.Find(descriptor.address, descriptor.length)};
  return setup_.packed ? IndirectPacked(chain, segments, table, index)
                       : IndirectSplit(chain, segments, table, index);
}

}  // namespace ixylab::emulator::virtio_net
