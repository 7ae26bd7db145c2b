#include "tests/conformance/packets.h"

#include <arpa/inet.h>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>

namespace ixylab::conformance {

namespace {

constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kIpv4Header = 20, kIpv6Header = 40;
constexpr std::size_t kTcpHeader = 20, kUdpHeader = 8;
constexpr std::uint64_t kTypeIpv4 = 0x0800, kTypeIpv6 = 0x86DD, kTypeVlan = 0x8100;

void PutAddress(Packet& packet, std::size_t at, const char* text) {
  if (inet_pton(packet.ipv6 ? AF_INET6 : AF_INET, text, packet.bytes.data() + at) != 1)
    throw std::invalid_argument(std::string("no IP address: ") + text);
}

}  // namespace

std::uint64_t GetNumber(std::span<const std::byte> frame, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value = value << 8 | std::to_integer<std::uint64_t>(frame[at + i]);
  return value;
}

void PutNumber(std::span<std::byte> frame, std::size_t at, std::size_t bytes, std::uint64_t value) {
  for (std::size_t i = 0; i < bytes; ++i)
    frame[at + i] = static_cast<std::byte>(value >> 8 * (bytes - 1 - i));
}

std::uint16_t InternetSum(std::span<const std::byte> bytes, std::uint32_t sum) {
  for (std::size_t at = 0; at < bytes.size(); ++at)
    sum += std::to_integer<std::uint32_t>(bytes[at]) << (at % 2 == 0 ? 8 : 0);
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

std::uint16_t Packet::PseudoHeaderSum() const {
  const std::size_t ip_length = GetNumber(bytes, network_at + (ipv6 ? 4 : 2), 2);
  const std::size_t length = ipv6 ? ip_length : ip_length - (transport_at - network_at);
  const std::span all(bytes);
  const auto addresses = ipv6 ? all.subspan(network_at + 8, 32) : all.subspan(network_at + 12, 8);
  return InternetSum(addresses,
                     static_cast<std::uint32_t>(length) + static_cast<std::uint32_t>(transport));
}

void Packet::Complete() {
  const std::span all(bytes);
  if (!ipv6) {
    PutNumber(all, ip_checksum_at(), 2, 0);
    PutNumber(all, ip_checksum_at(), 2,
              0xFFFF ^ InternetSum(all.subspan(network_at, transport_at - network_at)));
  }
  if (transport == Transport::kNone) return;
  PutNumber(all, checksum_at(), 2, 0);
  const std::size_t end =
      network_at + GetNumber(bytes, network_at + (ipv6 ? 4 : 2), 2) + (ipv6 ? kIpv6Header : 0);
  std::uint16_t checksum =
      0xFFFF ^ InternetSum(all.subspan(transport_at, end - transport_at), PseudoHeaderSum());
  // RFC 768: "an all zero transmitted checksum value means that the transmitter generated no
  // checksum".
  if (transport == Transport::kUdp && checksum == 0) checksum = 0xFFFF;
  PutNumber(all, checksum_at(), 2, checksum);
}

Packet MakePacket(const MacAddress& destination, const MacAddress& source,
                  const PacketOptions& options) {
  Packet packet{.ipv6 = std::string(options.flow.source).find(':') != std::string::npos,
                .transport = options.transport};
  packet.network_at = kEthernetHeader + (options.vlan ? kVlanTagSize : 0);
  packet.transport_at =
      packet.network_at + (packet.ipv6 ? kIpv6Header : kIpv4Header + options.ip_options);
  const std::size_t header = packet.transport == Transport::kTcp   ? kTcpHeader
                             : packet.transport == Transport::kUdp ? kUdpHeader
                                                                   : 0;
  const std::size_t size = packet.transport_at + header + options.payload;
  packet.bytes.resize(std::max<std::size_t>(size, 60));
  const std::span<std::byte> frame(packet.bytes);
  const auto put = [&](std::size_t at, std::size_t bytes, std::uint64_t value) {
    PutNumber(frame, at, bytes, value);
  };

  std::ranges::copy(std::as_bytes(std::span(destination)), frame.begin());
  std::ranges::copy(std::as_bytes(std::span(source)), frame.begin() + 6);
  if (options.vlan) put(12, 4, kTypeVlan << 16 | *options.vlan);
  put(packet.network_at - 2, 2, packet.ipv6 ? kTypeIpv6 : kTypeIpv4);

  const std::size_t ip = packet.network_at;
  const auto protocol = static_cast<std::uint64_t>(packet.transport);
  if (packet.ipv6) {
    put(ip, 4, 0x60000000);
    put(ip + 4, 2, size - ip - kIpv6Header);
    put(ip + 6, 2, protocol << 8 | 64);  // hop limit
    PutAddress(packet, ip + 8, options.flow.source);
    PutAddress(packet, ip + 24, options.flow.destination);
  } else {
    put(ip, 2, (0x40 + (packet.transport_at - ip) / 4) << 8);
    put(ip + 2, 2, size - ip);
    put(ip + 4, 2, options.number & 0xFFFF);
    put(ip + 6, 2, options.fragment);
    put(ip + 8, 2, std::uint64_t{64} << 8 | protocol);  // time to live
    PutAddress(packet, ip + 12, options.flow.source);
    PutAddress(packet, ip + 16, options.flow.destination);
    std::ranges::fill(frame.subspan(ip + kIpv4Header, options.ip_options), std::byte{1});  // NOP
  }

  const std::size_t at = packet.transport_at;
  if (packet.transport != Transport::kNone) {
    put(at, 2, options.flow.source_port);
    put(at + 2, 2, options.flow.destination_port);
  }
  if (packet.transport == Transport::kTcp) {
    put(at + 4, 8, options.number << 32);   // sequence, acknowledgment
    put(at + 12, 4, 0x50100000 | 0x2000u);  // 20 bytes of header, ACK, window
  } else if (packet.transport == Transport::kUdp) {
    put(at + 4, 2, size - at);
  }
  std::mt19937_64 random(options.number);
  std::ranges::generate(frame.subspan(at + header, options.payload),
                        [&] { return static_cast<std::byte>(random()); });
  packet.Complete();
  return packet;
}

Bytes Tagged(std::span<const std::byte> frame, std::uint16_t vlan) {
  constexpr std::size_t kAddresses = 12;
  Bytes tagged(frame.begin(), frame.end());
  tagged.insert(tagged.begin() + kAddresses, kVlanTagSize, std::byte{0});
  PutNumber(tagged, kAddresses, kVlanTagSize, kTypeVlan << 16 | vlan);
  return tagged;
}

}  // namespace ixylab::conformance
