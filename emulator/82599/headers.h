// What the receive filters recognise in a frame (datasheet 7.1.5.2, packet types; 7.1.2.8, RSS).
#ifndef EMULATOR_82599_HEADERS_H_
#define EMULATOR_82599_HEADERS_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace ixylab::emulator::intel82599 {

/// Packet type bits of an advanced receive descriptor (7.1.6.2), from its bit 4 on.
namespace packet_type {
inline constexpr std::uint32_t kIpv4 = 1u << 0;
inline constexpr std::uint32_t kIpv4Options = 1u << 1;
inline constexpr std::uint32_t kIpv6 = 1u << 2;
inline constexpr std::uint32_t kIpv6Extensions = 1u << 3;
inline constexpr std::uint32_t kTcp = 1u << 4;
inline constexpr std::uint32_t kUdp = 1u << 5;
inline constexpr std::uint32_t kSctp = 1u << 6;
}  // namespace packet_type

struct Headers {
  std::uint32_t type = 0;  // of packet_type
  std::uint32_t l3 = 0;    // offset of the IP header, where type says that there is one
  std::uint32_t l4 = 0;    // offset of the TCP or UDP header, likewise
};

/// Looks no further than `frame` goes and says nothing about what is cut off.
Headers ParseHeaders(std::span<const std::byte> frame);

inline std::uint32_t Load16(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<std::uint32_t>(bytes[at]) << 8 |
         std::to_integer<std::uint32_t>(bytes[at + 1]);
}

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_HEADERS_H_
