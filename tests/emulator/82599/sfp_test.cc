// SFP+ modules, read as Linux reads them: by a master of the two-wire bus that moves its lines with
// I2CCTL, one step at a time, and looks at what came of it.
#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <vector>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kI2cctl = 0x00028;
constexpr std::uint32_t kClockIn = 1, kClockOut = 2, kDataIn = 4, kDataOut = 8;

/// A master after NXP's UM10204. Each step is a write of the register that changes one line.
class Master {
 public:
  explicit Master(Rig& rig, unsigned port = 0) : rig_(rig), port_(port) {}

  std::uint32_t Lines() { return rig_.host.Read32(port_, kI2cctl); }
  bool Data() { return (Lines() & kDataIn) != 0; }
  void Clock(bool high) { Set(kClockOut, high); }
  void Data(bool high) { Set(kDataOut, high); }

  void Start() {
    Data(true);
    Clock(true);
    Data(false);
    Clock(false);
  }
  void Stop() {
    Data(false);
    Clock(true);
    Data(true);
  }
  bool Pulse() {
    Clock(true);
    const bool bit = Data();
    Clock(false);
    return bit;
  }
  /// True if the other end acknowledged.
  bool Out(std::uint8_t byte) {
    for (int bit = 7; bit >= 0; --bit) {
      Data((byte >> bit & 1) != 0);
      EXPECT_EQ(Pulse(), (byte >> bit & 1) != 0) << "somebody else pulls the line low";
    }
    Data(true);
    return !Pulse();
  }
  std::uint8_t In(bool acknowledge) {
    unsigned byte = 0;
    for (int bit = 0; bit < 8; ++bit) byte = byte << 1 | (Pulse() ? 1 : 0);
    Data(!acknowledge);
    Pulse();
    Data(true);
    return static_cast<std::uint8_t>(byte);
  }

  /// `size` bytes from `offset` on; nothing without an acknowledgement.
  std::optional<std::vector<std::uint8_t>> Read(std::uint8_t address, std::uint8_t offset,
                                                std::size_t size) {
    Start();
    if (!Out(address) || !Out(offset)) return GiveUp();
    Start();
    if (!Out(address | 1)) return GiveUp();
    std::vector<std::uint8_t> bytes;
    while (bytes.size() < size) bytes.push_back(In(bytes.size() + 1 < size));
    Stop();
    return bytes;
  }
  std::vector<std::uint8_t> Page(std::uint8_t address) {
    return Read(address, 0, 256).value_or(std::vector<std::uint8_t>(256, 0xEE));
  }

 private:
  std::nullopt_t GiveUp() {
    Stop();
    return std::nullopt;
  }
  void Set(std::uint32_t bit, bool high) {
    const std::uint32_t lines = Lines();
    rig_.host.Write32(port_, kI2cctl, high ? lines | bit : lines & ~bit);
  }

  Rig& rig_;
  unsigned port_;
};

std::uint8_t Sum(const std::vector<std::uint8_t>& page, std::size_t first, std::size_t end) {
  return static_cast<std::uint8_t>(std::accumulate(page.begin() + first, page.begin() + end, 0u) &
                                   0xFF);
}

std::string Text(const std::vector<std::uint8_t>& page, std::size_t offset, std::size_t size) {
  return {page.begin() + offset, page.begin() + offset + size};
}

ChipConfig With(SfpModule module) { return {.modules = {module, SfpModule::kShortRange}}; }

TEST(SfpBus, LinesAreHighAtRestAndFollowTheMaster) {
  Rig rig;
  EXPECT_EQ(rig.Read(kI2cctl), kClockIn | kClockOut | kDataIn | kDataOut);
  rig.Write(kI2cctl, kClockOut);
  EXPECT_EQ(rig.Read(kI2cctl), kClockIn | kClockOut);
  rig.Write(kI2cctl, 0);
  EXPECT_EQ(rig.Read(kI2cctl), 0u);
  rig.Write(kI2cctl, kDataOut | kClockIn);  // what is an input cannot be written
  EXPECT_EQ(rig.Read(kI2cctl), kDataOut | kDataIn);
}

TEST(SfpBus, AnswersItsTwoAddressesOnly) {
  Rig rig;
  Master master(rig);
  for (unsigned address = 0; address < 256; address += 2) {
    master.Start();
    EXPECT_EQ(master.Out(static_cast<std::uint8_t>(address)), address == 0xA0 || address == 0xA2)
        << address;
    master.Stop();
  }
}

// The second way to read at random (UM10204, 3.1.10): stop, and start anew; the offset is kept. And
// one more byte is the next one.
TEST(SfpBus, KeepsTheOffsetBetweenTransfers) {
  Rig rig;
  Master master(rig);
  const std::vector<std::uint8_t> page = master.Page(0xA0);
  master.Start();
  ASSERT_TRUE(master.Out(0xA0));
  ASSERT_TRUE(master.Out(37));
  master.Stop();
  for (unsigned offset = 37; offset < 40; ++offset) {
    master.Start();
    ASSERT_TRUE(master.Out(0xA1));
    EXPECT_EQ(master.In(false), page[offset]) << offset;
    master.Stop();
  }
}

TEST(SfpBus, ReadsRunOnToTheNextByteAndAroundTheEnd) {
  Rig rig;
  Master master(rig);
  const auto bytes = master.Read(0xA0, 254, 4);
  ASSERT_TRUE(bytes.has_value());
  const std::vector<std::uint8_t> page = master.Page(0xA0);
  EXPECT_EQ(*bytes, (std::vector<std::uint8_t>{page[254], page[255], page[0], page[1]}));
}

TEST(SfpBus, NineClocksEndWhateverWasGoingOn) {
  Rig rig;
  Master master(rig);
  // A master that was reset in the middle of a byte that the module sends: of 0x03, bit 3.
  master.Start();
  ASSERT_TRUE(master.Out(0xA0));
  ASSERT_TRUE(master.Out(0));
  master.Start();
  ASSERT_TRUE(master.Out(0xA1));
  for (int bit = 0; bit < 4; ++bit) EXPECT_FALSE(master.Pulse());
  EXPECT_FALSE(master.Data()) << "the module holds the line";
  rig.Write(kCtrl, 1u << 26);
  EXPECT_FALSE(master.Data()) << "which the reset of a MAC does not change";
  for (int clock = 0; clock < 9; ++clock) {
    master.Data(true);
    master.Pulse();
  }
  EXPECT_TRUE(master.Data());
  EXPECT_EQ(master.Read(0xA0, 0, 1), std::vector<std::uint8_t>{0x03});
}

TEST(SfpBus, AStartInTheMiddleOfAByteBeginsAnew) {
  Rig rig;
  Master master(rig);
  master.Start();
  ASSERT_TRUE(master.Out(0xA0));
  for (int bit = 0; bit < 3; ++bit) {
    master.Data(true);
    master.Pulse();
  }
  EXPECT_EQ(master.Read(0xA0, 3, 1), std::vector<std::uint8_t>{0x10});
}

TEST(SfpBus, WritesReachTheUsersPartOnly) {
  Rig rig;
  Master master(rig);
  const std::vector<std::uint8_t> identity = master.Page(0xA0);
  const std::vector<std::uint8_t> diagnostics = master.Page(0xA2);
  for (const std::uint8_t address : {0xA0, 0xA2}) {
    for (const std::uint8_t offset : {0, 127, 128, 247, 248}) {
      master.Start();
      EXPECT_TRUE(master.Out(address));
      EXPECT_TRUE(master.Out(offset));
      EXPECT_TRUE(master.Out(0x5A));
      master.Stop();
    }
  }
  EXPECT_EQ(master.Page(0xA0), identity);
  std::vector<std::uint8_t> expected = diagnostics;
  expected[128] = expected[247] = 0x5A;
  EXPECT_EQ(master.Page(0xA2), expected);
}

// ixgbe_identify_sfp_module_generic in Linux and DPDK.
TEST(SfpModule, IsA10GigabitShortRangeOneOfIntels) {
  Rig rig;
  for (unsigned port = 0; port < 2; ++port) {
    const std::vector<std::uint8_t> page = Master(rig, port).Page(0xA0);
    EXPECT_EQ(page[0], 0x03) << "SFP";
    EXPECT_EQ(page[3], 0x10) << "10GBASE-SR";
    EXPECT_EQ(page[6], 0) << "nothing at 1 Gbit/s";
    EXPECT_EQ(page[8] & 0x0C, 0) << "no cable";
    EXPECT_EQ(page[37] << 16 | page[38] << 8 | page[39], 0x001B21);
  }
}

// SFF-8472: what ethtool -m shows.
TEST(SfpModule, MemoryIsAsTheStandardSays) {
  Rig rig;
  Master master(rig);
  const std::vector<std::uint8_t> page = master.Page(0xA0);
  EXPECT_EQ(page[1], 4) << "serial ID";
  EXPECT_EQ(page[2], 7) << "LC";
  EXPECT_EQ(page[12], 103) << "10.3 Gbit/s";
  EXPECT_EQ(Text(page, 20, 16), "Intel Corp      ");
  EXPECT_EQ(Text(page, 68, 16), "IXY00001        ");
  EXPECT_EQ(page[60] << 8 | page[61], 850);
  EXPECT_EQ(page[63], Sum(page, 0, 63)) << "CC_BASE";
  EXPECT_EQ(page[95], Sum(page, 64, 95)) << "CC_EXT";
  EXPECT_EQ(page[92] & 0x40, 0x40) << "diagnostics are there";
  EXPECT_EQ(page[92] & 0x04, 0) << "and need no change of address, which Linux does not do";
  EXPECT_NE(page[94], 0) << "by which revision";

  const std::vector<std::uint8_t> values = master.Page(0xA2);
  EXPECT_EQ(values[95], Sum(values, 0, 95)) << "CC_DMI";
  for (unsigned quantity = 0; quantity < 5; ++quantity) {
    const auto word = [&](std::size_t at) {
      return static_cast<std::int16_t>(values[at] << 8 | values[at + 1]);
    };
    const auto unsigned_word = [&](std::size_t at) { return static_cast<std::uint16_t>(word(at)); };
    if (quantity == 0) {  // the temperature may be below 0
      EXPECT_LT(word(2), word(96));
      EXPECT_LT(word(96), word(0));
      continue;
    }
    const std::size_t at = 8 * quantity;
    EXPECT_GT(unsigned_word(at), unsigned_word(at + 4)) << quantity;
    EXPECT_GT(unsigned_word(at + 4), unsigned_word(96 + 2 * quantity)) << quantity;
    EXPECT_GT(unsigned_word(96 + 2 * quantity), unsigned_word(at + 6)) << quantity;
    EXPECT_GT(unsigned_word(at + 6), unsigned_word(at + 2)) << quantity;
  }
}

TEST(SfpModule, EachPortHasItsOwn) {
  Rig rig({}, {.modules = {SfpModule::kShortRange, SfpModule::kLongRange}});
  EXPECT_EQ(Master(rig, 0).Page(0xA0)[3], 0x10);
  EXPECT_EQ(Master(rig, 1).Page(0xA0)[3], 0x20);
  EXPECT_EQ(Text(Master(rig, 1).Page(0xA0), 68, 8), "IXY00002");
}

TEST(SfpModule, AnEmptyCageAnswersNothingAndHasNoLink) {
  Rig rig({}, With(SfpModule::kNone));
  Master master(rig);
  EXPECT_EQ(master.Read(0xA0, 0, 1), std::nullopt);
  EXPECT_EQ(rig.Read(kI2cctl), kClockIn | kClockOut | kDataIn | kDataOut);
  EXPECT_EQ(rig.Read(kEsdp) & 1u << 2, 0u) << "SDP2: a module is there";
  EXPECT_FALSE(rig.WaitForLink());
  EXPECT_EQ(rig.partner.carriers, std::vector<bool>{});
  EXPECT_NE(rig.host.Read32(1, kEsdp) & 1u << 2, 0u);
}

TEST(SfpModule, OtherKindsSayWhatTheyAre) {
  {
    Rig rig({}, With(SfpModule::kDualRateShortRange));
    const std::vector<std::uint8_t> page = Master(rig).Page(0xA0);
    EXPECT_EQ(page[3], 0x10);
    EXPECT_EQ(page[6], 0x01) << "1000BASE-SX: Linux calls that multispeed";
    EXPECT_TRUE(rig.WaitForLink());
  }
  {
    Rig rig({}, With(SfpModule::kPassiveCopper));
    Master master(rig);
    const std::vector<std::uint8_t> page = master.Page(0xA0);
    EXPECT_EQ(page[3], 0);
    EXPECT_EQ(page[8], 0x04) << "passive cable";
    EXPECT_EQ(page[92], 0) << "no diagnostics";
    EXPECT_EQ(master.Read(0xA2, 0, 1), std::nullopt);
    EXPECT_TRUE(rig.WaitForLink());
  }
  {
    Rig rig({}, With(SfpModule::kOtherVendor));
    const std::vector<std::uint8_t> page = Master(rig).Page(0xA0);
    EXPECT_EQ(page[3], 0x10);
    EXPECT_NE(page[37] << 16 | page[38] << 8 | page[39], 0x001B21);
    EXPECT_EQ(page[63], Sum(page, 0, 63));
  }
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
