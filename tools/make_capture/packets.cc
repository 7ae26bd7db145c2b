#include "tools/make_capture/packets.h"

#include <algorithm>
#include <cstddef>

namespace ixylab::make_capture {
namespace {

Bytes Byte(unsigned value) { return Bytes(1, static_cast<char>(value)); }

/// The Internet checksum (RFC 1071).
std::uint16_t Checksum(std::string_view bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    sum += i % 2 == 0 ? byte << 8 : byte;
  }
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// `segment` with the checksum over it and the pseudo header (RFC 9293 section 3.1, RFC 8200
/// section 8.1) at `offset`, where it has zeros so far.
Bytes WithChecksum(const Bytes& pseudo_header, std::uint8_t protocol, Bytes segment,
                   std::size_t offset) {
  const auto size = static_cast<std::uint32_t>(segment.size());
  const std::uint16_t sum = Checksum(pseudo_header + Be32(protocol) + Be32(size) + segment);
  // 0 would mean "none" in UDP (RFC 768), and for the others it is the same number.
  return segment.replace(offset, 2, Be16(sum == 0 ? 0xFFFF : sum));
}

}  // namespace

Bytes Be16(std::uint32_t value) { return Byte(value >> 8) + Byte(value); }
Bytes Be32(std::uint32_t value) { return Be16(value >> 16) + Be16(value); }

Bytes Ethernet(const Mac& to, const Mac& from, std::uint16_t ether_type, const Bytes& payload) {
  return AddressBytes(to) + AddressBytes(from) + Be16(ether_type) + payload;
}

Bytes Tagged(unsigned priority, unsigned vlan, const Bytes& frame) {
  constexpr std::size_t kTypeOffset = 12;
  return frame.substr(0, kTypeOffset) + Be16(kVlan) + Be16(priority << 13 | vlan) +
         frame.substr(kTypeOffset);
}

Bytes Arp(ArpOperation operation, const Station& sender, const Mac& target_mac,
          const Ipv4Address& target_ipv4) {
  return Be16(1) + Be16(kIpv4) + Byte(6) + Byte(4) + Be16(static_cast<std::uint16_t>(operation)) +
         AddressBytes(sender.mac) + AddressBytes(sender.ipv4) + AddressBytes(target_mac) +
         AddressBytes(target_ipv4);
}

Bytes Ipv4(const Ipv4Address& from, const Ipv4Address& to, std::uint8_t protocol,
           const Bytes& payload, std::uint8_t ttl) {
  constexpr std::size_t kSize = 20;
  constexpr std::size_t kChecksumOffset = 10;
  Bytes header = Byte(0x45) + Byte(0) + Be16(static_cast<std::uint32_t>(kSize + payload.size())) +
                 Be16(0) + Be16(0x4000) + Byte(ttl) + Byte(protocol) + Be16(0) +
                 AddressBytes(from) + AddressBytes(to);
  header.replace(kChecksumOffset, 2, Be16(Checksum(header)));
  return header + payload;
}

Bytes Ipv6(const Ipv6Address& from, const Ipv6Address& to, std::uint8_t next_header,
           const Bytes& payload, std::uint8_t hop_limit) {
  return Be32(0x6000'0000) + Be16(static_cast<std::uint32_t>(payload.size())) + Byte(next_header) +
         Byte(hop_limit) + AddressBytes(from) + AddressBytes(to) + payload;
}

Bytes Tcp(const Bytes& pseudo_header, const TcpHeader& header, const Bytes& payload) {
  constexpr std::size_t kChecksumOffset = 16;
  const Bytes options = (header.flags & kSyn) != 0 ? Byte(2) + Byte(4) + Be16(1460) : Bytes();
  const std::size_t words = (20 + options.size()) / 4;
  return WithChecksum(pseudo_header, kTcp,
                      Be16(header.from_port) + Be16(header.to_port) + Be32(header.sequence) +
                          Be32(header.acknowledge) + Byte(static_cast<unsigned>(words << 4)) +
                          Byte(header.flags) + Be16(0xFFFF) + Be16(0) + Be16(0) + options + payload,
                      kChecksumOffset);
}

Bytes Udp(const Bytes& pseudo_header, std::uint16_t from_port, std::uint16_t to_port,
          const Bytes& payload) {
  constexpr std::size_t kChecksumOffset = 6;
  return WithChecksum(pseudo_header, kUdp,
                      Be16(from_port) + Be16(to_port) +
                          Be16(static_cast<std::uint32_t>(8 + payload.size())) + Be16(0) + payload,
                      kChecksumOffset);
}

Bytes Icmp(std::uint8_t type, const Bytes& body) {
  constexpr std::size_t kChecksumOffset = 2;
  Bytes message = Byte(type) + Byte(0) + Be16(0) + body;
  return message.replace(kChecksumOffset, 2, Be16(Checksum(message)));
}

Bytes Icmpv6(const Bytes& pseudo_header, std::uint8_t type, const Bytes& body) {
  constexpr std::size_t kChecksumOffset = 2;
  return WithChecksum(pseudo_header, kIcmpv6, Byte(type) + Byte(0) + Be16(0) + body,
                      kChecksumOffset);
}

}  // namespace ixylab::make_capture
