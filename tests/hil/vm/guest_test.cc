// Real guests. Each boot takes seconds of two processors, so a boot proves as much as it can.
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
#include "hil/vm/vm.h"
#include "tests/hil/processes.h"

namespace ixylab::hil {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using End = VmResult::End;

VmOptions Options() {
  VmOptions options;
  options.qemu = FindInPath("qemu-system-x86_64");
  options.kernel = FindExternalRunfile("guest/vmlinux");
  options.initramfs = FindExternalRunfile("guest/initramfs");
  options.deadline = 120s;
  return options;
}

std::vector<std::string> Shell(const std::string& script) { return {"sh", "-c", script}; }

constexpr const char* kProgram = R"sh(
for i in 0 1; do ip link set eth$i up; done
link() {
  exec 4<>/dev/virtio-ports/ixylab.control
  echo "$1" >&4
  read -r answer <&4
  exec 4<&-
  sleep 0.2
  echo "$1: $answer, $(cat /sys/class/net/eth0/carrier /sys/class/net/eth1/carrier | xargs)"
}
link nonsense
link 'link down'
link 'link up'
for i in 2 3; do
  cat /sys/bus/pci/devices/0000:00:0$i.0/device
  cut -c35 /sys/bus/pci/devices/0000:00:0$i.0/virtio*/features
done
grep HugePages_Free /proc/meminfo
seq 40000
echo "it's an error" >&2
echo result > /vm/result
exit 42
)sh";

TEST(GuestTest, RunsAProgramOnTwoCabledCards) {
  VmOptions options = Options();
  options.virtio = VirtioKind::kPacked;
  options.modules = {"virtio_net"};
  std::vector<std::string> lines;
  const VmResult result = RunInVm(options, {}, Shell(kProgram),
                                  [&](std::string_view line) { lines.emplace_back(line); });
  ASSERT_EQ(result.end, End::kExited) << result.reason;
  EXPECT_EQ(result.code, 42);
  EXPECT_EQ(result.result, "result\n");
  ASSERT_EQ(lines.size(), 40000 + 9u);
  EXPECT_EQ(lines[0], "nonsense: error unknown request \"nonsense\", 1 1");
  EXPECT_EQ(lines[1], "link down: ok, 0 0");
  EXPECT_EQ(lines[2], "link up: ok, 1 1");
  for (const int card : {0, 1}) {
    EXPECT_EQ(lines[3 + 2 * card], "0x1041");  // a modern device
    EXPECT_EQ(lines[4 + 2 * card], "1");       // feature 34: the packed ring
  }
  EXPECT_EQ(lines[7], "HugePages_Free:       64");
  EXPECT_EQ(lines[8], "1");
  EXPECT_EQ(lines[8 + 39999], "40000");  // 230 KB later
  EXPECT_EQ(lines.back(), "it's an error");
}

TEST(GuestTest, CardsThatNoDriverTookAndAPanic) {
  VmOptions options = Options();
  options.unbound = true;
  std::vector<std::string> lines;
  const VmResult result = RunInVm(options, {},
                                  Shell("ls -d /sys/bus/pci/devices/*/driver\n"
                                        "sleep 0.1\n"
                                        "echo c > /proc/sysrq-trigger\n"
                                        "sleep 1000"),
                                  [&](std::string_view line) { lines.emplace_back(line); });
  EXPECT_EQ(result.end, End::kDied);
  EXPECT_THAT(result.reason, HasSubstr("Kernel panic - not syncing: sysrq triggered crash"));
  EXPECT_THAT(lines, Contains("/sys/bus/pci/devices/0000:00:04.0/driver"));
  EXPECT_THAT(lines, Not(Contains("/sys/bus/pci/devices/0000:00:02.0/driver")));
  EXPECT_THAT(lines, Not(Contains("/sys/bus/pci/devices/0000:00:03.0/driver")));
  EXPECT_THAT(result.console, Contains(HasSubstr("Call Trace")));
}

TEST(GuestTest, QemuKilledInTheMiddle) {
  const VmResult result =
      RunInVm(Options(), {}, Shell("echo begun; sleep 1000"), [](std::string_view line) {
        if (line != "begun") return;
        for (const pid_t qemu : Children(getpid())) kill(qemu, SIGKILL);
      });
  EXPECT_EQ(result.end, End::kDied);
  EXPECT_EQ(result.reason, "QEMU was killed: Killed");
}

// The harness's last chance to tidy up is none: SIGKILL.
TEST(GuestTest, HarnessKilledInTheMiddleLeavesNothing) {
  const fs::path folder = fs::path(testing::TempDir()) / "harness";
  fs::create_directories(folder);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t harness = fork();
  if (harness == 0) {
    setenv("TMPDIR", folder.c_str(), 1);
    if (chdir(folder.c_str()) != 0) _exit(1);
    VmOptions options = Options();
    options.accelerator = "tcg";
    RunInVm(options, {}, Shell("echo begun; sleep 1000"), [&](std::string_view line) {
      if (line == "begun" && write(pipe[1], "!", 1) != 1) _exit(1);
    });
    _exit(1);
  }
  close(pipe[1]);
  char begun = 0;
  ASSERT_EQ(read(pipe[0], &begun, 1), 1) << "the harness ended before the program began";
  close(pipe[0]);
  const std::vector<pid_t> children = Children(harness);
  ASSERT_EQ(children.size(), 1u);
  const pid_t qemu = children[0];
  // What it has open for writing, it has in memory.
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(qemu) + "/fd")) {
    const std::string file = fs::read_symlink(entry.path());
    if (!file.starts_with("/") || file.starts_with("/dev/") || file.starts_with("/memfd:"))
      continue;
    EXPECT_EQ(file, fs::canonical(Options().kernel).string());
  }

  ASSERT_EQ(kill(harness, SIGKILL), 0);
  EXPECT_EQ(waitpid(harness, nullptr, 0), harness);
  EXPECT_TRUE(Eventually([&] { return IsGone(qemu); })) << "QEMU outlives the harness";
  EXPECT_TRUE(fs::is_empty(folder));
}

}  // namespace
}  // namespace ixylab::hil
