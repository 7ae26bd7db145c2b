// Tables behind an index, as Linux's ixgbe_ipsec.c and ixgbe_dcb use them.
#include <gtest/gtest.h>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kIpstxidx = 0x08900, kIpstxsalt = 0x08904, kIpstxkey = 0x08908,
                        kIpsrxidx = 0x08E00, kIpsrxipaddr = 0x08E04, kIpsrxspi = 0x08E14,
                        kIpsrxipidx = 0x08E18, kIpsrxkey = 0x08E1C, kIpsrxsalt = 0x08E2C,
                        kIpsrxmod = 0x08E30;
constexpr std::uint32_t kRttdqsel = 0x04904, kRttdt1c = 0x04908, kRttbcnrc = 0x04984;
constexpr std::uint32_t kWrite = 1u << 31, kRead = 1u << 30;

class WindowsTest : public testing::Test {
 protected:
  void Command(std::uint32_t offset, std::uint32_t command, std::uint32_t index) {
    rig_.Write(offset, command | index << 3);
    EXPECT_EQ(rig_.Read(offset) & (kWrite | kRead), 0u) << "done";
  }
  void Fill(std::initializer_list<std::uint32_t> registers, std::uint32_t value) {
    for (std::uint32_t offset : registers) rig_.Write(offset, value++);
  }
  void Expect(std::initializer_list<std::uint32_t> registers, std::uint32_t value) {
    for (std::uint32_t offset : registers) {
      EXPECT_EQ(rig_.Read(offset), value == 0 ? 0 : value++) << std::hex << offset;
    }
  }
  /// Two entries of a table do not disturb each other, and a reset clears them.
  void CheckTable(std::initializer_list<std::uint32_t> registers, std::uint32_t index_register,
                  std::uint32_t table, std::uint32_t last) {
    Fill(registers, 100);
    Command(index_register, kWrite | table << 1, 0);
    Fill(registers, 200);
    Command(index_register, kWrite | table << 1, last);
    Command(index_register, kRead | table << 1, 0);
    Expect(registers, 100);
    Command(index_register, kRead | table << 1, last);
    Expect(registers, 200);
    rig_.Reset();
    Command(index_register, kRead | table << 1, last);
    Expect(registers, 0);
  }

  Rig rig_;
};

TEST_F(WindowsTest, IpsecTransmitAssociations) {
  CheckTable({kIpstxkey, kIpstxkey + 4, kIpstxkey + 8, kIpstxkey + 12, kIpstxsalt}, kIpstxidx, 0,
             1023);
}
TEST_F(WindowsTest, IpsecAddresses) {
  CheckTable({kIpsrxipaddr, kIpsrxipaddr + 4, kIpsrxipaddr + 8, kIpsrxipaddr + 12}, kIpsrxidx, 1,
             127);
}
TEST_F(WindowsTest, IpsecSpis) { CheckTable({kIpsrxspi, kIpsrxipidx}, kIpsrxidx, 2, 1023); }
TEST_F(WindowsTest, IpsecReceiveKeys) {
  CheckTable({kIpsrxkey, kIpsrxkey + 4, kIpsrxkey + 8, kIpsrxkey + 12, kIpsrxsalt, kIpsrxmod},
             kIpsrxidx, 3, 1023);
}

TEST_F(WindowsTest, AnIndexBeyondTheTableIsHarmless) {
  Command(kIpsrxidx, kWrite | kRead | 1 << 1, 1023);
  Command(kIpsrxidx, kWrite | kRead, 1023);
  rig_.Write(kIpsrxidx, 0xFFFFFFFF);
  rig_.Write(kIpstxidx, 0xFFFFFFFF);
}

TEST_F(WindowsTest, ArbitersOfAQueue) {
  rig_.Write(kRttdqsel, 0);
  rig_.Write(kRttdt1c, 0x3FFF);
  rig_.Write(kRttdqsel, 127);
  EXPECT_EQ(rig_.Read(kRttdt1c), 0u);
  rig_.Write(kRttdt1c, 5);
  rig_.Write(kRttbcnrc, 1u << 31 | 77);
  rig_.Write(kRttdqsel, 0);
  EXPECT_EQ(rig_.Read(kRttdt1c), 0x3FFFu);
  EXPECT_EQ(rig_.Read(kRttbcnrc), 0u);
  rig_.Write(kRttdqsel, 127);
  EXPECT_EQ(rig_.Read(kRttdt1c), 5u);
  EXPECT_EQ(rig_.Read(kRttbcnrc), 1u << 31 | 77);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
