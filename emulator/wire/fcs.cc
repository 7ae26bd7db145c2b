#include "emulator/wire/fcs.h"

#include <array>

namespace ixylab::emulator {
namespace {

constexpr std::array<std::uint32_t, 256> kCrcOfByte = [] {
  constexpr std::uint32_t kReflectedPolynomial = 0xEDB88320;  // IEEE 802.3, 3.2.9
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    table[byte] = crc;
  }
  return table;
}();

}  // namespace

std::uint32_t FrameCheckSequence(std::span<const std::byte> frame) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (std::byte byte : frame) {
    crc = (crc >> 8) ^ kCrcOfByte[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFF];
  }
  return ~crc;
}

}  // namespace ixylab::emulator
