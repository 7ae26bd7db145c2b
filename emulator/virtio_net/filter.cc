#include "emulator/virtio_net/filter.h"

#include <algorithm>
#include <cstring>

namespace ixylab::emulator::virtio_net {
namespace {

constexpr std::size_t kMacHeader = 14, kVlanTag = 4;
constexpr std::uint32_t kVlan = 0x8100, kIpv4 = 0x0800, kIpv6 = 0x86DD;
constexpr std::uint32_t kTcp = 6, kUdp = 17, kSctp = 132;

std::uint32_t Byte(std::span<const std::byte> frame, std::size_t at) {
  return std::to_integer<std::uint32_t>(frame[at]);
}

std::uint32_t Load16(std::span<const std::byte> frame, std::size_t at) {
  return Byte(frame, at) << 8 | Byte(frame, at + 1);
}

bool HasPorts(std::uint32_t protocol) {
  return protocol == kTcp || protocol == kUdp || protocol == kSctp;
}

std::uint64_t Mix(std::uint64_t hash, std::span<const std::byte> bytes) {
  for (; bytes.size() >= 4; bytes = bytes.subspan(4)) {
    std::uint32_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace

/// In the order of QEMU's receive_filter (hw/net/virtio-net.c), where the text leaves one.
bool Filter::Passes(std::span<const std::byte> frame) const {
  if (promiscuous) return true;
  if (frame.size() < kMacHeader) return false;
  if (vlan_filter && Load16(frame, 12) == kVlan && frame.size() >= kMacHeader + kVlanTag &&
      !vlans[Load16(frame, 14) & 0xFFF]) {
    return false;
  }
  MacBytes destination;
  std::memcpy(destination.data(), frame.data(), destination.size());
  if ((destination[0] & 1) == 0) {
    if (no_unicast) return false;
    return all_unicast || unicast_overflow || destination == own ||
           std::ranges::find(unicast, destination) != unicast.end();
  }
  if (std::ranges::all_of(destination, [](std::uint8_t byte) { return byte == 0xFF; })) {
    return !no_broadcast;
  }
  if (no_multicast) return false;
  return all_multicast || multicast_overflow ||
         std::ranges::find(multicast, destination) != multicast.end();
}

std::uint32_t FlowHash(std::span<const std::byte> frame) {
  if (frame.size() < kMacHeader) return 0;
  std::size_t l3 = kMacHeader;
  std::uint32_t type = Load16(frame, 12);
  if (type == kVlan && frame.size() >= kMacHeader + kVlanTag) {
    type = Load16(frame, 16);
    l3 += kVlanTag;
  }
  std::span<const std::byte> addresses;
  std::size_t l4 = 0;  // 0: no ports
  if (type == kIpv4 && frame.size() >= l3 + 20) {
    constexpr std::uint32_t kFragment = 0x3FFF;  // more fragments, offset
    addresses = frame.subspan(l3 + 12, 8);
    if ((Load16(frame, l3 + 6) & kFragment) == 0 && HasPorts(Byte(frame, l3 + 9))) {
      l4 = l3 + (Byte(frame, l3) & 0xF) * 4;
    }
  } else if (type == kIpv6 && frame.size() >= l3 + 40) {
    addresses = frame.subspan(l3 + 8, 32);
    if (HasPorts(Byte(frame, l3 + 6))) l4 = l3 + 40;
  } else {
    return 0;
  }
  std::uint64_t hash = Mix(1, addresses);
  if (l4 != 0 && frame.size() >= l4 + 4) hash = Mix(hash, frame.subspan(l4, 4));
  return static_cast<std::uint32_t>(hash);
}

}  // namespace ixylab::emulator::virtio_net
