// The checksums that the chip computes for software: the Internet's (RFC 1071) and SCTP's (RFC
// 9260, appendix A).
#ifndef EMULATOR_82599_CHECKSUM_H_
#define EMULATOR_82599_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace ixylab::emulator::intel82599 {

/// The one's complement sum of the 16-bit words (in network order) of `bytes`, at most 0xFFFF and
/// not complemented. An odd byte at the end counts as a word's upper half. Such sums, and numbers
/// of a pseudo-header (protocol, length), may be added as plain integers and folded at the end.
std::uint32_t OnesSum(std::span<const std::byte> bytes);

/// `sum` with the carries added back in, at most 0xFFFF.
constexpr std::uint32_t Fold(std::uint64_t sum) {
  sum = (sum & 0xFFFF'FFFF) + (sum >> 32);
  sum = (sum & 0xFFFF'FFFF) + (sum >> 32);
  sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint32_t>((sum & 0xFFFF) + (sum >> 16));
}

/// The CRC32c of `bytes`, or, with the CRC of what is before them, of both.
std::uint32_t Crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

/// The checksum that belongs into an SCTP packet (its common header of 12 bytes, and chunks).
std::uint32_t SctpChecksum(std::span<const std::byte> packet);
/// The one that is in it. Its least significant byte comes first.
std::uint32_t StoredSctpChecksum(std::span<const std::byte> packet);

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_CHECKSUM_H_
