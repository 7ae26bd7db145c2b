#include <gtest/gtest.h>

#include <map>
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

// ixgbe_get_sfp_init_sequence_offsets and ixgbe_setup_sfp_modules_82599 in Linux and DPDK.
TEST(Eeprom, HasSettingsForEachKindOfModule) {
  Rig rig;
  std::map<std::uint16_t, std::uint16_t> data;
  std::uint32_t list = ReadWord(rig, 0x2B).value();
  ASSERT_NE(list, 0u);
  ASSERT_NE(list, 0xFFFFu);
  for (++list; ReadWord(rig, list) != 0xFFFF && data.size() < 20; list += 2) {
    data[ReadWord(rig, list).value()] = ReadWord(rig, list + 1).value();
  }
  for (const std::uint16_t kind : {3, 4, 5, 6}) {  // cables and optics, at port 0 and 1
    ASSERT_TRUE(data.contains(kind)) << kind;
    std::uint32_t at = data[kind];
    ASSERT_NE(at, 0u);
    ASSERT_NE(at, 0xFFFFu);
    unsigned values = 0;
    for (++at; ReadWord(rig, at) != 0xFFFF && values < 20; ++at) ++values;
    EXPECT_EQ(values, 1u) << kind;
  }
}

TEST(Eeprom, HasWhatDriversShow) {
  Rig rig;
  EXPECT_EQ(ReadWord(rig, 0x15), 0xE656) << "PBA number E65689-001";
  EXPECT_EQ(ReadWord(rig, 0x16), 0x8901);
  EXPECT_EQ(ReadWord(rig, 0x28), 0xFFFF) << "no SAN MAC address";
  EXPECT_EQ(ReadWord(rig, 0x37), 0) << "no alternate MAC address";
  EXPECT_NE(ReadWord(rig, 0x2E).value() & 0x8000, 0) << "the image's version is valid";
  const std::uint16_t firmware = ReadWord(rig, 0x0F).value();
  EXPECT_EQ(ReadWord(rig, firmware + 2u), 0) << "no LESM firmware";
}

TEST(Eeprom, AnyVendorsModuleIsAChoice) {
  Rig rig({}, {.any_vendors_module = false});
  EXPECT_EQ(ReadWord(rig, 0x2C), 0x0080);
}

TEST(Eeprom, EewrWritesAWordForBothPorts) {
  constexpr std::uint32_t kEewr = 0x10018;
  Rig rig;
  EXPECT_EQ(rig.Read(kEewr) & 2, 2u) << "DPDK waits for DONE before the first word";
  rig.Write(kEewr, 1 | 0x20 << 2 | 0xABCDu << 16);
  EXPECT_EQ(rig.Read(kEewr) & 3, 0u);
  ASSERT_TRUE(rig.Until([&] { return (rig.Read(kEewr) & 2) != 0; }));
  EXPECT_EQ(ReadWord(rig, 0x20, 1), 0xABCD);
  rig.Write(kEewr, 1 | 0x3FFF << 2 | 0xABCDu << 16);
  ASSERT_TRUE(rig.Until([&] { return (rig.Read(kEewr) & 2) != 0; }));
  EXPECT_EQ(ReadWord(rig, 0x3FFF), 0xFFFF) << "there is no such word";
}

/// The EEPROM bit by bit through EEC, as Linux's ixgbe_write_eeprom_buffer_bit_bang does.
class BitBang {
 public:
  explicit BitBang(Rig& rig) : rig_(rig) {
    Change(kRequest, true);
    EXPECT_NE(rig_.Read(kEec) & 1u << 7, 0u) << "granted";
    Change(kSelect | kClock, false);
  }
  ~BitBang() {
    Change(kSelect, true);
    Change(kRequest, false);
  }
  void Standby() {
    Change(kSelect, true);
    Change(kSelect, false);
  }
  void Out(std::uint32_t value, unsigned bits) {
    while (bits-- > 0) {
      Change(kIn, (value >> bits & 1) != 0);
      Change(kClock, true);
      Change(kClock, false);
    }
  }
  std::uint32_t In(unsigned bits) {
    std::uint32_t value = 0;
    while (bits-- > 0) {
      Change(kClock, true);
      value = value << 1 | (rig_.Read(kEec) >> 3 & 1);
      Change(kClock, false);
    }
    return value;
  }

 private:
  static constexpr std::uint32_t kClock = 1, kSelect = 2, kIn = 4, kRequest = 0x40;
  void Change(std::uint32_t bits, bool high) {
    const std::uint32_t eec = rig_.Read(kEec);
    rig_.Write(kEec, high ? eec | bits : eec & ~bits);
  }
  Rig& rig_;
};

TEST(Eeprom, BitByBitItReadsAndWrites) {
  constexpr std::uint32_t kWriteCommand = 2, kReadCommand = 3, kStatus = 5, kWriteEnable = 6;
  Rig rig;
  const std::uint16_t before = ReadWord(rig, 0x20).value();
  {
    BitBang eeprom(rig);
    eeprom.Out(kStatus, 8);
    EXPECT_EQ(eeprom.In(8), 0u) << "not busy";
    eeprom.Standby();
    eeprom.Out(kWriteCommand, 8);
    eeprom.Out(0x20 * 2, 16);
    eeprom.Out(0x3412, 16);
  }
  EXPECT_EQ(ReadWord(rig, 0x20), before) << "was not enabled";
  {
    BitBang eeprom(rig);
    eeprom.Out(kWriteEnable, 8);
    eeprom.Standby();
    eeprom.Out(kStatus, 8);
    EXPECT_EQ(eeprom.In(8), 2u);
    eeprom.Standby();
    eeprom.Out(kWriteCommand, 8);
    eeprom.Out(0x20 * 2, 16);
    eeprom.Out(0x3412, 16);  // the lower byte first
    eeprom.Out(0x7856, 16);
    eeprom.Standby();
    eeprom.Out(kStatus, 8);
    EXPECT_EQ(eeprom.In(8), 0u) << "until the next WREN";
    eeprom.Standby();
    eeprom.Out(kReadCommand, 8);
    eeprom.Out(0x20 * 2, 16);
    EXPECT_EQ(eeprom.In(16), 0x3412u);
    EXPECT_EQ(eeprom.In(16), 0x7856u);
  }
  EXPECT_EQ(ReadWord(rig, 0x20), 0x1234);
  EXPECT_EQ(ReadWord(rig, 0x21), 0x5678);
}

TEST(Eeprom, AnAddressWrittenToItIsThePortsAfterAReset) {
  Rig rig;
  const std::uint32_t section = ReadWord(rig, 0x09).value();
  rig.Write(0x10018, 1 | (section + 1) << 2 | 0x2211u << 16);
  rig.host.Sleep(milliseconds(10));
  EXPECT_EQ(rig.Read(kRal), 0x00211B02u);
  rig.Reset();
  EXPECT_EQ(rig.Read(kRal), 0x00212211u);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
