// The VFIO bus where there is a VFIO: in a guest with an IOMMU, on the ports of a NIC process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hil/files.h"
#include "hil/target/target_spec.h"
#include "hil/vm/vm.h"
#include "hil/vm_options.h"

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""s;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::StartsWith;

/// What vfio_in_vm.sh says, by section, and the NIC process in the end. One boot for all tests.
struct Output {
  std::map<std::string, std::vector<std::string>> sections;
  VmResult result;
};

const Output& Guest() {
  static const Output output = [] {
    VmOptions options;
    options.accelerator = "tcg";
    options.deadline = 200s;
    CompleteVmOptions(options, ParseTarget("vm:82599,vfio"));
    options.quick_reset = false;
    options.modules.emplace_back("uio_pci_generic");  // whose the ports are before
    options.devices.emplace_back("e1000,addr=5,romfile=");
    std::ifstream file(FindRunfile("tests/hil/vm/vfio_in_vm.sh"));
    const std::string script{std::istreambuf_iterator<char>(file), {}};
    Output guest;
    std::vector<std::string>* section = &guest.sections[""];
    guest.result = RunInVm(options,
                           {{"vfio_device", FindRunfile("tests/hil/vm/vfio_device")},
                            {"hil", FindRunfile("hil/hil")},
                            {"conformance", FindRunfile("tests/conformance/conformance")}},
                           {"sh", "-c", script}, [&](std::string_view line) {
                             std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
                             if (line.starts_with("=== ")) {
                               section = &guest.sections[std::string(line.substr(4))];
                             } else {
                               section->emplace_back(line);
                             }
                           });
    return guest;
  }();
  return output;
}

std::vector<std::string> Section(const std::string& name) {
  const auto found = Guest().sections.find(name);
  return found == Guest().sections.end() ? std::vector<std::string>{"(no section)"} : found->second;
}

std::string Before() { return Section("before").front(); }

TEST(VfioInVmTest, MessagesAddressesAndWhatTheIommuRefuses) {
  const std::vector<std::string> lines = Section("device");
  EXPECT_THAT(
      lines,
      ElementsAre("id: 8086:10fb", "BAR 0: mapped", "interrupts: messages", "at first: none",
                  "masked: none", "unmasked: interrupt", "again: none", "another vector: none",
                  "two threads wait: interrupt", StartsWith("figure: "),
                  MatchesRegex("device address: 0x1[0-9a-f]{8}, not the physical one"), "exit 0",
                  Before()));
  // Memory that was given back is out of the device's reach at once: the one fault there is.
  const NicReport& nic = Guest().result.nic;
  ASSERT_FALSE(nic.problems.empty());
  EXPECT_EQ(nic.problems[0], "faults 1");
  const std::string said = *(lines.end() - 3);  // "device address: 0x..., ..."
  const std::string address = said.substr(16, said.find(',') - 16);
  EXPECT_THAT(nic.problems, ElementsAre("faults 1", HasSubstr("at " + address)));
  EXPECT_EQ(nic.death, "");
}

TEST(VfioInVmTest, InterruptsOfADeviceWithoutMessages) {
  EXPECT_THAT(Section("level"),
              ElementsAre("id: 8086:100e", "BAR 0: mapped", "interrupts: a level", "at first: none",
                          "unmasked: interrupt", "the cause is still there: interrupt",
                          "cleared: none", "while it waits: interrupt", "exit 0"));
}

TEST(VfioInVmTest, Refusals) {
  EXPECT_THAT(Section("module"),
              ElementsAre("0000:00:02.0: vfio-pci: the module is not loaded: modprobe vfio-pci",
                          "exit 1", Before()));
  EXPECT_THAT(
      Section("group"),
      ElementsAre(MatchesRegex("0000:00:02.0: vfio-pci: busy: another program has its IOMMU "
                               "group, [0-9]+"),
                  "exit 1"));
  EXPECT_THAT(Section("limit"),
              Contains(MatchesRegex("cannot lock 2048 KiB for devices: the limit is 1024 KiB in "
                                    "all: .*")));
}

TEST(VfioInVmTest, AUserWithTheRightsToAGroupNeedsNoMore) {
  EXPECT_THAT(Section("user"), Contains("two threads wait: interrupt"));
  EXPECT_THAT(Section("no_user"),
              ElementsAre(MatchesRegex("0000:00:02.0: vfio-pci: /dev/vfio/[0-9]+: root, or the "
                                       "file's owner, is needed: Permission denied"),
                          "exit 1"));
}

TEST(VfioInVmTest, RunsGiveBack) {
  EXPECT_THAT(Section("run"), Contains(HasSubstr("passed, 0 failed, 0 skipped")));
  EXPECT_EQ(Section("run").back(), Before());
  EXPECT_THAT(Section("killed"), ElementsAre("vfio-pci", Before()));
  EXPECT_TRUE(Guest().sections.contains("end"));
  EXPECT_EQ(Guest().result.end, VmResult::End::kExited) << Guest().result.reason;
}

}  // namespace
}  // namespace ixylab::hil
