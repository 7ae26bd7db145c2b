// A dump of the model in a VM, through all that is between: the agent there, PCI, a NIC process.
// It is the model of this process, so that nothing may differ but what is different in any two.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hil/files.h"
#include "hil/regs/compare.h"
#include "hil/regs/dump.h"
#include "hil/regs/on_target.h"
#include "tests/hil/processes.h"

namespace ixylab::hil {
namespace {

using testing::IsEmpty;

TEST(RegsInVmTest, NothingDiffersFromTheModelHere) {
  ReachOptions options;
  options.vm.accelerator = "tcg";
  const RegisterDump vm = DumpTarget("vm:82599", 0, DeviceState::kOpen, options);
  EXPECT_EQ(vm.target, "vm:82599");
  const RegisterDump model = DumpTarget("model:82599", 0, DeviceState::kOpen, options);
  const DumpComparison found = Compare(vm, model);
  EXPECT_THAT(found.differences, IsEmpty()) << ToText(found, vm, model);
  EXPECT_THAT(found.only_a, IsEmpty());
  EXPECT_THAT(found.only_b, IsEmpty());
  std::set<std::string_view> excused;
  for (const NotCompared* rule : found.excused) excused.insert(rule->name);
  const std::set<std::string_view> addresses = {"RDBAH", "RDBAL", "TDBAH", "TDBAL"};
  EXPECT_THAT(excused, testing::IsSubsetOf(addresses));
  EXPECT_TRUE(excused.contains("RDBAL"));
}

/// `hil COMMAND... --target=vm:82599`, interrupted while its guest runs, ends as a shell expects
/// it.
class Interrupting : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(Interrupting, EndsTheGuestAndSaysSo) {
  std::vector<std::string> command = {FindRunfile("hil/hil")};
  command.insert(command.end(), GetParam().begin(), GetParam().end());
  command.insert(command.end(), {"--target=vm:82599", "--accel=tcg"});
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t hil = -1;
  ASSERT_EQ(posix_spawn(&hil, arguments[0], nullptr, nullptr, arguments.data(), environ), 0);

  std::vector<pid_t> machines;
  EXPECT_TRUE(Eventually([&] {
    machines = Children(hil, "-initrd");
    return !machines.empty();
  }));
  // Not SIGINT, which whoever runs tests may have told its programs to ignore.
  EXPECT_EQ(kill(hil, SIGTERM), 0);
  int status = 0;
  EXPECT_EQ(waitpid(hil, &status, 0), hil);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 130);
  for (const pid_t machine : machines) EXPECT_TRUE(Eventually([&] { return IsGone(machine); }));
}

INSTANTIATE_TEST_SUITE_P(Commands, Interrupting,
                         testing::Values(std::vector<std::string>{"regs"},
                                         std::vector<std::string>{
                                             "record",
                                             "--output=" + testing::TempDir() + "/trace"}),
                         [](const auto& info) { return info.param.front(); });

}  // namespace
}  // namespace ixylab::hil
