// The register table of the 82599, as a driver finds it on a chip.
#include "emulator/82599/registers.h"

#include <cstdint>
#include <set>
#include <string>

#include "emulator/82599/chip.h"
#include "emulator/host/in_process.h"
#include "emulator/register_table.h"
#include "gtest/gtest.h"

namespace ixylab::emulator::intel82599 {
namespace {

class RegistersTest : public ::testing::Test {
 protected:
  RegistersTest() {
    host_.Plug(chip_.function(0));
    host_.Sleep(std::chrono::milliseconds(10));
  }
  std::uint32_t Read(std::uint32_t offset) { return host_.Read32(0, offset); }
  void Write(std::uint32_t offset, std::uint32_t value) { host_.Write32(0, offset, value); }

  InProcessHost host_{{}};
  Chip chip_{{.ports = 1}, host_};
};

TEST(RegisterRowsTest, EveryRowSaysWhereItIsFromAndEveryOffsetLeadsToItsRow) {
  for (const RegisterInfo* row : AllRegisters()) {
    EXPECT_FALSE(row->provenance.empty()) << row->name;
    for (std::uint32_t n = 0; n < row->count; ++n) {
      EXPECT_EQ(FindRegister(row->offset + n * row->stride), row) << row->name << n;
    }
  }
}

TEST(RegisterRowsTest, ArraysOfOneNameDoNotShareAnIndex) {
  std::set<std::string> names;
  for (const RegisterInfo* row : AllRegisters()) {
    if (row->alias_of != RegisterInfo::kNoAlias) continue;
    for (std::uint32_t n = 0; n < row->count; ++n) {
      const std::uint32_t offset = row->offset + n * row->stride;
      EXPECT_TRUE(names.insert(RegisterName(row, offset)).second) << RegisterName(row, offset);
    }
  }
}

TEST(RegisterRowsTest, EveryPairOfCountersHasItsLowerHalf) {
  for (const RegisterInfo* row : AllRegisters()) {
    if (row->kind != Kind::kReadClearPair) continue;
    const RegisterInfo* low = FindRegister(row->offset - 4);
    ASSERT_NE(low, nullptr) << row->name;
    EXPECT_EQ(low->kind, Kind::kReadOnly) << low->name;
    EXPECT_EQ(low->count, row->count) << low->name;
    EXPECT_EQ(low->stride, row->stride) << low->name;
  }
}

TEST(RegisterRowsTest, TheUpperBankOfReceiveQueuesIsLikeTheLower) {
  for (const char* name :
       {"RDBAL", "RDBAH", "RDLEN", "DCA_RXCTRL", "RDH", "SRRCTL", "RDT", "RXDCTL", "RSCCTL"}) {
    const RegisterInfo* low = nullptr;
    for (const RegisterInfo* row : AllRegisters()) {
      if (row->name != name || row->alias_of != RegisterInfo::kNoAlias) continue;
      if (row->first_index == 0) {
        low = row;
        continue;
      }
      ASSERT_NE(low, nullptr) << name;
      EXPECT_EQ(row->offset, ReceiveQueueOffset(*low, 64)) << name;
      EXPECT_EQ(row->kind, low->kind) << name;
      EXPECT_EQ(row->reset, low->reset) << name;
      EXPECT_EQ(row->readable, low->readable) << name;
      EXPECT_EQ(row->writable, low->writable) << name;
      low = nullptr;
    }
    EXPECT_EQ(low, nullptr) << name << " has no upper bank";
  }
}

TEST_F(RegistersTest, AResetChipReadsItsResetValues) {
  for (const Register<Port>& row : Registers().rows()) {
    const RegisterInfo& original =
        row.alias_of == RegisterInfo::kNoAlias ? row : *FindRegister(row.alias_of);
    const std::uint32_t expected =
        original.kind == Kind::kWriteOnly ? 0 : original.reset & original.readable;
    // Those with a hook answer from the hardware's state; the tests of that part check them.
    if (Registers().Find(original.offset)->hooks.on_read != nullptr) continue;
    for (std::uint32_t n = 0; n < row.count; ++n) {
      // The EEPROM gives the first address.
      if (n == 0 && (row.name == "RAL" || row.name == "RAH")) continue;
      const std::uint32_t offset = row.offset + n * row.stride;
      EXPECT_EQ(Read(offset), expected) << RegisterName(&row, offset);
    }
  }
  EXPECT_EQ(chip_.unknown_accesses(), 0u);
}

TEST_F(RegistersTest, WhatIsNotImplementedReadsZeroAndIsCounted) {
  Write(0x1F000, 0xFFFFFFFF);
  EXPECT_EQ(Read(0x1F000), 0u);
  EXPECT_EQ(Read(0x00001), 0u) << "unaligned";
  EXPECT_EQ(chip_.unknown_accesses(), 3u);
}

// --- The register part of `ethtool -t` (Linux ixgbe: ixgbe_reg_test, reg_test_82599), in its order
// ---

enum class How { kPattern, kSetRead, kWriteOnly };
struct EthtoolTest {
  const char* name;
  std::uint32_t count;
  How how;
  std::uint32_t mask;
  std::uint32_t write;
};
constexpr EthtoolTest kEthtoolTests[] = {
    {"FCRTL", 1, How::kPattern, 0x8007FFF0, 0x8007FFF0},
    {"FCRTH", 1, How::kPattern, 0x8007FFF0, 0x8007FFF0},
    {"PFCTOP", 1, How::kPattern, 0xFFFFFFFF, 0xFFFFFFFF},
    {"VLNCTRL", 1, How::kPattern, 0x00000000, 0x00000000},
    {"RDBAL", 4, How::kPattern, 0xFFFFFF80, 0xFFFFFF80},
    {"RDBAH", 4, How::kPattern, 0xFFFFFFFF, 0xFFFFFFFF},
    {"RDLEN", 4, How::kPattern, 0x000FFF80, 0x000FFFFF},
    {"RXDCTL", 4, How::kWriteOnly, 0, 1u << 25},
    {"RDT", 4, How::kPattern, 0x0000FFFF, 0x0000FFFF},
    {"RXDCTL", 4, How::kWriteOnly, 0, 0},
    {"FCRTH", 1, How::kPattern, 0x8007FFF0, 0x8007FFF0},
    {"FCTTV", 1, How::kPattern, 0xFFFFFFFF, 0xFFFFFFFF},
    {"TDBAL", 4, How::kPattern, 0xFFFFFF80, 0xFFFFFFFF},
    {"TDBAH", 4, How::kPattern, 0xFFFFFFFF, 0xFFFFFFFF},
    {"TDLEN", 4, How::kPattern, 0x000FFF80, 0x000FFF80},
    {"RXCTRL", 1, How::kSetRead, 0x00000001, 0x00000001},
    {"RAL", 16, How::kPattern, 0xFFFFFFFF, 0xFFFFFFFF},
    {"RAH", 16, How::kPattern, 0x8001FFFF, 0x800CFFFF},
    {"MTA", 128, How::kPattern, 0xFFFFFFFF, 0xFFFFFFFF},
};

const RegisterInfo* Named(const std::string& name) {
  for (const RegisterInfo* row : AllRegisters()) {
    if (row->name == name && row->alias_of == RegisterInfo::kNoAlias) return row;
  }
  return nullptr;
}

TEST_F(RegistersTest, EthtoolsRegisterTestPasses) {
  const std::uint32_t status = Read(Row("STATUS").offset);
  Write(Row("STATUS").offset, 0x7FFFF30F);
  EXPECT_EQ(Read(Row("STATUS").offset), status);
  for (const EthtoolTest& test : kEthtoolTests) {
    const RegisterInfo* row = Named(test.name);
    ASSERT_NE(row, nullptr) << test.name;
    for (std::uint32_t n = 0; n < test.count; ++n) {
      const std::uint32_t offset = row->At(n);
      if (test.how == How::kWriteOnly) {
        Write(offset, test.write);
        continue;
      }
      const std::uint32_t before = Read(offset);
      if (test.how == How::kSetRead) {
        Write(offset, test.write & test.mask);
        EXPECT_EQ(Read(offset) & test.mask, test.write & test.mask) << test.name;
      } else {
        for (const std::uint32_t pattern : {0x5A5A5A5Au, 0xA5A5A5A5u, 0u, 0xFFFFFFFFu}) {
          Write(offset, pattern & test.write);
          EXPECT_EQ(Read(offset), pattern & test.write & test.mask)
              << RegisterName(row, offset) << " pattern 0x" << std::hex << pattern;
        }
      }
      Write(offset, before);
    }
  }
  EXPECT_EQ(host_.fault_count(), 0u) << "no ring is set up: there is nothing to fetch";
  EXPECT_TRUE(host_.log().empty());
  EXPECT_EQ(chip_.unknown_accesses(), 0u);
}

// ethtool -p: ixgbe_led_on_generic and ixgbe_led_off_generic; LEDCTL is put back afterwards.
TEST_F(RegistersTest, LedsAreStored) {
  const std::uint32_t ledctl = Row("LEDCTL").offset, before = Read(ledctl);
  for (std::uint32_t led = 0; led < 4; ++led) {
    constexpr std::uint32_t kOn = 0xE, kOff = 0xF;
    for (const std::uint32_t mode : {kOn, kOff}) {
      const std::uint32_t value = (Read(ledctl) & ~(0xFu << 8 * led)) | mode << 8 * led;
      Write(ledctl, value);
      EXPECT_EQ(Read(ledctl), value);
    }
  }
  Write(ledctl, before);
  EXPECT_EQ(Read(ledctl), before);
}

// ixgbe_obtain_mbx_lock_pf, ixgbe_write_mbx_pf: PFU sticks, STS and ACK do not.
TEST_F(RegistersTest, MailboxesAreStored) {
  const RegisterInfo mailbox = Row("PFMAILBOX"), memory = Row("PFMBMEM");
  Write(mailbox.At(3), 1u << 3);
  EXPECT_EQ(Read(mailbox.At(3)), 1u << 3);
  for (std::uint32_t word = 0; word < 16; ++word) Write(memory.At(3 * 16 + word), 100 + word);
  Write(mailbox.At(3), 1u << 0);
  EXPECT_EQ(Read(mailbox.At(3)), 0u);
  for (std::uint32_t word = 0; word < 16; ++word) {
    EXPECT_EQ(Read(memory.At(3 * 16 + word)), 100 + word);
  }
  EXPECT_EQ(Read(mailbox.At(2)), 0u);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
