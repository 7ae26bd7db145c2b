#include "driver/ixgbe/eeprom.h"

#include <chrono>
#include <cstdio>
#include <string>

#include "driver/ixgbe/option_registers.h"

namespace ixylab::ixgbe {
namespace {

constexpr std::uint32_t kFirstPointer = 0x03;  // blocks that count in the checksum: words 3 to 0x0E
constexpr std::uint32_t kLastPointer = 0x0E;   // (0x0F, the firmware's, does not)
constexpr std::uint32_t kChecksumWord = 0x3F;
constexpr std::uint32_t kChecksum = 0xBABA;
constexpr std::uint32_t kWords = 0x4000;  // what EERD.ADDR can name

constexpr bool IsUnused(std::uint32_t word) { return word == 0 || word == 0xFFFF; }

// Section 8.2.3.2.2
std::uint32_t ReadWord(Bus& bus, std::uint32_t address) {
  bus.Write32(EERD.offset, EERD_START | address << EERD_ADDR_SHIFT);
  const auto is_done = [&] { return (bus.Read32(EERD.offset) & EERD_DONE) != 0; };
  if (!WaitUntil(bus, std::chrono::milliseconds(100), is_done)) {
    throw DeviceError("EERD (0x10014): no word " + std::to_string(address) +
                      " of the EEPROM within 100 ms");
  }
  return bus.Read32(EERD.offset) >> EERD_DATA_SHIFT;
}

}  // namespace

void CheckEeprom(Bus& bus) {
  if ((bus.Read32(EEC.offset) & EEC_EE_PRES) == 0)
    throw DeviceError("EEC (0x10010): EE_PRES is 0, the board has no valid EEPROM");
  std::uint32_t sum = 0;
  for (std::uint32_t address = 0; address <= kChecksumWord; ++address) {
    const std::uint32_t word = ReadWord(bus, address);
    sum += word;
    if (address < kFirstPointer || address > kLastPointer || IsUnused(word)) continue;
    // A pointer to a block: its length in words, then the words.
    const std::uint32_t length = ReadWord(bus, word);
    if (IsUnused(length) || word + length >= kWords) continue;
    for (std::uint32_t i = 1; i <= length; ++i) sum += ReadWord(bus, word + i);
  }
  if ((sum & 0xFFFF) != kChecksum) {
    char text[96];
    std::snprintf(text, sizeof text,
                  "EEPROM: checksum 0x%04x, 0x%04x expected: the board's EEPROM is damaged",
                  sum & 0xFFFF, kChecksum);
    throw DeviceError(text);
  }
}

}  // namespace ixylab::ixgbe
