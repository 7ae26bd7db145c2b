// What a guard does besides on a machine of the lab: huge pages, modules, the journal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

#include "hil/pci/guard.h"
#include "hil/pci/kernel.h"
#include "tests/hil/pci/fake_machine.h"

namespace ixylab::hil {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Addresses = std::array<std::string, 2>;
const Addresses kFirst = {"0000:03:00.0", "0000:03:00.1"};
const Addresses kSecond = {"0000:04:00.0", "0000:04:00.1"};
const std::string kPages = "sys/kernel/mm/hugepages/hugepages-2048kB/";

class LabGuardTest : public testing::Test {
 protected:
  LabGuardTest() {
    for (const Addresses& ports : {kFirst, kSecond}) {
      for (const std::string& port : ports) machine_.AddPort(port, "0x8086", "0x10fb");
    }
    SetPages(64, 64);
    machine_.Write("proc/modules", "ixgbe 1 0 - Live 0x0\n");
    // Files do not act. A module in the list $root/used is used by somebody.
    machine_.Write("sbin/modprobe", R"sh(#!/bin/sh
root=$(dirname "$(dirname "$0")")
echo "$*" >> "$root/modprobe.log"
if [ "$1" = -r ]; then
  grep -v "^$2 " "$root/proc/modules" > "$root/proc/modules.new"
  mv "$root/proc/modules.new" "$root/proc/modules"
  rm -r "$root/sys/module/$2"
else
  [ -e "$root/no-modules" ] && { echo "FATAL: Module $1 not found"; exit 1; }
  echo "$1 1 $(grep -c "$1" "$root/used") - Live 0x0" >> "$root/proc/modules"
  mkdir -p "$root/sys/module/$1"
fi
)sh");
    std::filesystem::permissions(machine_.root() / "sbin/modprobe",
                                 std::filesystem::perms::owner_all);
    machine_.Write("used", "");
    machine_.Write("modprobe.log", "");
  }

  void SetPages(unsigned all, unsigned free) {
    machine_.Write(kPages + "nr_hugepages", std::to_string(all));
    machine_.Write(kPages + "free_hugepages", std::to_string(free));
  }
  std::string Pages() { return machine_.Read(kPages + "nr_hugepages"); }

  LabGuard Lab(PciBus bus = PciBus::kSysfs) {
    return {.folder = folder_, .bus = bus, .owner = "mia@desk3", .purpose = "hil run"};
  }
  std::string Refusal(const LabGuard& lab) {
    try {
      PortGuard guard(kFirst, machine_.root(), lab);
      return "";
    } catch (const PciError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
  }
  Journal JournalOf(const Addresses& ports) {
    return ParseJournal(folder_.Read(JournalName(ports)).value_or(""));
  }

  FakeMachine machine_;
  StateFolder folder_{machine_.root() / "state"};
};

TEST_F(LabGuardTest, TheJournalSaysHowItWasUntilItIsSoAgain) {
  machine_.Write(FakeMachine::Device(kFirst[0]) + "/enable", "3\n");
  machine_.AddDriver(kFirst[1], "ixgbe");
  machine_.AddInterface(kFirst[1], "eth7", true);
  PortGuard guard(kFirst, machine_.root(), Lab());
  const Journal journal = JournalOf(kFirst);
  EXPECT_EQ(journal.addresses, kFirst);
  EXPECT_EQ(journal.ports[0].enabled, 3);
  EXPECT_EQ(journal.ports[0].command, 0x0407);
  EXPECT_EQ(journal.ports[0].driver, "");
  EXPECT_EQ(journal.ports[1].driver, "ixgbe");
  ASSERT_EQ(journal.ports[1].interfaces.size(), 1u);
  EXPECT_EQ(journal.ports[1].interfaces[0].name, "eth7");
  EXPECT_TRUE(journal.ports[1].interfaces[0].up);
  EXPECT_EQ(journal.ports[1].interfaces[0].mtu, "1500");
  EXPECT_EQ(journal.owner, "mia@desk3");
  EXPECT_EQ(journal.purpose, "hil run");
  EXPECT_EQ(journal.huge_pages, std::nullopt);
  ASSERT_EQ(journal.processes.size(), 2u);
  EXPECT_EQ(journal.processes[0].pid, guard.process());
  EXPECT_EQ(journal.processes[1].pid, getpid());
  EXPECT_TRUE(IsAlive(journal.processes[0], machine_.root()));
  guard.GiveBack();
  EXPECT_FALSE(IsAlive(journal.processes[0], machine_.root()));
  EXPECT_THAT(folder_.Names(kJournalPrefix), IsEmpty());
}

TEST_F(LabGuardTest, WithoutAJournalNothingIsTaken) {
  machine_.AddDriver(kFirst[0], "ixgbe");
  SetPages(10, 10);
  std::filesystem::create_symlink("/dev/full", folder_.path() / (JournalName(kFirst) + ".new"));
  EXPECT_THAT(Refusal(Lab()), AllOf(HasSubstr("journal-"), HasSubstr("No space left on device")));
  EXPECT_EQ(machine_.Read("sys/bus/pci/drivers/ixgbe/unbind"), "");
  EXPECT_EQ(Pages(), "10");
}

TEST_F(LabGuardTest, HugePagesAreRaisedToWhatTheSuiteNeeds) {
  SetPages(20, 7);
  PortGuard guard(kFirst, machine_.root(), Lab());
  EXPECT_EQ(Pages(), std::to_string(20 - 7 + 64));
  EXPECT_EQ(JournalOf(kFirst).huge_pages, 20u);
  guard.GiveBack();
  EXPECT_EQ(Pages(), "20");
}

TEST_F(LabGuardTest, TwoRunsHaveHugePagesEach) {
  SetPages(5, 0);
  PortGuard first(kFirst, machine_.root(), Lab());
  SetPages(5 + 64, 64);
  PortGuard second(kSecond, machine_.root(), Lab());
  EXPECT_EQ(Pages(), std::to_string(5 + 2 * 64)) << "what is free is the first one's";
  first.GiveBack();
  EXPECT_EQ(Pages(), std::to_string(5 + 2 * 64));
  second.GiveBack();
  EXPECT_EQ(Pages(), "5");
}

TEST_F(LabGuardTest, HugePagesThatTheKernelDoesNotGive) {
  SetPages(5, 0);
  // It takes the number, and has as many as before.
  std::filesystem::remove(machine_.root() / kPages / "nr_hugepages");
  std::filesystem::create_symlink("/dev/null", machine_.root() / kPages / "nr_hugepages");
  EXPECT_THAT(Refusal(Lab()), HasSubstr("the kernel gives 0 huge pages"));
  EXPECT_THAT(folder_.Names(kJournalPrefix), IsEmpty());
}

TEST_F(LabGuardTest, ModulesComeAndGo) {
  PortGuard guard(kFirst, machine_.root(), Lab(PciBus::kVfio));
  EXPECT_EQ(machine_.Read("modprobe.log"), "vfio_iommu_type1\nvfio_pci\n");
  guard.GiveBack();
  EXPECT_EQ(machine_.Read("proc/modules"), "ixgbe 1 0 - Live 0x0\n");
}

TEST_F(LabGuardTest, ModulesThatWereThereStay) {
  machine_.Write("proc/modules", "uio_pci_generic 1 0 - Live 0x0\n");
  machine_.Write("sys/module/uio_pci_generic/refcnt", "0");
  machine_.Write("sys/bus/pci/drivers/uio_pci_generic/bind", "");
  PortGuard(kFirst, machine_.root(), Lab(PciBus::kUio)).GiveBack();
  EXPECT_EQ(machine_.Read("modprobe.log"), "");
}

TEST_F(LabGuardTest, ModulesThatOthersUseStay) {
  machine_.Write("used", "uio_pci_generic\n");
  PortGuard(kFirst, machine_.root(), Lab(PciBus::kUio)).GiveBack();
  EXPECT_EQ(machine_.Read("modprobe.log"), "uio_pci_generic\n");
}

TEST_F(LabGuardTest, ModulesGoWithTheLastRun) {
  PortGuard first(kFirst, machine_.root(), Lab(PciBus::kUio));
  machine_.Write("sys/bus/pci/drivers/uio_pci_generic/bind", "");  // as it is once it is loaded
  PortGuard second(kSecond, machine_.root(), Lab(PciBus::kUio));
  first.GiveBack();
  EXPECT_EQ(machine_.Read("modprobe.log"), "uio_pci_generic\n");
  second.GiveBack();
  EXPECT_EQ(machine_.Read("modprobe.log"), "uio_pci_generic\n-r uio_pci_generic\n");
}

TEST_F(LabGuardTest, ModulesThatCannotBeLoaded) {
  machine_.Write("no-modules", "");
  EXPECT_EQ(Refusal(Lab(PciBus::kUio)),
            "modprobe uio_pci_generic: FATAL: Module uio_pci_generic not found");
  EXPECT_THAT(folder_.Names(kJournalPrefix), IsEmpty());
}

TEST(JournalTest, OfNoUseIsSaid) {
  for (const char* text : {"", "{", "[]", "{\"addresses\": 1}", "null"}) {
    EXPECT_THROW(ParseJournal(text), std::runtime_error) << text;
  }
}

TEST(ProcessIdentityTest, AnotherProcessOrBootIsNotTheSame) {
  FakeMachine machine;
  const ProcessIdentity self = IdentityOf(getpid(), machine.root());
  EXPECT_TRUE(IsAlive(self, machine.root()));
  ProcessIdentity other = self;
  ++other.start;
  EXPECT_FALSE(IsAlive(other, machine.root()));
  machine.Write("proc/sys/kernel/random/boot_id", "another\n");
  EXPECT_FALSE(IsAlive(self, machine.root()));
}

TEST(KernelTest, AvailableMemoryInMebibytes) {
  FakeMachine machine;
  machine.Write("proc/meminfo", "MemTotal:  9999999 kB\nMemAvailable:     204800 kB\n");
  EXPECT_EQ(AvailableMemory(machine.root()), 200u);
}

}  // namespace
}  // namespace ixylab::hil
