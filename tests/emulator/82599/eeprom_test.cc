#include <gtest/gtest.h>

#include <optional>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

std::optional<std::uint16_t> ReadWord(Rig& rig, std::uint32_t address, unsigned port = 0) {
  rig.host.Write32(port, kEerd, 1 | address << 2);
  if (!rig.Until([&] { return (rig.host.Read32(port, kEerd) & 2) != 0; }, milliseconds(1))) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(rig.host.Read32(port, kEerd) >> 16);
}

TEST(Eeprom, AReadTakesTimeAndEndsWithDone) {
  Rig rig;
  rig.Write(kEerd, 1 | 0x3F << 2);
  EXPECT_EQ(rig.Read(kEerd) & 2, 0u);
  rig.host.Sleep(milliseconds(1));
  EXPECT_EQ(rig.Read(kEerd) & 0xFFFF, (0x3Fu << 2) | 2u);
}

// As Linux and DPDK compute it (ixgbe_calc_eeprom_checksum_generic).
TEST(Eeprom, ChecksumIsBaba) {
  Rig rig;
  std::uint16_t sum = 0;
  for (std::uint32_t address = 0; address <= 0x3F; ++address) {
    const auto word = ReadWord(rig, address);
    ASSERT_TRUE(word.has_value()) << address;
    sum += *word;
  }
  unsigned sections = 0;
  for (std::uint32_t pointer = 0x03; pointer <= 0x0E; ++pointer) {
    const std::uint16_t section = ReadWord(rig, pointer).value();
    if (section == 0 || section == 0xFFFF) continue;
    const std::uint16_t length = ReadWord(rig, section).value();
    if (length == 0 || length == 0xFFFF) continue;
    ++sections;
    for (std::uint32_t i = 1; i <= length; ++i) sum += ReadWord(rig, section + i).value();
  }
  EXPECT_EQ(sections, 2u);
  EXPECT_EQ(sum, 0xBABA);
}

TEST(Eeprom, HasVersionsThatDriversAccept) {
  Rig rig;
  const std::uint16_t firmware = ReadWord(rig, 0x0F).value();
  const std::uint16_t patch = ReadWord(rig, firmware + 4u).value();
  EXPECT_GT(ReadWord(rig, patch + 7u).value(), 5);
  const std::uint16_t capabilities = ReadWord(rig, 0x2C).value();
  EXPECT_NE(capabilities & 1u << 0, 0u) << "any SFP";
  EXPECT_NE(capabilities & 1u << 7, 0u) << "NO_CROSSTALK_WR";
}

TEST(Eeprom, IsOneForBothPortsWithAMacForEach) {
  Rig rig({}, {.mac = {0x02, 0x11, 0x22, 0x33, 0x44, 0xFF}});
  EXPECT_EQ(ReadWord(rig, 0x3F, 0), ReadWord(rig, 0x3F, 1));
  EXPECT_EQ(rig.host.Read32(0, kRal), 0x33221102u);
  EXPECT_EQ(rig.host.Read32(0, kRah), 0x8000FF44u);
  EXPECT_EQ(rig.host.Read32(1, kRal), 0x33221102u);
  EXPECT_EQ(rig.host.Read32(1, kRah), 0x80000045u) << "the next address: 02:11:22:33:45:00";
}

TEST(Eeprom, WhatIsNotThereReadsErased) {
  Rig rig;
  EXPECT_EQ(ReadWord(rig, 0x3FFF), 0xFFFF);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
