// ethtool on the kernel's own ixgbe and the modelled 82599: guest/ethtool.sh says what it sees
// there, and each test judges a part of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "hil/files.h"
#include "hil/vm/vm.h"
#include "tests/interop/guest_run.h"
#include "tests/interop/linux_vm.h"

namespace ixylab::hil {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kAllFive = "5 packets transmitted, 5 received, 0% packet loss";

std::string Setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}
/// Whether the kernel is told to leave MSI and MSI-X alone.
bool Intx() { return Setting("INTEROP_INTERRUPTS") == "intx"; }

/// One boot for all tests.
const GuestRun& TheRun() {
  static const GuestRun run = [] {
    VmOptions options = LinuxVm("82599", Setting("INTEROP_GUEST"));
    options.deadline = std::chrono::seconds(280);
    if (Intx()) options.kernel_arguments = {"pci=nomsi"};
    return RunGuest(options, {},
                    GuestScript("ethtool.sh", {"ixgbe", Setting("INTEROP_INTERRUPTS")}));
  }();
  return run;
}

TEST(EthtoolTest, GuestRunsToTheEnd) {
  EXPECT_EQ(TheRun().result.code, 0);
  EXPECT_TRUE(TheRun().sections.contains("end"));
}

TEST(EthtoolTest, SelfTestsPass) {
  const std::vector<std::string>& lines = TheRun().Section("self_test");
  for (const std::string test : {"offline a: ", "offline b: ", "online a: ", "online b: "}) {
    const std::string passes = test + "code=0 Register=0 Eeprom=0 Interrupt=0 Loopback=0 Link=0 ";
    const std::string late = test + "code=2 Register=0 Eeprom=0 Interrupt=4 Loopback=0 Link=0 ";
    EXPECT_THAT(lines, Contains(passes));
    for (const std::string& line : lines) {
      if (line.starts_with(test)) EXPECT_THAT(line, AnyOf(passes, late));
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

TEST(EthtoolTest, KernelLogHasNoWarning) {
  for (const std::string& line : WarningsIn(TheRun().Section("log"), "interop: probe")) {
    // What pci=nomsi means to ixgbe.
    const auto of_nomsi = AnyOf(
        HasSubstr("Failed to allocate MSI-X interrupts"), HasSubstr("Disabling SR-IOV support"),
        HasSubstr("Disabling RSS support"), HasSubstr("Failed to allocate MSI interrupt"));
    if (Intx()) {
      EXPECT_THAT(line, of_nomsi);
    } else {
      ADD_FAILURE() << line;
    }
  }
}

TEST(EthtoolTest, NoUnknownRegisterAndNoDmaFault) {
  EXPECT_THAT(TheRun().result.nic.problems, IsEmpty());
  EXPECT_EQ(TheRun().result.nic.death, "");
}

}  // namespace
}  // namespace ixylab::hil
