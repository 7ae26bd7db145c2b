#include "emulator/82599/headers.h"

namespace ixylab::emulator::intel82599 {
namespace {

std::uint32_t Byte(std::span<const std::byte> frame, std::size_t at) {
  return std::to_integer<std::uint32_t>(frame[at]);
}

/// Adds the L4 header at headers.l4 if it is one, and is there up to the ports.
void AddL4(std::span<const std::byte> frame, std::uint32_t protocol, Headers& headers) {
  if (headers.l4 + 4u <= frame.size()) headers.type |= packet_type::OfProtocol(protocol);
}

void ParseIpv4(std::span<const std::byte> frame, Headers& headers) {
  constexpr std::uint32_t kFragment = 0x3FFF;  // more fragments, offset
  const std::uint32_t l3 = headers.l3;
  if (l3 + 20 > frame.size()) return;
  const std::uint32_t length = (Byte(frame, l3) & 0xF) * 4;
  if (Byte(frame, l3) >> 4 != 4 || length < 20) return;
  headers.type = packet_type::kIpv4 | (length > 20 ? packet_type::kIpv4Options : 0);
  if ((Load16(frame, l3 + 6) & kFragment) != 0) return;
  headers.l4 = static_cast<std::uint16_t>(l3 + length);
  AddL4(frame, Byte(frame, l3 + 9), headers);
}

void ParseIpv6(std::span<const std::byte> frame, Headers& headers) {
  constexpr std::uint32_t kHopByHop = 0, kRouting = 43, kFragment = 44, kDestination = 60;
  constexpr int kMostExtensions = 8;  // a bound of ours
  const std::uint32_t l3 = headers.l3;
  if (l3 + 40 > frame.size() || Byte(frame, l3) >> 4 != 6) return;
  headers.type = packet_type::kIpv6;
  headers.l4 = static_cast<std::uint16_t>(l3 + 40);
  std::uint32_t next = Byte(frame, l3 + 6);
  for (int extensions = 0; extensions < kMostExtensions; ++extensions) {
    if (next == kFragment) {
      headers.type |= packet_type::kIpv6Extensions;
      return;
    }
    if (next != kHopByHop && next != kRouting && next != kDestination) break;
    headers.type |= packet_type::kIpv6Extensions;
    if (headers.l4 + 8u > frame.size()) return;
    headers.routed |= next == kRouting && Byte(frame, headers.l4 + 1u) != 0;
    next = Byte(frame, headers.l4);
    headers.l4 += static_cast<std::uint16_t>((Byte(frame, headers.l4 + 1u) + 1) * 8);
  }
  AddL4(frame, next, headers);
}

}  // namespace

Headers ParseAnyHeaders(std::span<const std::byte> frame, std::uint32_t vlan) {
  Headers headers;
  if (frame.size() < kEtherTypeOffset + 2) return headers;
  std::uint32_t at = kEtherTypeOffset;
  std::uint32_t type = Load16(frame, at);
  if (type == vlan && frame.size() >= at + kVlanTag + 2) {
    headers.tagged = true;
    at += kVlanTag;
    type = Load16(frame, at);
  }
  headers.l3 = static_cast<std::uint16_t>(at + 2);
  if (type == kIpv4Type) {
    ParseIpv4(frame, headers);
  } else if (type == kIpv6Type) {
    ParseIpv6(frame, headers);
  }
  return headers;
}

}  // namespace ixylab::emulator::intel82599
