// ethtool on the kernel's own ixgbe and the modelled 82599: what the card says of itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/interop/ethtool_run.h"

namespace ixylab::hil {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST(EthtoolTest, GuestRunsToTheEnd) {
  EXPECT_EQ(TheRun().result.code, 0);
  EXPECT_TRUE(TheRun().sections.contains("end"));
  EXPECT_EQ(TheRun().Value("probe", "link"), "yes");
  for (const auto& [name, lines] : TheRun().sections) {
    EXPECT_THAT(lines, Not(Contains(StartsWith("error")))) << name;
    EXPECT_THAT(lines, Not(Contains(StartsWith("carriers after")))) << name;
  }
}

TEST(EthtoolTest, SelfTestsPass) {
  const std::vector<std::string>& lines = TheRun().Section("self_test");
  for (const std::string test : {"offline a: ", "offline b: ", "online a: ", "online b: "}) {
    const std::string passes = test + "code=0 Register=0 Eeprom=0 Interrupt=0 Loopback=0 Link=0 ";
    const std::string late = test + "code=2 Register=0 Eeprom=0 Interrupt=4 Loopback=0 Link=0 ";
    EXPECT_THAT(lines, Contains(passes));
    for (const std::string& line : lines) {
      if (line.starts_with(test)) {
        EXPECT_THAT(line, AnyOf(passes, late));
      }
    }
  }
  EXPECT_THAT(lines, Contains(StartsWith(kAllFive)));
}

// The self-test of interrupts does nothing with MSI-X.
TEST(EthtoolTest, InterruptsAreOfTheKindThatIsAskedFor) {
  std::size_t of_the_kind = 0;
  for (const std::string& line : TheRun().Section("probe")) {
    of_the_kind += line.find(Intx() ? "-fasteoi" : "PCI-MSI") != line.npos;
    EXPECT_THAT(line, Not(HasSubstr(Intx() ? "PCI-MSI" : "-fasteoi")));
  }
  // A line for each card; or for each of its queues and for its other causes.
  EXPECT_EQ(of_the_kind, Intx() ? 2u : 2u * 3);
}

TEST(EthtoolTest, RegisterDump) {
  if (Intx()) GTEST_SKIP() << "asked with MSI-X: no matter of interrupts";
  for (const std::string port : {"a ", "b "}) {
    const auto dumped = [&](const std::string& name) {
      const std::string value = TheRun().Value("show", port + name);
      EXPECT_EQ(value.size(), 8u) << name << value;
      return static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 16));
    };
    EXPECT_EQ(TheRun().Value("show", port + "Link Status"), "up");
    EXPECT_EQ(TheRun().Value("show", port + "Link Speed"), "10G");
    EXPECT_EQ(TheRun().Value("show", port + "Broadcast Accept"), "enabled");
    EXPECT_EQ(TheRun().Value("show", port + "Unicast Promiscuous"), "disabled");
    EXPECT_EQ(TheRun().Value("show", port + "VLAN Filter"), "enabled");
    EXPECT_EQ(TheRun().Value("show", port + "Receive Buffer Size"), "2KB");
    EXPECT_EQ(TheRun().Value("show", port + "Transmit Flow Control"), "enabled");
    EXPECT_EQ(TheRun().Value("show", port + "Loopback"), "disabled");
    // The station's address, the rings as ixgbe makes them (512 descriptors of 16 bytes in each of
    // two), queues that are on, and the port's number (LAN_ID) beside STATUS.GIO.
    EXPECT_EQ(dumped("RAL00"), 0x00211B02u);
    EXPECT_EQ(dumped("RAH00"), port == "a " ? 0x8000FE00u : 0x8000FF00u);
    EXPECT_EQ(dumped("STATUS") & 0x8000Cu, port == "a " ? 0x80000u : 0x80004u);
    for (const std::string queue : {"00", "01"}) {
      EXPECT_EQ(dumped("RDLEN" + queue), 512u * 16);
      EXPECT_EQ(dumped("TDLEN" + queue), 512u * 16);
      EXPECT_NE(dumped("RDBAL" + queue), 0u);
      EXPECT_EQ(dumped("RXDCTL" + queue) >> 25 & 1, 1u);
      EXPECT_EQ(dumped("TXDCTL" + queue) >> 25 & 1, 1u);
    }
    EXPECT_EQ(dumped("RXDCTL02") >> 25 & 1, 0u);
    EXPECT_EQ(dumped("AUTOC") >> 13 & 7, 3u);  // 10 Gbit/s serial
    EXPECT_EQ(dumped("MRQC") & 0xF, 1u);       // RSS
  }
}

std::uint32_t WordOf(const std::string& dump, std::size_t word) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(std::stoul(dump.substr(2 * i, 2), nullptr, 16));
  };
  return byte(2 * word) | byte(2 * word + 1) << 8;
}

/// The sum of words 0 to 0x3F and of the sections that 3 to 0xE point to, as drivers check it
/// (datasheet 6.3.1; Linux, ixgbe_calc_eeprom_checksum_generic).
std::uint32_t EepromSum(const std::string& dump) {
  std::uint32_t sum = 0;
  for (std::size_t word = 0; word <= 0x3F; ++word) sum += WordOf(dump, word);
  for (std::size_t pointer = 3; pointer < 0xF; ++pointer) {
    const std::uint32_t section = WordOf(dump, pointer);
    if (section == 0 || section == 0xFFFF) continue;
    const std::uint32_t length = WordOf(dump, section);
    if (length == 0 || length == 0xFFFF) continue;
    for (std::uint32_t i = 1; i <= length; ++i) sum += WordOf(dump, section + i);
  }
  return sum & 0xFFFF;
}

TEST(EthtoolTest, EepromIsReadWrittenAndSummed) {
  if (Intx()) GTEST_SKIP() << "asked with MSI-X: no matter of interrupts";
  const auto dump = [](const std::string& name) { return TheRun().Value("eeprom", name); };
  const std::string before = dump("a before"), written = dump("a written");
  ASSERT_EQ(before.size(), 2 * 512u) << before;
  ASSERT_EQ(written.size(), 2 * 512u) << written;
  EXPECT_EQ(EepromSum(before), 0xBABAu);
  EXPECT_EQ(WordOf(written, 0x14), 0xC35Au);
  EXPECT_EQ(EepromSum(written), 0xBABAu);
  EXPECT_NE(WordOf(written, 0x3F), WordOf(before, 0x3F));
  // It is the chip's: both ports see the same.
  EXPECT_EQ(dump("b before"), before);
  EXPECT_EQ(dump("b written"), written);
  EXPECT_EQ(dump("a after"), before);
  EXPECT_THAT(TheRun().Section("eeprom"), Contains(StartsWith("online a: code=0 ")));
  EXPECT_THAT(TheRun().Section("eeprom"), Contains(StartsWith(kAllFive)));
}

TEST(EthtoolTest, Module) {
  if (Intx()) GTEST_SKIP() << "asked with MSI-X: no matter of interrupts";
  const auto value = [](const std::string& name) { return TheRun().Value("module", name); };
  EXPECT_EQ(value("Identifier"), "0x03 (SFP)");
  EXPECT_EQ(value("Transceiver type"), "10G Ethernet: 10G Base-SR");
  EXPECT_EQ(value("Laser wavelength"), "850nm");
  EXPECT_THAT(value("Vendor name"), StartsWith("Intel Corp"));
  EXPECT_EQ(value("Vendor OUI"), "00:1b:21");
  EXPECT_THAT(value("Module temperature"), StartsWith("35.00 degrees C"));
  EXPECT_EQ(value("Module temperature high alarm"), "Off");
  // The other port's: an SFP (3) with an LC connector (7).
  EXPECT_THAT(TheRun().Section("module"), Contains(StartsWith("0x0000:\t\t03 04 07 10")));
}

TEST(EthtoolTest, IdentifyBlinksTheLed) {
  if (Intx()) GTEST_SKIP() << "asked with MSI-X: no matter of interrupts";
  const std::string before = TheRun().Value("identify", "before");
  EXPECT_EQ(before.size(), 8u);
  EXPECT_EQ(TheRun().Value("identify", "after"), before);
  EXPECT_EQ(TheRun().Value("identify", "code"), "0");
  // LED2_MODE: on or off, whichever a dump meets (Linux, ixgbe_led_on_generic: 0xE and 0xF).
  EXPECT_THAT(TheRun().Section("identify"),
              Contains(AnyOf(StartsWith("during: 050E"), StartsWith("during: 050F"))));
}

TEST(EthtoolTest, KernelLogHasNoWarning) {
  for (const std::string& line : WarningsIn(TheRun().Section("log"), "interop: probe")) {
    if (Intx()) {  // what pci=nomsi means to ixgbe
      EXPECT_THAT(line,
                  AnyOf(HasSubstr("Failed to allocate MSI-X interrupts"),
                        HasSubstr("Disabling SR-IOV support"), HasSubstr("Disabling RSS support"),
                        HasSubstr("Failed to allocate MSI interrupt")));
    } else {
      // The link goes under traffic where the partner is reset: what a had to send then is cleared
      // by a reset of its own (Linux, ixgbe_watchdog_flush_tx).
      EXPECT_THAT(line, AnyOf(HasSubstr("initiating reset to clear Tx work after link loss"),
                              HasSubstr("nic: initiating reset due to lost link"),
                              HasSubstr("nic: Reset adapter")));
    }
  }
}

TEST(EthtoolTest, NoUnknownRegisterAndNoDmaFault) {
  const NicReport& nic = TheRun().result.nic;
  EXPECT_THAT(nic.problems, IsEmpty());
  EXPECT_EQ(nic.death, "");
  EXPECT_THAT(nic.registers, Not(IsEmpty()));
  for (const std::string& line : nic.registers) {
    std::printf("figure 82599, %s, ethtool with %s, registers: %s\n",
                TheRun().Section("kernel").front().c_str(), Intx() ? "INTx" : "MSI-X",
                line.c_str());
  }
}

}  // namespace
}  // namespace ixylab::hil
