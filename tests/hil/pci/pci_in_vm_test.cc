// `hil run --target=pci:...` where it may be run for real: in a VM, on cards that its kernel has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hil/files.h"
#include "hil/vm/vm.h"

namespace ixylab::hil {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Sections = std::map<std::string, std::vector<std::string>>;

/// What the script says, by section. One boot for all tests.
const Sections& Output() {
  static const Sections sections = [] {
    VmOptions options;
    options.qemu = FindInPath("qemu-system-x86_64");
    options.kernel = FindExternalRunfile("guest/vmlinux");
    options.initramfs = FindExternalRunfile("guest/initramfs");
    options.modules = {"virtio_net", "uio_pci_generic"};
    options.deadline = std::chrono::seconds(240);
    std::ifstream file(FindRunfile("tests/hil/pci/pci_in_vm.sh"));
    const std::string script{std::istreambuf_iterator<char>(file), {}};
    Sections output;
    std::vector<std::string>* section = &output[""];
    const VmResult result =
        RunInVm(options,
                {{"hil", FindRunfile("hil/hil")},
                 {"conformance", FindRunfile("tests/conformance/conformance")}},
                {"sh", "-c", script}, [&](std::string_view line) {
                  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
                  if (line.starts_with("=== ")) {
                    section = &output[std::string(line.substr(4))];
                  } else {
                    section->emplace_back(line);
                  }
                });
    EXPECT_EQ(result.end, VmResult::End::kExited) << result.reason;
    return output;
  }();
  return sections;
}

std::vector<std::string> Section(const std::string& name) {
  const auto found = Output().find(name);
  return found == Output().end() ? std::vector<std::string>{"(no section)"} : found->second;
}

std::string Before() { return Section("before").front(); }

/// One line that says why, and exit code 2.
void ExpectRefused(const std::string& section, const testing::Matcher<std::string>& why) {
  EXPECT_THAT(Section(section), ElementsAre(why, "exit 2")) << section;
}

TEST(PciInVmTest, KernelHasTheCardsBefore) {
  EXPECT_THAT(Before(), AllOf(HasSubstr("virtio-pci"), HasSubstr("eth0 0x1003 1400"),
                              HasSubstr("eth1 0x1002 1500"), HasSubstr("64 processes:")));
}

TEST(PciInVmTest, SuitePassesAndAllIsAsBefore) {
  const std::vector<std::string> lines = Section("passes");
  EXPECT_THAT(lines, Contains(HasSubstr("passed, 0 failed, 0 skipped")));
  EXPECT_THAT(lines, Contains("exit 0"));
  EXPECT_EQ(lines.back(), Before());
}

TEST(PciInVmTest, ThroughUioToo) {
  const std::vector<std::string> lines = Section("uio");
  EXPECT_THAT(lines, Contains(HasSubstr("passed, 0 failed, 0 skipped")));
  EXPECT_THAT(lines, Contains("exit 0"));
  EXPECT_EQ(lines.back(), Before());
  EXPECT_THAT(Section("no_uio"), ElementsAre(HasSubstr("uio_pci_generic: the module is not loaded"),
                                             "exit 2", Before()));
}

TEST(PciInVmTest, Refusals) {
  ExpectRefused("missing", HasSubstr("0000:00:1e.0: there is no such PCI device"));
  ExpectRefused("unsupported", HasSubstr("0000:00:00.0: no driver here is for a 8086:29c0"));
  ExpectRefused("not_permitted", AllOf(HasSubstr("root's rights"), HasSubstr("CAP_SYS_ADMIN")));
  ExpectRefused("address", HasSubstr("eth1 has the address 192.0.2.1"));
  ExpectRefused("ssh", HasSubstr("eth1 carries your SSH connection"));
  ExpectRefused("default_route", HasSubstr("eth1 has the default route"));
  ExpectRefused("no_huge_pages", HasSubstr("0 huge pages of 2 MiB are free"));
  ExpectRefused("busy", HasSubstr("busy: process "));
}

TEST(PciInVmTest, KilledRunLeavesAllAsBefore) {
  EXPECT_THAT(Section("killed"), ElementsAre(Before()));
  EXPECT_THAT(Section("uio_killed"), ElementsAre(Before()));
}

TEST(PciInVmTest, InterruptedRunLeavesAllAsBefore) {
  EXPECT_THAT(Section("interrupted"), ElementsAre("exit 130", HasSubstr("interrupted"), Before()));
}

TEST(PciInVmTest, KilledSuiteIsAFailureAndLeavesAllAsBefore) {
  const std::vector<std::string> lines = Section("suite_killed");
  EXPECT_EQ(lines.front(), "exit 1");
  EXPECT_THAT(lines, Contains(HasSubstr("the suite crashed: Killed")));
  EXPECT_EQ(lines.back(), Before());
  EXPECT_TRUE(Output().contains("end"));
}

}  // namespace
}  // namespace ixylab::hil
