// Whoever is killed, and whenever: the others end, nothing is left, and the survivor says why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "hil/process.h"
#include "hil/vm/vm.h"
#include "tests/hil/processes.h"
#include "tests/interop/linux_vm.h"

namespace ixylab::hil {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using testing::HasSubstr;
using testing::SizeIs;

enum class Victim { kQemu, kNic, kGuest, kTestToldToEnd, kTestKilled };

struct Case {
  const char* name;
  Victim victim;
  const char* after;  // what the guest says: "loading" (the driver is about to probe), "traffic"
  std::chrono::milliseconds delay;
  const char* reason;  // what the test that ran the VM says of its end; null: nobody is left to
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

/// In a process of its own: runs the VM and writes to `out` what the guest says and how it ended.
[[noreturn]] void RunAsProcess(const Case& test, const fs::path& folder, int out) {
  setenv("TMPDIR", folder.c_str(), 1);
  if (chdir(folder.c_str()) != 0) _exit(1);
  const auto say = [&](const std::string& line) { dprintf(out, "%s\n", line.c_str()); };
  try {
    VmOptions options = LinuxVm("82599", "guest");
    options.accelerator = "tcg";
    options.deadline = 100s;
    const VmResult result = RunInVm(
        options, {},
        GuestScript("traffic.sh",
                    {DriverOf(options.nic), test.victim == Victim::kGuest ? test.after : "never"}),
        [&](std::string_view line) { say(std::string(line)); });
    for (const std::string& line : result.nic.problems) say("problem: " + line);
    say("reason: " + result.reason);
  } catch (const std::exception& error) {
    say(std::string("exception: ") + error.what());
  }
  _exit(0);
}

class KillTest : public testing::TestWithParam<Case> {};

TEST_P(KillTest, NothingIsLeftAndTheSurvivorSaysWhy) {
  const Case& test = GetParam();
  const fs::path folder = fs::path(testing::TempDir()) / test.name;
  fs::create_directories(folder);
  DescriptorPair pipe = MakePipe();
  const pid_t process = fork();
  if (process == 0) RunAsProcess(test, folder, pipe.theirs.get());
  pipe.theirs.Close();

  std::vector<pid_t> children;
  std::string reason;
  std::vector<std::string> problems;
  Lines lines([&](std::string_view line) {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    if (line.starts_with("reason: ")) reason = line.substr(8);
    if (line.starts_with("problem: ") || line.starts_with("exception: ")) {
      problems.emplace_back(line);
    }
    if (line != test.after) return;
    const std::vector<pid_t> qemu = Children(process, "vfio-user-pci");
    const std::vector<pid_t> nic = Children(process, "--nic=82599");
    ASSERT_THAT(qemu, SizeIs(1));
    ASSERT_THAT(nic, SizeIs(1));
    children = {qemu[0], nic[0]};
    std::this_thread::sleep_for(test.delay);
    switch (test.victim) {
      case Victim::kQemu:
        kill(qemu[0], SIGKILL);
        break;
      case Victim::kNic:
        kill(nic[0], SIGKILL);
        break;
      case Victim::kGuest:
        break;  // by itself
      case Victim::kTestToldToEnd:
        kill(process, SIGTERM);
        break;
      case Victim::kTestKilled:
        kill(process, SIGKILL);
        break;
    }
  });
  std::array<char, 4096> bytes;
  for (ssize_t n; (n = read(pipe.ours.get(), bytes.data(), bytes.size())) > 0;) {
    lines.Add({bytes.data(), static_cast<std::size_t>(n)});
  }
  lines.End();
  int status = 0;
  EXPECT_EQ(waitpid(process, &status, 0), process);

  ASSERT_THAT(children, SizeIs(2)) << "the guest never said \"" << test.after << '"';
  for (const pid_t child : children) {
    EXPECT_TRUE(Eventually([&] { return IsGone(child); })) << child << " is left";
  }
  EXPECT_TRUE(fs::is_empty(folder));
  EXPECT_THAT(problems, testing::IsEmpty());
  if (test.reason == nullptr) {
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  } else {
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_THAT(reason, HasSubstr(test.reason));
  }
}

constexpr Case kCases[] = {
    {"QemuWhileProbing", Victim::kQemu, "loading", 150ms, "QEMU was killed: Killed"},
    {"QemuUnderTraffic", Victim::kQemu, "traffic", 30ms, "QEMU was killed: Killed"},
    {"NicWhileProbing", Victim::kNic, "loading", 300ms, "the NIC process died: Killed"},
    {"NicUnderTraffic", Victim::kNic, "traffic", 70ms, "the NIC process died: Killed"},
    {"GuestWhileProbing", Victim::kGuest, "loading", 0ms, "Kernel panic"},
    {"GuestUnderTraffic", Victim::kGuest, "traffic", 0ms, "Kernel panic"},
    {"TestToldToEndUnderTraffic", Victim::kTestToldToEnd, "traffic", 0ms, "killed: interrupted"},
    {"TestKilledWhileProbing", Victim::kTestKilled, "loading", 450ms, nullptr},
    {"TestKilledUnderTraffic", Victim::kTestKilled, "traffic", 110ms, nullptr},
};

INSTANTIATE_TEST_SUITE_P(Cases, KillTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ixylab::hil
