#include "driver/ixgbe/eeprom.h"

#include <cstdio>

namespace ixylab::ixgbe {
namespace {

constexpr std::uint16_t kFirstPointer = 0x03;  // blocks that count in the checksum: words 3 to 0x0E
constexpr std::uint16_t kLastPointer = 0x0E;   // (0x0F, the firmware's, does not)
constexpr std::uint16_t kChecksumWord = 0x3F;
constexpr std::uint16_t kChecksum = 0xBABA;
constexpr std::uint16_t kWords = 0x4000;  // what EERD.ADDR can name

constexpr bool IsUnused(std::uint16_t word) { return word == 0 || word == 0xFFFF; }

}  // namespace

// Section 8.2.3.2.2
std::uint16_t ReadEepromWord(RegisterAccess& registers, std::uint16_t address) {
  registers.Write(EERD, EERD_START | std::uint32_t{address} << EERD_ADDR_SHIFT);
  registers.WaitFor(EERD, EERD_DONE, EERD_DONE, std::chrono::milliseconds(100));
  return static_cast<std::uint16_t>(registers.Read(EERD) >> EERD_DATA_SHIFT);
}

void CheckEeprom(RegisterAccess& registers) {
  if ((registers.Read(EEC) & EEC_EE_PRES) == 0) {
    throw DeviceError("EEC (0x10010): EE_PRES is 0, the board has no valid EEPROM");
  }
  std::uint16_t sum = 0;
  for (std::uint16_t address = 0; address <= kChecksumWord; ++address) {
    const std::uint16_t word = ReadEepromWord(registers, address);
    sum = static_cast<std::uint16_t>(sum + word);
    if (address < kFirstPointer || address > kLastPointer || IsUnused(word)) continue;
    // A pointer to a block: its length in words, then the words.
    const std::uint16_t length = ReadEepromWord(registers, word);
    if (IsUnused(length) || word + length >= kWords) continue;
    for (std::uint16_t i = 1; i <= length; ++i) {
      const auto block_address = static_cast<std::uint16_t>(word + i);
      sum = static_cast<std::uint16_t>(sum + ReadEepromWord(registers, block_address));
    }
  }
  if (sum != kChecksum) {
    char text[96];
    std::snprintf(text, sizeof text,
                  "EEPROM: checksum 0x%04x, 0x%04x expected: the board's EEPROM is damaged", sum,
                  kChecksum);
    throw DeviceError(text);
  }
}

}  // namespace ixylab::ixgbe
