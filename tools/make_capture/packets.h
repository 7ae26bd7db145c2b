// The packets of a small network, layer by layer: each function puts one header in front of its
// payload and fills in lengths and checksums. Numbers go in network order.
#ifndef TOOLS_MAKE_CAPTURE_PACKETS_H_
#define TOOLS_MAKE_CAPTURE_PACKETS_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ixylab::make_capture {

/// The bytes of a packet, or of the inner part of one.
using Bytes = std::string;

using Mac = std::array<std::uint8_t, 6>;
using Ipv4Address = std::array<std::uint8_t, 4>;
using Ipv6Address = std::array<std::uint8_t, 16>;

inline constexpr Mac kBroadcast = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

/// A machine on the network.
struct Station {
  Mac mac{};
  Ipv4Address ipv4{};
  Ipv6Address ipv6{};
};

/// EtherTypes.
inline constexpr std::uint16_t kArp = 0x0806;
inline constexpr std::uint16_t kVlan = 0x8100;
inline constexpr std::uint16_t kIpv4 = 0x0800;
inline constexpr std::uint16_t kIpv6 = 0x86DD;

/// IP protocol numbers.
inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIcmpv6 = 58;

/// `value` as two or four bytes.
Bytes Be16(std::uint32_t value);
Bytes Be32(std::uint32_t value);
template <std::size_t N>
Bytes AddressBytes(const std::array<std::uint8_t, N>& address) {
  return {address.begin(), address.end()};
}

Bytes Ethernet(const Mac& to, const Mac& from, std::uint16_t ether_type, const Bytes& payload);
/// `frame` with an 802.1Q tag. `priority` 0..7, `vlan` 1..4094.
Bytes Tagged(unsigned priority, unsigned vlan, const Bytes& frame);

enum class ArpOperation : std::uint16_t { kRequest = 1, kReply = 2 };
Bytes Arp(ArpOperation operation, const Station& sender, const Mac& target_mac,
          const Ipv4Address& target_ipv4);

/// Not to be fragmented, so the identification is 0 (RFC 6864).
Bytes Ipv4(const Ipv4Address& from, const Ipv4Address& to, std::uint8_t protocol,
           const Bytes& payload, std::uint8_t ttl = 64);
Bytes Ipv6(const Ipv6Address& from, const Ipv6Address& to, std::uint8_t next_header,
           const Bytes& payload, std::uint8_t hop_limit = 64);

/// The addresses, which the checksums of TCP, UDP and ICMPv6 cover too.
template <std::size_t N>
Bytes PseudoHeader(const std::array<std::uint8_t, N>& from, const std::array<std::uint8_t, N>& to) {
  return AddressBytes(from) + AddressBytes(to);
}

/// TCP flags.
inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kPsh = 0x08;
inline constexpr std::uint8_t kAck = 0x10;

struct TcpHeader {
  std::uint16_t from_port = 0;
  std::uint16_t to_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledge = 0;
  std::uint8_t flags = 0;
};
/// With the option of a maximum segment size of 1460 if kSyn is among the flags.
Bytes Tcp(const Bytes& pseudo_header, const TcpHeader& header, const Bytes& payload);
Bytes Udp(const Bytes& pseudo_header, std::uint16_t from_port, std::uint16_t to_port,
          const Bytes& payload);
/// `body` is what follows the checksum.
Bytes Icmp(std::uint8_t type, const Bytes& body);
Bytes Icmpv6(const Bytes& pseudo_header, std::uint8_t type, const Bytes& body);

}  // namespace ixylab::make_capture

#endif  // TOOLS_MAKE_CAPTURE_PACKETS_H_
