#include "tests/emulator/virtio_net/rig.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace ixylab::emulator::virtio_net {
namespace {

constexpr std::size_t kPage = InProcessHost::kPageSize;

NetConfig ConfigOf(Mode mode, NetConfig config) {
  if (mode == Mode::kPacked) config.features |= VIRTIO_F_RING_PACKED;
  return config;
}

InProcessHost::Options OptionsOf(Mode mode, InProcessHost::Options options) {
  if (mode == Mode::kLegacy) options.address_bits = 44;
  return options;
}

}  // namespace

std::string ModeName(Mode mode) {
  return mode == Mode::kLegacy ? "Legacy" : mode == Mode::kModern ? "Modern" : "Packed";
}

TestQueue::TestQueue(InProcessHost& host, Mode mode, std::uint16_t size)
    : host_(host),
      packed_(mode == Mode::kPacked),
      size_(size),
      mapping_(host.Allocate(kPage + size * kBufferSize)),
      driver_at_(16 * std::size_t{size}),
      device_at_((driver_at_ + 6 + 2 * std::size_t{size} + 4095) / 4096 * 4096),
      lengths_(65536) {}

void TestQueue::Free() {
  if (mapped_) host_.Release(mapping_);
  mapped_ = false;
}

// Rings in the first page, buffers from the second one on.
std::uint64_t TestQueue::iova(std::uint32_t buffer) const {
  const std::size_t offset = buffer * kBufferSize;
  return mapping_.pages[1 + offset / kPage] + offset % kPage;
}

std::span<std::byte> TestQueue::buffer(std::uint32_t index) const {
  return mapping_.bytes.subspan(kPage + index * kBufferSize, kBufferSize);
}

void TestQueue::SetDescriptor(std::uint32_t index, std::uint64_t address, std::uint32_t length,
                              std::uint16_t flags, std::uint16_t next_or_id) {
  std::byte* const at = mapping_.bytes.data() + 16 * std::size_t{index};
  std::memcpy(at, &address, 8);
  std::memcpy(at + 8, &length, 4);
  std::memcpy(at + (packed_ ? 12 : 14), &next_or_id, 2);
  auto& flags_word = *reinterpret_cast<std::uint16_t*>(at + (packed_ ? 14 : 12));
  std::atomic_ref(flags_word).store(flags, std::memory_order_release);
}

void TestQueue::MakeAvailable(std::uint16_t head, std::uint16_t step) {
  DriverWord(4 + 2u * (available_ % size_)) = head;
  available_ = static_cast<std::uint16_t>(available_ + step);
  std::atomic_ref(DriverWord(2)).store(available_, std::memory_order_release);
}

std::uint16_t TestQueue::Put(std::span<const Buffer> chain) {
  const std::uint16_t first = next_;
  const bool first_wrap = wrap_;
  const std::uint16_t id = packed_ ? next_id_++ : first;
  lengths_[id] = static_cast<std::uint16_t>(chain.size());
  const auto flags_of = [&](std::size_t i, bool wrap) {
    return static_cast<std::uint16_t>((i + 1 < chain.size() ? kNext : 0) |
                                      (chain[i].write ? kWrite : 0) |
                                      (!packed_ ? 0
                                       : wrap   ? 1 << 7
                                                : 1 << 15));
  };
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const std::uint16_t at = next_;
    const bool wrap = wrap_;
    if (++next_ == size_) {
      next_ = 0;
      wrap_ = !wrap_;
    }
    if (packed_ && i == 0) continue;
    SetDescriptor(at, chain[i].iova, chain[i].size, flags_of(i, wrap), packed_ ? id : next_);
  }
  if (packed_) {
    SetDescriptor(first, chain[0].iova, chain[0].size, flags_of(0, first_wrap), id);
  } else {
    MakeAvailable(first);
  }
  return id;
}

std::optional<UsedBuffer> TestQueue::Take() {
  if (!packed_) {
    const std::uint16_t now = std::atomic_ref(DeviceWord(2)).load(std::memory_order_acquire);
    if (now == used_) return std::nullopt;
    UsedBuffer used;
    std::memcpy(&used, mapping_.bytes.data() + device_at_ + 4 + 8 * (used_ % size_), 8);
    ++used_;
    return used;
  }
  std::byte* const at = mapping_.bytes.data() + 16 * std::size_t{used_};
  const std::uint16_t flags =
      std::atomic_ref(*reinterpret_cast<std::uint16_t*>(at + 14)).load(std::memory_order_acquire);
  if ((flags >> 7 & 1) != used_wrap_ || (flags >> 15 != 0) != used_wrap_) return std::nullopt;
  std::uint16_t id;
  UsedBuffer used;
  std::memcpy(&id, at + 12, 2);
  std::memcpy(&used.written, at + 8, 4);
  used.id = id;
  used_ = static_cast<std::uint16_t>(used_ + lengths_[id]);
  if (used_ >= size_) {
    used_ = static_cast<std::uint16_t>(used_ - size_);
    used_wrap_ = !used_wrap_;
  }
  return used;
}

Bytes MakeFrame(std::size_t size, std::string_view destination, std::uint16_t type) {
  Bytes frame(std::max<std::size_t>(size, 14));
  for (std::size_t i = 0; i < 6; ++i) {
    frame[i] = std::byte(std::stoi(std::string(destination.substr(3 * i, 2)), nullptr, 16));
    frame[6 + i] = std::byte(0x10 + i);
  }
  frame[12] = std::byte(type >> 8);
  frame[13] = std::byte(type);
  for (std::size_t i = 14; i < frame.size(); ++i) frame[i] = std::byte(i * 7 + size);
  frame.resize(size);
  return frame;
}

Rig::Rig(Mode mode, NetConfig config, const InProcessHost::Options& options)
    : mode(mode), host(OptionsOf(mode, options)), card(ConfigOf(mode, config), host) {
  for (unsigned port = 0; port < config.ports; ++port) host.Plug(card.function(port));
  wire.Attach(1, &partner);
  wire.SetSignal(1, true);
  card.Connect(0, wire, 0);
}

std::uint8_t Rig::Status() {
  return static_cast<std::uint8_t>(legacy() ? Read(0, kLegacyStatus, 1) : Common(kDeviceStatus, 1));
}

void Rig::SetStatus(std::uint8_t value) {
  if (legacy()) {
    Write(0, kLegacyStatus, 1, value);
  } else {
    SetCommon(kDeviceStatus, 1, value);
  }
}

std::uint64_t Rig::OfferedFeatures() {
  if (legacy()) return Read(0, kLegacyDeviceFeatures, 4);
  SetCommon(kDeviceFeatureSelect, 4, 0);
  const std::uint64_t low = Common(kDeviceFeature, 4);
  SetCommon(kDeviceFeatureSelect, 4, 1);
  return low | std::uint64_t{Common(kDeviceFeature, 4)} << 32;
}

void Rig::SetFeatures(std::uint64_t features) {
  const auto low = static_cast<std::uint32_t>(features);
  if (legacy()) return Write(0, kLegacyDriverFeatures, 4, low);
  SetCommon(kDriverFeatureSelect, 4, 0);
  SetCommon(kDriverFeature, 4, low);
  SetCommon(kDriverFeatureSelect, 4, 1);
  SetCommon(kDriverFeature, 4, static_cast<std::uint32_t>(features >> 32));
}

std::uint32_t Rig::DeviceConfig(std::uint32_t offset, unsigned bytes) {
  return legacy() ? Read(0, 20 + offset, bytes) : Read(4, kDevice + offset, bytes);
}

std::uint8_t Rig::Isr() {
  return static_cast<std::uint8_t>(legacy() ? Read(0, kLegacyIsr, 1) : Read(4, kIsr, 1));
}

void Rig::EnableMsix() {
  std::uint32_t at = Read(kConfigSpace, 0x34, 1);
  while (at != 0 && Read(kConfigSpace, at, 1) != 0x11) at = Read(kConfigSpace, at + 1, 1);
  const std::uint32_t vectors = (Read(kConfigSpace, at + 2, 2) & 0x7FF) + 1;
  for (std::uint32_t vector = 0; vector < vectors; ++vector) Write(1, 16 * vector + 12, 4, 0);
  Write(kConfigSpace, at + 2, 2, 0x8000);
}

bool Rig::Negotiate(std::uint64_t features) {
  if (!legacy()) features |= VIRTIO_F_VERSION_1;
  if (mode == Mode::kPacked) features |= VIRTIO_F_RING_PACKED;
  header_bytes = legacy() && (features & VIRTIO_NET_F_MRG_RXBUF) == 0 ? 10 : 12;
  SetStatus(0);
  SetStatus(kAcknowledge);
  SetStatus(kAcknowledge | kDriver);
  SetFeatures(features);
  if (legacy()) return true;
  SetStatus(kAcknowledge | kDriver | kFeaturesOk);
  return (Status() & kFeaturesOk) != 0;
}

std::unique_ptr<TestQueue> Rig::Enable(std::uint16_t index, std::uint16_t size,
                                       std::uint16_t vector) {
  if (legacy()) {
    Write(0, kLegacyQueueSelect, 2, index);
    if (const std::uint32_t given = Read(0, kLegacyQueueSize, 2); given != 0) {
      size = static_cast<std::uint16_t>(given);
    }
    auto queue = std::make_unique<TestQueue>(host, mode, size);
    if (vector != 0xFFFF) Write(0, 22, 2, vector);
    Write(0, kLegacyQueueAddress, 4, static_cast<std::uint32_t>(queue->descriptors() >> 12));
    return queue;
  }
  SetCommon(kQueueSelect, 2, index);
  if (size == 0) size = static_cast<std::uint16_t>(Common(kQueueSize, 2));
  SetCommon(kQueueSize, 2, size);
  SetCommon(kQueueVector, 2, vector);
  auto queue = std::make_unique<TestQueue>(host, mode, size);
  const auto set = [this](std::uint32_t offset, std::uint64_t address) {
    SetCommon(offset, 4, static_cast<std::uint32_t>(address));
    SetCommon(offset + 4, 4, static_cast<std::uint32_t>(address >> 32));
  };
  set(kQueueDesc, queue->descriptors());
  set(kQueueDriver, queue->driver());
  set(kQueueDevice, queue->device());
  SetCommon(kQueueEnable, 2, 1);
  return queue;
}

void Rig::DriverOk() {
  SetStatus(
      static_cast<std::uint8_t>(kAcknowledge | kDriver | kDriverOk | (legacy() ? 0 : kFeaturesOk)));
}

void Rig::Kick(std::uint16_t index) {
  if (legacy()) {
    Write(0, kLegacyQueueNotify, 2, index);
  } else {
    Write(4, kNotify + 4u * index, 2, index);
  }
}

std::uint16_t Rig::PutFrame(TestQueue& queue, std::uint32_t buffer,
                            std::span<const std::byte> frame) {
  std::ranges::fill(queue.buffer(buffer).first(header_bytes), std::byte{0});
  std::ranges::copy(frame, queue.buffer(buffer).begin() + header_bytes);
  return queue.Put(
      {{queue.iova(buffer), header_bytes + static_cast<std::uint32_t>(frame.size()), false}});
}

Bytes Rig::FrameIn(const TestQueue& queue, std::uint32_t buffer, std::uint32_t written) const {
  const auto bytes = queue.buffer(buffer).first(written).subspan(header_bytes);
  return Bytes(bytes.begin(), bytes.end());
}

void Rig::Send(std::span<const std::byte> frame, std::optional<std::uint32_t> fcs) {
  host.Inject([&] { wire.Send(1, {.bytes = frame, .fcs = fcs}); });
}

}  // namespace ixylab::emulator::virtio_net
