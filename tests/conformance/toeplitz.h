// Which queue a flow is on, with plain arithmetic: Toeplitz's hash under the key of Microsoft's
// "RSS Hash Verification Suite".
#ifndef TESTS_CONFORMANCE_TOEPLITZ_H_
#define TESTS_CONFORMANCE_TOEPLITZ_H_

#include <array>
#include <cstdint>
#include <span>

#include "tests/conformance/packets.h"

namespace ixylab::conformance {

inline constexpr std::array<std::uint8_t, 40> kRssKey = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

/// Bit by bit: for each bit of `input` that is set, the 32 bits of the key from there on.
inline std::uint32_t Toeplitz(std::span<const std::byte> input) {
  const auto key_bit = [](std::size_t n) { return kRssKey[n / 8] >> (7 - n % 8) & 1u; };
  std::uint32_t hash = 0;
  for (std::size_t bit = 0; bit < 8 * input.size(); ++bit) {
    if ((input[bit / 8] >> (7 - bit % 8) & std::byte{1}) == std::byte{0}) continue;
    for (std::size_t i = 0; i < 32; ++i) hash ^= key_bit(bit + i) << (31 - i);
  }
  return hash;
}

/// Of the addresses, or of addresses and `ports`.
inline std::uint32_t RssHash(const Packet& packet, bool ports) {
  const std::span bytes(packet.bytes);
  const auto addresses = packet.ipv6 ? bytes.subspan(packet.network_at + 8, 32)
                                     : bytes.subspan(packet.network_at + 12, 8);
  Bytes input(addresses.begin(), addresses.end());
  const auto of_ports = bytes.subspan(packet.transport_at, ports ? 4 : 0);
  input.insert(input.end(), of_ports.begin(), of_ports.end());
  return Toeplitz(input);
}

/// Queues take turns in a table of 128.
inline std::uint16_t QueueOf(std::uint32_t hash, std::uint16_t queues) {
  return static_cast<std::uint16_t>(hash % 128 % queues);
}

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_TOEPLITZ_H_
