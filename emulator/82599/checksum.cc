#include "emulator/82599/checksum.h"

#include <array>
#include <bit>
#include <cstring>

namespace ixylab::emulator::intel82599 {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t kSctpChecksumOffset = 8, kSctpHeaderSize = 12;

constexpr std::array<std::array<std::uint32_t, 256>, 8> kCrcTables = [] {
  constexpr std::uint32_t kReflectedPolynomial = 0x82F63B78;
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    }
    tables[0][byte] = crc;
  }
  // Table n: the same byte with n zeros after it.
  for (std::size_t n = 1; n < tables.size(); ++n) {
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t crc = tables[n - 1][byte];
      tables[n][byte] = (crc >> 8) ^ tables[0][crc & 0xFF];
    }
  }
  return tables;
}();

std::uint64_t Load64(const std::byte* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

// RFC 1071, 2: the sum does not depend on the byte order (B), nor on the width of the words (C).
std::uint32_t OnesSum(std::span<const std::byte> bytes) {
  std::uint64_t low = 0, high = 0;  // of 32 bits each: 16 GiB until they overflow
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint64_t word = Load64(at);
    low += word & 0xFFFF'FFFF;
    high += word >> 32;
  }
  // Which of a word's halves the rest is added to makes no difference, only that bytes stay even or
  // odd.
  if ((left & 4) != 0) {
    std::uint32_t rest;
    std::memcpy(&rest, at, sizeof rest);
    low += rest;
    at += sizeof rest;
  }
  if ((left & 2) != 0) {
    std::uint16_t rest;
    std::memcpy(&rest, at, sizeof rest);
    low += rest;
    at += sizeof rest;
  }
  if ((left & 1) != 0) low += std::to_integer<std::uint64_t>(*at);
  const std::uint32_t sum = Fold(low + high);
  return (sum >> 8) | (sum & 0xFF) << 8;
}

std::uint32_t Crc32c(std::span<const std::byte> bytes, std::uint32_t before) {
  std::uint32_t crc = ~before;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint64_t word = Load64(at) ^ crc;
    crc = 0;
    for (unsigned i = 0; i < 8; ++i) crc ^= kCrcTables[7 - i][word >> 8 * i & 0xFF];
  }
  for (; left > 0; --left, ++at) {
    crc = (crc >> 8) ^ kCrcTables[0][(crc ^ std::to_integer<std::uint32_t>(*at)) & 0xFF];
  }
  return ~crc;
}

std::uint32_t SctpChecksum(std::span<const std::byte> packet) {
  constexpr std::array<std::byte, 4> kZero{};
  const std::uint32_t ports_and_tag = Crc32c(packet.first(kSctpChecksumOffset));
  return Crc32c(packet.subspan(kSctpHeaderSize), Crc32c(kZero, ports_and_tag));
}

std::uint32_t StoredSctpChecksum(std::span<const std::byte> packet) {
  std::uint32_t checksum;
  std::memcpy(&checksum, packet.data() + kSctpChecksumOffset, sizeof checksum);
  return checksum;
}

}  // namespace ixylab::emulator::intel82599
