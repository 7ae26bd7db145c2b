#include "emulator/82599/checksum.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ixylab::emulator::intel82599 {
namespace {

std::vector<std::byte> Of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (int value : values) bytes.push_back(std::byte(value));
  return bytes;
}

std::span<const std::byte> Of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// A word at a time, as RFC 1071 describes it.
std::uint32_t SlowSum(std::span<const std::byte> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
    if (sum > 0xFFFF) sum -= 0xFFFF;
  }
  return sum;
}

TEST(OnesSum, Rfc1071Example) {
  // Section 3: the sum of these is 2ddf0 before folding, ddf2 after it.
  EXPECT_EQ(OnesSum(Of({0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7})), 0xDDF2u);
}

TEST(OnesSum, AnyLengthAndAlignment) {
  std::vector<std::byte> bytes(200);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i * i * 31 + 0x80);
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; size + begin <= bytes.size(); ++size) {
      const auto part = std::span(bytes).subspan(begin, size);
      ASSERT_EQ(OnesSum(part), SlowSum(part)) << begin << ", " << size;
    }
  }
}

TEST(OnesSum, ManyCarries) {
  const std::vector<std::byte> bytes(1 << 18, std::byte{0xFF});
  EXPECT_EQ(OnesSum(bytes), 0xFFFFu);
  EXPECT_EQ(OnesSum({}), 0u);
}

TEST(Fold, AddsTheCarries) {
  EXPECT_EQ(Fold(0), 0u);
  EXPECT_EQ(Fold(0xFFFF), 0xFFFFu);
  EXPECT_EQ(Fold(0x10000), 1u);
  EXPECT_EQ(Fold(0x1FFFF), 1u);
  EXPECT_EQ(Fold(0x2DDF0), 0xDDF2u);
  EXPECT_EQ(Fold(0xFFFF'FFFF'FFFF'FFFF), 0xFFFFu);
  EXPECT_EQ(Fold(0xFFFF'FFFF'FFFF'0000), 0xFFFFu);
}

// RFC 3720, B.4: CRCs of 32 bytes, there with the first byte on the wire first.
TEST(Crc32c, Rfc3720Examples) {
  EXPECT_EQ(Crc32c(std::vector<std::byte>(32)), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::vector<std::byte>(32, std::byte{0xFF})), 0x62A8AB43u);
  std::vector<std::byte> rising(32);
  for (std::size_t i = 0; i < 32; ++i) rising[i] = std::byte(i);
  EXPECT_EQ(Crc32c(rising), 0x46DD794Eu);
}

TEST(Crc32c, InPieces) {
  EXPECT_EQ(Crc32c(Of("123456789")), 0xE3069283u);
  for (std::size_t size = 0; size <= 9; ++size) {
    const std::string_view all = "123456789";
    EXPECT_EQ(Crc32c(Of(all.substr(size)), Crc32c(Of(all.substr(0, size)))), 0xE3069283u) << size;
  }
}

TEST(SctpChecksum, WhateverIsInTheField) {
  std::vector<std::byte> packet(40);
  for (std::size_t i = 0; i < 40; ++i) packet[i] = std::byte(i < 8 || i >= 12 ? 3 * i : 0);
  const std::uint32_t crc = Crc32c(packet);
  for (std::size_t i = 0; i < 4; ++i) packet[8 + i] = std::byte(crc >> 8 * i);
  EXPECT_EQ(SctpChecksum(packet), crc);
  EXPECT_EQ(StoredSctpChecksum(packet), crc);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
