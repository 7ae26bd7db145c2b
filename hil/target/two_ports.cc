#include "hil/target/two_ports.h"

#include <algorithm>
#include <cstddef>

#include "driver/open.h"

namespace ixylab::hil {

namespace {

constexpr std::size_t kFrame = 60;

/// To everybody, of IEEE 802's EtherType for experiments, with the port's number in it.
bool IsOurs(PacketBuffer& packet, unsigned from) {
  return packet.size >= kFrame && packet.data()[12] == std::byte{0x88} &&
         packet.data()[13] == std::byte{0xB5} && packet.data()[14] == static_cast<std::byte>(from);
}

void Fill(PacketBuffer& packet, unsigned from, const MacAddress& source) {
  std::fill_n(packet.data(), kFrame, std::byte{0});
  std::fill_n(packet.data(), 6, std::byte{0xFF});
  std::transform(source.begin(), source.end(), packet.data() + 6,
                 [](std::uint8_t byte) { return std::byte{byte}; });
  packet.data()[12] = std::byte{0x88};
  packet.data()[13] = std::byte{0xB5};
  packet.data()[14] = static_cast<std::byte>(from);
  packet.size = kFrame;
}

}  // namespace

TwoPorts::TwoPorts(Target& target, const std::array<Bus*, 2>& buses)
    : target_(target), pool_(target.dma(), 1024) {
  DeviceConfig config;
  config.pools = {&pool_};
  config.receive_descriptors = config.transmit_descriptors = 64;
  config.virtio_legacy = target.capabilities().virtio_legacy;
  for (unsigned port : {0u, 1u}) devices_[port] = Open(*buses[port], config);
}

std::optional<unsigned> TwoPorts::WaitForLinks() {
  for (unsigned port : {0u, 1u}) {
    if (!devices_[port]->WaitForLink(kLinkDeadline)) return port;
  }
  return std::nullopt;
}

bool TwoPorts::SendAcross(unsigned from) {
  PacketBuffer* frame = pool_.Allocate();
  Fill(*frame, from, devices_[from]->mac_address());
  if (devices_[from]->Transmit(0, {&frame, 1}) == 0) MemoryPool::Free(frame);
  const auto arrives = [&] {
    PacketBuffer* packet = nullptr;
    if (devices_[1 - from]->Receive(0, {&packet, 1}) == 0) return false;
    const bool ours = IsOurs(*packet, from);
    MemoryPool::Free(packet);
    return ours;
  };
  return target_.Until(arrives, kFrameDeadline);
}

}  // namespace ixylab::hil
