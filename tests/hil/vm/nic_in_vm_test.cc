// Guests whose cards are a NIC process. Each boot takes seconds of two processors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hil/files.h"
#include "hil/target/target_spec.h"
#include "hil/vm/vm.h"
#include "hil/vm_options.h"
#include "tests/hil/processes.h"

namespace ixylab::hil {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using End = VmResult::End;

VmOptions Options() {
  VmOptions options;
  options.accelerator = "tcg";
  options.deadline = 120s;
  CompleteVmOptions(options, ParseTarget("vm:82599,uio"));
  return options;
}

std::vector<std::string> Shell(const std::string& script) { return {"sh", "-c", script}; }

constexpr std::string_view kNic = "--nic=82599";
constexpr std::string_view kQemu = "vfio-user-pci";

TEST(NicInVmTest, InterruptsThroughUio) {
  std::vector<std::string> lines;
  const VmResult result =
      RunInVm(Options(), {{"uio_interrupt", FindRunfile("tests/hil/vm/uio_interrupt")}},
              Shell("device=/sys/bus/pci/devices/0000:00:02.0\n"
                    "state() { ls $device/driver 2>&1 | head -n 1; cat $device/driver_override; }\n"
                    "before=$(state)\n"
                    "uio_interrupt 0000:00:02.0 || exit\n"
                    "[ \"$(state)\" = \"$before\" ] && echo 'given back'"),
              [&](std::string_view line) { lines.emplace_back(line); });
  EXPECT_EQ(result.end, End::kExited) << result.reason;
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(lines,
              ElementsAre("at first: none", "masked: none", "unmasked: interrupt",
                          "the cause is still there: interrupt", "cause: 40000000", "cleared: none",
                          "while it waits: interrupt", "in the end: none", "given back"));
  EXPECT_THAT(result.nic.problems, IsEmpty());
  EXPECT_EQ(result.nic.death, "");
}

TEST(NicInVmTest, NicKilledInTheMiddle) {
  pid_t qemu = -1;
  const VmResult result =
      RunInVm(Options(), {}, Shell("echo begun; sleep 1000"), [&](std::string_view line) {
        if (line != "begun") return;
        ASSERT_THAT(Children(getpid(), kQemu), SizeIs(1));
        qemu = Children(getpid(), kQemu)[0];
        ASSERT_THAT(Children(getpid(), kNic), SizeIs(1));
        kill(Children(getpid(), kNic)[0], SIGKILL);
      });
  EXPECT_EQ(result.end, End::kDied);
  EXPECT_TRUE(result.reason.starts_with("the NIC process died: Killed")) << result.reason;
  EXPECT_TRUE(IsGone(qemu));
}

TEST(NicInVmTest, QemuKilledInTheMiddle) {
  pid_t nic = -1;
  const VmResult result =
      RunInVm(Options(), {}, Shell("echo begun; sleep 1000"), [&](std::string_view line) {
        if (line != "begun") return;
        ASSERT_THAT(Children(getpid(), kNic), SizeIs(1));
        nic = Children(getpid(), kNic)[0];
        ASSERT_THAT(Children(getpid(), kQemu), SizeIs(1));
        kill(Children(getpid(), kQemu)[0], SIGKILL);
      });
  EXPECT_EQ(result.end, End::kDied);
  EXPECT_EQ(result.reason, "QEMU was killed: Killed");
  EXPECT_THAT(result.nic.problems, IsEmpty());
  EXPECT_TRUE(IsGone(nic));
}

// The harness's last chance to tidy up is none: SIGKILL.
TEST(NicInVmTest, HarnessKilledInTheMiddleLeavesNothing) {
  const fs::path folder = fs::path(testing::TempDir()) / "nic_harness";
  fs::create_directories(folder);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t harness = fork();
  if (harness == 0) {
    setenv("TMPDIR", folder.c_str(), 1);
    if (chdir(folder.c_str()) != 0) _exit(1);
    RunInVm(Options(), {}, Shell("echo begun; sleep 1000"), [&](std::string_view line) {
      if (line == "begun" && write(pipe[1], "!", 1) != 1) _exit(1);
    });
    _exit(1);
  }
  close(pipe[1]);
  char begun = 0;
  ASSERT_EQ(read(pipe[0], &begun, 1), 1) << "the harness ended before the program began";
  close(pipe[0]);
  std::vector<pid_t> children = Children(harness, kQemu);
  for (const pid_t nic : Children(harness, kNic)) children.push_back(nic);
  ASSERT_THAT(children, SizeIs(2));
  ASSERT_EQ(kill(harness, SIGKILL), 0);
  EXPECT_EQ(waitpid(harness, nullptr, 0), harness);
  for (const pid_t child : children) {
    EXPECT_TRUE(Eventually([&] { return IsGone(child); })) << child << " outlives the harness";
  }
  EXPECT_TRUE(fs::is_empty(folder));
}

}  // namespace
}  // namespace ixylab::hil
