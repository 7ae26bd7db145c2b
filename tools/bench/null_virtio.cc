#include "tools/bench/null_virtio.h"

#include <cstring>

#include "driver/virtio/features.h"
#include "driver/virtio/registers.h"

namespace ixylab::bench {
namespace {

using namespace virtio;  // NOLINT: the register names

constexpr std::uint32_t kQueueSize = 4096;
constexpr std::uint32_t kHeaderBytes = 12;
// The structures in BAR 0, and their capabilities in configuration space.
constexpr std::uint32_t kCommon = 0x000;
constexpr std::uint32_t kNotify = 0x100;
constexpr std::uint32_t kDevice = 0x200;
constexpr std::uint32_t kBytes = 0x100;
constexpr std::uint32_t kFirstCapability = 0x40;
constexpr std::uint32_t kCapabilityStride = 0x20;

struct Structure {
  std::uint8_t type;
  std::uint32_t offset;
};
constexpr std::array<Structure, 3> kStructures = {{{capability::kCommonCfg, kCommon},
                                                   {capability::kNotifyCfg, kNotify},
                                                   {capability::kDeviceCfg, kDevice}}};

std::uint32_t ReadConfigSpace(std::uint32_t offset) {
  if (offset == pci::kStatus) return pci::kStatusCapabilities;
  if (offset == pci::kCapabilities) return kFirstCapability;
  const std::uint32_t index = (offset - kFirstCapability) / kCapabilityStride;
  if (offset < kFirstCapability || index >= kStructures.size()) return 0;
  switch ((offset - kFirstCapability) % kCapabilityStride) {
    case 0:
      return pci::kVendorSpecific;
    case 1:
      return index + 1 < kStructures.size() ? kFirstCapability + (index + 1) * kCapabilityStride
                                            : 0;
    case capability::kType:
      return kStructures[index].type;
    case capability::kOffset:
      return kStructures[index].offset;
    case capability::kLength:
      return kBytes;
    default:
      return 0;
  }
}

// The header of a received frame: one buffer.
void WriteHeader(std::uint64_t address) {
  constexpr std::array<std::uint8_t, kHeaderBytes> kHeader = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
  std::memcpy(reinterpret_cast<void*>(address), kHeader.data(), kHeader.size());
}

}  // namespace

NullVirtioBus::NullVirtioBus(DmaSpace& dma, bool packed)
    : dma_(dma),
      features_(Features()
                    .With(VIRTIO_F_VERSION_1)
                    .With(VIRTIO_NET_F_MAC)
                    .With(VIRTIO_NET_F_MRG_RXBUF)
                    .bits()) {
  if (packed) features_ = Features(features_).With(VIRTIO_F_RING_PACKED).bits();
  registers_[kDevice] = 2;
}

std::uint32_t NullVirtioBus::Read(unsigned region, std::uint32_t offset, unsigned) {
  if (region == kConfigSpace) return ReadConfigSpace(offset);
  switch (offset) {
    case common::DEVICE_FEATURE.offset:
      return static_cast<std::uint32_t>(features_ >>
                                        32 * registers_[common::DEVICE_FEATURE_SELECT.offset]);
    case common::QUEUE_SIZE.offset:
      return kQueueSize;
    case common::QUEUE_NOTIFY_OFF.offset:
      return 0;
    default:
      return registers_[offset];
  }
}

void NullVirtioBus::Write(unsigned, std::uint32_t offset, unsigned, std::uint32_t value) {
  registers_[offset] = value;
  NullQueue& queue = queues_[registers_[common::QUEUE_SELECT.offset]];
  if (offset == common::QUEUE_SIZE.offset) queue.size = value;
  for (std::uint32_t i = 0; i < queue.areas.size(); ++i) {
    const std::uint32_t low = common::QUEUE_DESC.offset + 8 * i;
    if (offset == low || offset == low + 4) {
      queue.areas[i] = registers_[low] | std::uint64_t{registers_[low + 4]} << 32;
    }
  }
}

NullSplitQueue::NullSplitQueue(const NullQueue& queue)
    : size_(queue.size),
      descriptors_(reinterpret_cast<const SplitDescriptor*>(queue.areas[0])),
      available_(reinterpret_cast<const std::uint16_t*>(queue.areas[1])),
      used_index_(reinterpret_cast<std::uint16_t*>(queue.areas[2]) + 1),
      used_(reinterpret_cast<UsedElement*>(queue.areas[2] + 4)) {}

void NullSplitQueue::Complete(std::size_t packets, std::uint16_t size) {
  for (; packets != 0; --packets) {
    WriteHeader(descriptors_[available_[2 + next_ % size_]].address);
    Use(kHeaderBytes + size);
  }
}

std::size_t NullSplitQueue::Complete() {
  std::size_t packets = 0;
  for (; next_ != available_[1]; ++packets) Use(0);
  return packets;
}

void NullSplitQueue::Use(std::uint32_t length) {
  used_[next_ % size_] = {available_[2 + next_ % size_], length};
  *used_index_ = ++next_;
}

NullPackedQueue::NullPackedQueue(const NullQueue& queue)
    : size_(queue.size), descriptors_(reinterpret_cast<PackedDescriptor*>(queue.areas[0])) {}

void NullPackedQueue::Complete(std::size_t packets, std::uint16_t size) {
  for (; packets != 0; --packets) {
    WriteHeader(descriptors_[next_].address);
    Use(kHeaderBytes + size);
  }
}

std::size_t NullPackedQueue::Complete() {
  std::size_t packets = 0;
  for (; IsAvailable(); ++packets) Use(0);
  return packets;
}

bool NullPackedQueue::IsAvailable() const {
  const std::uint16_t flags = descriptors_[next_].flags;
  return ((flags >> 7 & 1) != 0) == wrap_ && ((flags >> 15 & 1) != 0) != wrap_;
}

void NullPackedQueue::Use(std::uint32_t length) {
  descriptors_[next_].length = length;
  descriptors_[next_].flags = wrap_ ? 0x8080 : 0;
  if (++next_ == size_) {
    next_ = 0;
    wrap_ = !wrap_;
  }
}

}  // namespace ixylab::bench
