#include "tests/fuzz/bench_virtio.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ixylab::fuzz {
namespace {

namespace virtio = emulator::virtio_net;

constexpr std::uint16_t kPairs = 2;
constexpr unsigned kVectors = 2 * kPairs + 2;
constexpr std::size_t kLongestFrame = 65'550;  // with a VLAN tag, from a header's gso_size on
// virtio 1.2, 2.1
constexpr std::uint8_t kAcknowledge = 1, kDriver = 2, kDriverOk = 4, kFeaturesOk = 8;
// 4.1.4.3: struct virtio_pci_common_cfg, in BAR 4
constexpr std::uint32_t kDriverFeatureSelect = 0x08, kDriverFeature = 0x0C, kStatus = 0x14,
                        kQueueSelect = 0x16, kQueueSizeRegister = 0x18, kQueueEnable = 0x1C,
                        kQueueDesc = 0x20, kQueueDriver = 0x28, kQueueDevice = 0x30,
                        kNotify = 0x3000;
// 4.1.4.10, in BAR 0
constexpr std::uint32_t kLegacyFeatures = 4, kLegacyAddress = 8, kLegacySelect = 14,
                        kLegacyNotify = 16, kLegacyStatus = 18;
constexpr std::uint16_t kWrite = 2, kAvailable = 1 << 7, kUsed = 1 << 15;  // 2.7.5, 2.8.1

virtio::NetConfig ConfigOf(Mode mode) {
  virtio::NetConfig config{.ports = 1,
                           .interface = mode == Mode::kLegacy ? virtio::Interface::kTransitional
                                                              : virtio::Interface::kModern,
                           .queue_pairs = kPairs,
                           .queue_size = BenchVirtio::kQueueSize,
                           .mtu = 1500};
  if (mode == Mode::kPacked) config.features |= virtio::VIRTIO_F_RING_PACKED;
  return config;
}

}  // namespace

BenchVirtio::BenchVirtio(Mode mode)
    : machine(kVectors, kLongestFrame), mode_(mode), card_(ConfigOf(mode), machine) {
  machine.Plug(function());
  card_.Connect(0, machine.wire, 0);
  ExpectTraffic();
}

std::uint16_t& BenchVirtio::Word16(std::uint64_t iova) {
  return *reinterpret_cast<std::uint16_t*>(machine.Memory(iova, 2).data());
}

std::uint8_t BenchVirtio::Status() {
  return static_cast<std::uint8_t>(mode_ == Mode::kLegacy ? machine.Read(0, kLegacyStatus, 1)
                                                          : machine.Read(4, kStatus, 1));
}

void BenchVirtio::SetStatus(std::uint8_t status) {
  if (mode_ == Mode::kLegacy) {
    machine.Write(0, kLegacyStatus, 1, status);
  } else {
    machine.Write(4, kStatus, 1, status);
  }
}

/// 5.1.2: the control queue comes behind all pairs that the features leave.
std::uint16_t BenchVirtio::IndexOf(unsigned queue) const {
  const bool all_pairs = (features_ & virtio::VIRTIO_NET_F_MQ) != 0;
  return static_cast<std::uint16_t>(queue == kControl && all_pairs ? 2 * kPairs : queue);
}

void BenchVirtio::Enable(unsigned queue) {
  const std::uint64_t address = QueueAddress(queue);
  if (mode_ == Mode::kLegacy) {
    machine.Write(0, kLegacySelect, 2, IndexOf(queue));
    machine.Write(0, kLegacyAddress, 4, static_cast<std::uint32_t>(address >> 12));
    return;
  }
  machine.Write(4, kQueueSelect, 2, IndexOf(queue));
  machine.Write(4, kQueueSizeRegister, 2, kQueueSize);
  const auto set = [this](std::uint32_t offset, std::uint64_t value) {
    machine.Write(4, offset, 4, static_cast<std::uint32_t>(value));
    machine.Write(4, offset + 4, 4, static_cast<std::uint32_t>(value >> 32));
  };
  set(kQueueDesc, address);
  set(kQueueDriver, address + kDriverArea);
  set(kQueueDevice, address + kDeviceArea);
  machine.Write(4, kQueueEnable, 2, 1);
}

bool BenchVirtio::BringUp(std::uint64_t features) {
  constexpr unsigned kConfig = emulator::NicFunction::kConfigSpace;
  Require(machine.Read(kConfig, 0, 2) == 0x1AF4, "the device is still there");
  machine.Restart();
  function().ResetFunction();
  machine.Write(kConfig, 0x04, 2, 7);
  Require(Status() == 0, "after a reset the status is 0");
  features_ = features;
  std::uint8_t status = kAcknowledge | kDriver;
  SetStatus(status);
  if (mode_ == Mode::kLegacy) {
    machine.Write(0, kLegacyFeatures, 4, static_cast<std::uint32_t>(features));
  } else {
    if (mode_ == Mode::kPacked) features_ |= virtio::VIRTIO_F_RING_PACKED;
    features_ |= virtio::VIRTIO_F_VERSION_1;
    for (const std::uint32_t half : {0u, 1u}) {
      machine.Write(4, kDriverFeatureSelect, 4, half);
      machine.Write(4, kDriverFeature, 4, static_cast<std::uint32_t>(features_ >> 32 * half));
    }
    status |= kFeaturesOk;
    SetStatus(status);
    if ((Status() & kFeaturesOk) == 0) return false;
  }
  for (const unsigned queue : {kReceive, kTransmit, kControl}) Enable(queue);
  SetStatus(status | kDriverOk);
  return true;
}

void BenchVirtio::StoreDescriptor(unsigned queue, unsigned index, std::uint64_t address,
                                  std::uint32_t length, std::uint16_t flags,
                                  std::uint16_t next_or_id) {
  const auto to = machine.Memory(QueueAddress(queue) + 16 * (index % kQueueSize), 16);
  const bool packed = mode_ == Mode::kPacked;
  std::memcpy(&to[0], &address, sizeof address);
  std::memcpy(&to[8], &length, sizeof length);
  std::memcpy(&to[packed ? 14 : 12], &flags, sizeof flags);
  std::memcpy(&to[packed ? 12 : 14], &next_or_id, sizeof next_or_id);
}

void BenchVirtio::MakeAvailable(unsigned queue, std::uint16_t head, std::uint16_t step) {
  const std::uint64_t area = QueueAddress(queue) + kDriverArea;
  std::uint16_t& index = Word16(area + 2);
  Word16(area + 4 + 2 * (index % kQueueSize)) = head;
  index = static_cast<std::uint16_t>(index + step);
}

void BenchVirtio::Notify(unsigned queue) {
  const std::uint16_t index = IndexOf(queue);
  if (mode_ == Mode::kLegacy) {
    machine.Write(0, kLegacyNotify, 2, index);
  } else {
    machine.Write(4, kNotify + 4u * index, 2, index);
  }
}

/// Whether the first descriptor of a ring that was just set up has come back.
bool BenchVirtio::Used(unsigned queue, std::uint32_t& written) {
  const bool packed = mode_ == Mode::kPacked;
  const std::uint64_t element = QueueAddress(queue) + (packed ? 8 : kDeviceArea + 8);
  std::memcpy(&written, machine.Memory(element, 4).data(), sizeof written);
  if (!packed) return Word16(QueueAddress(queue) + kDeviceArea + 2) == 1;
  constexpr std::uint16_t kBoth = kAvailable | kUsed;
  return (Word16(QueueAddress(queue) + 14) & kBoth) == kBoth;
}

void BenchVirtio::ExpectTraffic() {
  Require(BringUp(virtio::VIRTIO_NET_F_MRG_RXBUF), "after a reset features are negotiated");
  constexpr std::uint32_t kHeader = 12, kFrame = 60;
  const bool packed = mode_ == Mode::kPacked;
  const std::uint16_t available = packed ? kAvailable : 0;
  const auto make_available = [&](unsigned queue) {
    if (!packed) MakeAvailable(queue, 0, 1);
    Notify(queue);
  };

  const auto sent = machine.Memory(kBuffers + kHeader, kFrame);
  std::ranges::fill(sent, std::byte{0xFF});
  StoreDescriptor(kTransmit, 0, kBuffers, kHeader + kFrame, available, 0);
  make_available(kTransmit);
  std::uint32_t written = 0;
  Require(Used(kTransmit, written) && machine.far.frames == 1 &&
              std::ranges::equal(machine.far.last, sent),
          "after a reset a frame goes out");

  std::array<std::byte, kFrame> frame;
  frame.fill(std::byte{0xFF});
  frame.back() = std::byte{0x77};
  const std::uint64_t buffer = kBuffers + 0x800;
  StoreDescriptor(kReceive, 0, buffer, 0x800, available | kWrite, 0);
  make_available(kReceive);
  machine.Inject([&] { machine.wire.Send(1, {.bytes = frame}); });
  Require(Used(kReceive, written) && written == kHeader + kFrame &&
              std::ranges::equal(machine.Memory(buffer + kHeader, kFrame), frame),
          "after a reset a frame comes in");
}

}  // namespace ixylab::fuzz
