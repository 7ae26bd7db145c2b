// What the receive filters recognise in a frame (datasheet 7.1.5.2, packet types; 7.1.2.8, RSS).
#ifndef EMULATOR_82599_HEADERS_H_
#define EMULATOR_82599_HEADERS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace ixylab::emulator::intel82599 {

inline constexpr std::uint32_t kEtherTypeOffset = 12;
inline constexpr std::uint32_t kIpv4Type = 0x0800, kIpv6Type = 0x86DD;
inline constexpr std::uint32_t kVlanTag = 4;  // bytes

/// Packet type bits of an advanced receive descriptor (7.1.6.2), from its bit 4 on.
namespace packet_type {
inline constexpr std::uint32_t kIpv4 = 1u << 0;
inline constexpr std::uint32_t kIpv4Options = 1u << 1;
inline constexpr std::uint32_t kIpv6 = 1u << 2;
inline constexpr std::uint32_t kIpv6Extensions = 1u << 3;
inline constexpr std::uint32_t kTcp = 1u << 4;
inline constexpr std::uint32_t kUdp = 1u << 5;
inline constexpr std::uint32_t kSctp = 1u << 6;
inline constexpr std::uint32_t kL4 = kTcp | kUdp | kSctp;

/// For the number of an IP protocol; 0 for others.
constexpr std::uint32_t OfProtocol(std::uint32_t protocol) {
  return protocol == 17 ? kUdp : protocol == 6 ? kTcp : protocol == 132 ? kSctp : 0;
}
}  // namespace packet_type

/// Small enough to be returned in registers.
struct Headers {
  std::uint32_t type = 0;  // of packet_type
  std::uint16_t l3 = 0;    // offset of the IP header, where type says that there is one
  std::uint16_t l4 = 0;    // offset of the TCP, UDP or SCTP header, likewise
  bool tagged = false;     // with a VLAN tag at offset 12
  bool routed = false;     // IPv6: a routing header has other addresses than the IP header
};

/// For any frame; looks no further than `frame` goes and says nothing about what is cut off.
/// `vlan` is the EtherType of a VLAN tag (VLNCTRL.VET).
Headers ParseAnyHeaders(std::span<const std::byte> frame, std::uint32_t vlan);

/// The same, with short ways for what most frames are: untagged, and IPv4 without options or not
/// IP.
inline Headers ParseHeaders(std::span<const std::byte> frame, std::uint32_t vlan) {
  constexpr std::size_t kShortest = 14 + 20 + 4;  // up to the ports
  if (frame.size() < kShortest) return ParseAnyHeaders(frame, vlan);
  std::uint32_t type_and_version, fragment_and_protocol;
  std::memcpy(&type_and_version, frame.data() + 12, sizeof type_and_version);
  std::memcpy(&fragment_and_protocol, frame.data() + 20, sizeof fragment_and_protocol);
  // As they lie in memory: 08 00 45; then any of the fragment's bits.
  if ((type_and_version & 0xFFFFFF) != 0x450008 || (fragment_and_protocol & 0xFF3F) != 0) {
    const std::uint32_t type = (type_and_version & 0xFF) << 8 | (type_and_version >> 8 & 0xFF);
    if (type != kIpv4Type && type != kIpv6Type && type != vlan) return {};
    return ParseAnyHeaders(frame, vlan);
  }
  return {.type = packet_type::kIpv4 | packet_type::OfProtocol(fragment_and_protocol >> 24),
          .l3 = 14,
          .l4 = 34};
}

inline std::uint32_t Load16(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<std::uint32_t>(bytes[at]) << 8 |
         std::to_integer<std::uint32_t>(bytes[at + 1]);
}

/// The EtherType of MAC control frames (IEEE 802.3, 31.4.1.3), of a frame of at least 14 bytes.
inline bool IsMacControl(std::span<const std::byte> frame) {
  std::uint16_t type;
  std::memcpy(&type, frame.data() + kEtherTypeOffset, sizeof type);
  return type == 0x0888;  // 0x8808 as it lies in memory
}

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_HEADERS_H_
