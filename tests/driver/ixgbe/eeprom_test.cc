#include "driver/ixgbe/eeprom.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "driver/open.h"
#include "tests/driver/ixgbe/chapters.h"
#include "tests/driver/ixgbe/ixgbe_test.h"
#include "tests/driver/mock_bus.h"
#include "tests/driver/scripted_dma.h"

namespace ixylab::ixgbe {
namespace {

class EepromTest : public testing::Test {
 protected:
  /// Checks an EEPROM whose words 3 to 0x0E name `blocks`: for each, the addresses that the driver
  /// has to read after it (empty: the pointer is skipped).
  void ExpectCheck(const Eeprom& eeprom,
                   const std::map<std::uint16_t, std::vector<std::uint16_t>>& blocks = {}) {
    bus_.ExpectPoll32(0x10010, 1 << 8, 1 << 8);  // EEC.EE_PRES
    std::vector<std::uint16_t> order;
    for (std::uint16_t address = 0; address <= 0x3F; ++address) {
      order.push_back(address);
      const auto block = blocks.find(address);
      if (block != blocks.end())
        order.insert(order.end(), block->second.begin(), block->second.end());
    }
    ExpectEepromWords(bus_, eeprom, order);
  }

  std::string Error() {
    try {
      CheckEeprom(bus_);
    } catch (const DeviceError& error) {
      return error.what();
    }
    return "";
  }

  ScriptedDma dma_;
  testing::StrictMock<MockBus> bus_{dma_};
};

TEST_F(EepromTest, SumOfTheWords) {
  ExpectCheck({{0x00, 0x8000}, {0x01, 0x8001}, {0x3E, 0xFFFE}, {0x3F, 0xBABB}});
  EXPECT_EQ(Error(), "");
}

TEST_F(EepromTest, BlocksCount) {
  // 0x8111 + 0x0002 (length) is what the block adds; the pointers add themselves.
  const Eeprom eeprom = {
      {0x03, 0x100},   {0x0E, 0x200}, {0x100, 2}, {0x101, 0x8000},
      {0x102, 0x0111}, {0x200, 1},    {0x201, 5}, {0x3F, 0xBABA - 0x100 - 0x200 - 0x8111 - 5}};
  ExpectCheck(eeprom, {{0x03, {0x100, 0x101, 0x102}}, {0x0E, {0x200, 0x201}}});
  EXPECT_EQ(Error(), "");
}

TEST_F(EepromTest, FirmwareBlockAndWordsAroundDoNotPointAnywhere) {
  // Words 2 and 0x0F are no pointers of the checksum.
  const Eeprom eeprom = {
      {0x02, 0x100}, {0x0F, 0x100}, {0x100, 1}, {0x101, 7}, {0x3F, 0xBABA - 0x200}};
  ExpectCheck(eeprom);
  EXPECT_EQ(Error(), "");
}

TEST_F(EepromTest, UnusedPointersAndLengthsAreSkipped) {
  const Eeprom eeprom = {{0x03, 0x0000},
                         {0x04, 0xFFFF},
                         {0x05, 0x100},
                         {0x06, 0x101},
                         {0x100, 0x0000},
                         {0x101, 0xFFFF},
                         {0x3F, 0xBABA + 1 - 0x100 - 0x101}};
  ExpectCheck(eeprom, {{0x05, {0x100}}, {0x06, {0x101}}});
  EXPECT_EQ(Error(), "");
}

TEST_F(EepromTest, ABlockThatEndsBehindTheEepromIsSkipped) {
  const Eeprom eeprom = {
      {0x03, 0x3FF0}, {0x3FF0, 0x10}, {0x04, 0x3FF0}, {0x3F, 0xBABA - 2 * 0x3FF0}};
  ExpectCheck(eeprom, {{0x03, {0x3FF0}}, {0x04, {0x3FF0}}});
  EXPECT_EQ(Error(), "");
}

TEST_F(EepromTest, WrongChecksum) {
  ExpectCheck({{0x10, 1}, {0x3F, 0xBABA}});
  EXPECT_EQ(Error(), "EEPROM: checksum 0xbabb, 0xbaba expected: the board's EEPROM is damaged");
}

TEST_F(EepromTest, SilentWord) {
  bus_.ExpectPoll32(0x10010, 1 << 8, 1 << 8);
  ExpectEepromWords(bus_, {}, {0});
  bus_.ExpectWrite32(0x10014, 1 << 2 | 1);
  bus_.ExpectPollInVain32(0x10014, 1 << 1, 1 << 1);
  const Nanoseconds start = bus_.time();
  EXPECT_EQ(Error(), "EERD (0x10014): no word 1 of the EEPROM within 100 ms");
  EXPECT_GE(bus_.time() - start, std::chrono::milliseconds(100));
  EXPECT_LE(bus_.time() - start, std::chrono::milliseconds(105));
}

TEST_F(EepromTest, Missing) {
  bus_.ExpectPoll32(0x10010, 1 << 8, 0);
  EXPECT_EQ(Error(), "EEC (0x10010): EE_PRES is 0, the board has no valid EEPROM");
}

class OpenTest : public IxgbeTest {};

TEST_F(OpenTest, ABoardWithoutAnEepromIsClosedAgain) {
  ExpectDeviceSetUp();
  ExpectQueues();
  ExpectQueuesStart(bus_, 1, kReceiveDescriptors);
  bus_.ExpectPoll32(0x10010, 1 << 8, 0);
  ExpectClose(bus_);
  EXPECT_THROW(ixylab::Open(bus_, Config()), DeviceError);
}

}  // namespace
}  // namespace ixylab::ixgbe
