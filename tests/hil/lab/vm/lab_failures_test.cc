// What goes wrong with lab machines, on the stand-in: each with one line that says it, and a
// machine that is as it was found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "hil/files.h"
#include "hil/lab/protocol.h"
#include "hil/subprocess.h"
#include "tests/hil/lab/vm/lab_stand_in.h"
#include "tests/hil/processes.h"

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

// Of an emulated machine.
constexpr auto kRunDeadline = 60s;
constexpr auto kGiveBackDeadline = 30s;

// A run of a second, and one that does not end by itself.
const std::vector<std::string> kQuick = {"--filter=BringUp.*"};
const std::vector<std::string> kLong = {"--filter=BringUp.LinkComesUp:Soak.*",
                                        "--soak-packets=1000000000"};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Result {
  int code = 0;
  std::vector<std::string> output;
  std::vector<std::string> errors;
};

/// One boot for all tests but the last.
class LabFailuresTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    machine_ = new LabStandIn(testing::TempDir() + "machine");
    Boot();
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(machine_->Stop(), 0) << testing::PrintToString(machine_->Errors());
    delete machine_;
  }
  void TearDown() override {
    EXPECT_EQ(State(), before_);
    EXPECT_EQ(Do("left"), "");
  }

  static void Boot() {
    machine_->Boot();
    Do("ip link set eth1 up mtu 1400");
    before_ = State();
  }

  static std::string State() { return Do("state"); }
  static bool IsAsBefore(std::chrono::seconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (State() != before_ || Do("agents") != "") {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(200ms);
    }
    return true;
  }
  static std::string Do(const std::string& script) { return machine_->Do(script); }

  static std::vector<std::string> RunArguments(const std::vector<std::string>& options,
                                               const std::string& lab_file = machine_->lab_file()) {
    std::vector<std::string> arguments = {"run", "--target=lab:vm", "--lab=" + lab_file};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return arguments;
  }
  static Result Hil(const std::vector<std::string>& arguments) {
    HilProcess hil("hil", arguments);
    const int code = hil.Wait(kRunDeadline);
    return {code, hil.Output(), hil.Errors()};
  }
  static Result Check() { return Hil({"lab", "check", "vm", "--lab=" + machine_->lab_file()}); }

  static void ExpectPasses() {
    const Result result = Hil(RunArguments(kQuick));
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.errors, IsEmpty());
    EXPECT_THAT(result.output, Contains(MatchesRegex("[1-9] passed, 0 failed, 0 skipped")));
  }
  /// One line that says why, and nothing was run.
  static void ExpectRefused(const Result& result, const testing::Matcher<std::string>& why) {
    EXPECT_EQ(result.code, 2) << testing::PrintToString(result.output);
    EXPECT_THAT(result.errors, ElementsAre(why));
  }
  static void ExpectRefused(const testing::Matcher<std::string>& why) {
    ExpectRefused(Hil(RunArguments(kQuick)), why);
  }
  /// A lab file that is wrong in one place.
  static std::string LabFileWith(const std::string& text, const std::string& in_place_of) {
    std::string lab = ReadFile(machine_->lab_file());
    const std::size_t at = lab.find(in_place_of);
    if (at == lab.npos) throw std::runtime_error("no " + in_place_of + " in " + lab);
    lab.replace(at, in_place_of.size(), text);
    const std::string path = testing::TempDir() + "wrong.toml";
    std::ofstream(path) << lab;
    return path;
  }

  /// A run that is under way: its second test runs.
  static std::unique_ptr<HilProcess> Start(const std::string& purpose = "a test") {
    std::vector<std::string> options = kLong;
    options.push_back("--purpose=" + purpose);
    auto hil = std::make_unique<HilProcess>("long", RunArguments(options));
    if (!hil->Prints("1/2  passed", kRunDeadline)) {
      throw std::runtime_error("it does not start: " + testing::PrintToString(hil->Errors()));
    }
    return hil;
  }
  /// The test that was under way has failed, for this reason, and the machine is as it was.
  static void ExpectFailed(HilProcess& hil, const testing::Matcher<std::string>& why) {
    EXPECT_EQ(hil.Wait(kRunDeadline), 1);
    EXPECT_THAT(hil.Output(), Contains(why));
    EXPECT_EQ(hil.Output().back(), "1 passed, 1 failed, 0 skipped");
    EXPECT_TRUE(IsAsBefore(kGiveBackDeadline)) << State();
  }

  static inline LabStandIn* machine_ = nullptr;
  static inline std::string before_;
};

TEST_F(LabFailuresTest, RunPassesAndTheAgentIsCopiedOnce) {
  EXPECT_THAT(before_,
              AllOf(HasSubstr("0000:00:02.0 ixgbe (null) 1"), HasSubstr("eth1 0x1003 1400"),
                    HasSubstr("eth2 0x1002 1500"), HasSubstr("huge pages: 0\n")));
  ExpectPasses();
  const std::string agents = Do("ls -il /var/lib/ixylab | grep agent-");
  std::printf("figure: agent: %s", agents.c_str());
  EXPECT_EQ(std::ranges::count(agents, '\n'), 1);
  const Result check = Check();
  EXPECT_EQ(check.code, 0);
  EXPECT_THAT(check.output,
              AllOf(Contains(HasSubstr("the agent is there")),
                    Contains(HasSubstr("link partner answers")), Contains("vm: usable")));
  EXPECT_EQ(Do("ls -il /var/lib/ixylab | grep agent-"), agents);
}

TEST_F(LabFailuresTest, RegistersAndRecordingsComeInTheSameWay) {
  const std::string lab = "--lab=" + machine_->lab_file();
  const std::string dump = testing::TempDir() + "dump", trace = testing::TempDir() + "trace";
  EXPECT_EQ(Hil({"regs", "--target=lab:vm", lab, "--output=" + dump}).code, 0);
  EXPECT_THAT(ReadFile(dump), HasSubstr("SRRCTL"));
  EXPECT_EQ(Hil({"record", "--target=lab:vm", lab, "--output=" + trace}).code, 0);
  EXPECT_GT(ReadFile(trace).size(), 1000u);
}

TEST_F(LabFailuresTest, MachinesAndPortsThatAreNotThere) {
  ExpectRefused(Hil({"run", "--target=lab:attic", "--lab=" + machine_->lab_file()}),
                HasSubstr("no lab machine \"attic\""));
  ExpectRefused(Hil(RunArguments(kQuick, LabFileWith("0000:00:1e.0", "0000:00:03.0"))),
                HasSubstr("0000:00:1e.0: there is no such PCI device"));
  ExpectRefused(Hil(RunArguments(kQuick, LabFileWith("speed = 1\n", "speed = 10\n"))),
                HasSubstr("their link has 10 Gbit/s, and the lab file says 1 Gbit/s"));
  // Its own card.
  ExpectRefused(Hil(RunArguments(kQuick, LabFileWith("0000:00:05.0", "0000:00:03.0"))),
                HasSubstr("eth0"));
}

TEST_F(LabFailuresTest, WrongKey) {
  const std::string key = testing::TempDir() + "wrong_key";
  RunChild({FindInPath("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key}, 20s,
           [](std::string_view) {});
  ExpectRefused(Hil(RunArguments(kQuick, LabFileWith(key, machine_->file("key")))),
                AllOf(HasSubstr("root@127.0.0.1 does not take the key " + key),
                      HasSubstr("Permission denied")));
}

TEST_F(LabFailuresTest, NicIsBusy) {
  Do("ip addr add 192.0.2.1/24 dev eth1");
  ExpectRefused(HasSubstr("eth1 has the address 192.0.2.1"));
  Do("ip addr del 192.0.2.1/24 dev eth1");

  Do("sleep 1000 < /sys/bus/pci/devices/0000:00:03.0/resource0 > /dev/null 2>&1 &");
  ExpectRefused(AllOf(HasSubstr("0000:00:03.0: busy: process "), HasSubstr("(sleep)")));
  Do("kill $(pids '^sleep [0-9]*')");
}

TEST_F(LabFailuresTest, DiskIsFull) {
  // Without the agent, which has to be copied, and with it.
  Do("mount -t tmpfs -o size=8m none /var/lib/ixylab");
  ExpectRefused(AllOf(HasSubstr("its disk is full: "), HasSubstr("are needed")));
  Do("umount /var/lib/ixylab");

  Do("fallocate -l $(($(df -Pk /var | tail -n 1 | tr -s ' ' | cut -d ' ' -f 4) - 64))k /var/fill");
  ExpectRefused(HasSubstr("its disk is full: 0 MiB are free in /var/lib/ixylab"));
  Do("rm /var/fill");
}

TEST_F(LabFailuresTest, TwoUsersAndCtrlC) {
  const auto first = Start("to be in the way");
  ExpectRefused(AllOf(HasSubstr("reserved by "), HasSubstr("to be in the way"),
                      HasSubstr(" until "), HasSubstr(" (in ")));
  EXPECT_THAT(Check().output, Contains(HasSubstr("to be in the way")));

  first->Signal(SIGINT);
  EXPECT_EQ(first->Wait(kGiveBackDeadline), 130);
  EXPECT_THAT(first->Output(), Contains(HasSubstr("interrupted")));
  EXPECT_EQ(State(), before_);  // by the time that hil ends
  EXPECT_EQ(Do("left"), "");
  ExpectPasses();
}

TEST_F(LabFailuresTest, SuiteCrashes) {
  const auto run = Start();
  Do("kill -SEGV $(suite)");
  ExpectFailed(*run, HasSubstr("crashed: Segmentation fault"));
}

TEST_F(LabFailuresTest, AgentIsKilled) {
  const auto run = Start();
  Do("kill -KILL $(agents | head -n 1)");
  ExpectFailed(*run, HasSubstr("lab machine vm: its agent ended with exit code 137"));
  EXPECT_EQ(Check().code, 0);  // whoever comes next takes the reservation of the dead away
}

TEST_F(LabFailuresTest, AgentAndGuardAreKilledAndACheckRepairs) {
  const auto run = Start();
  Do("kill -KILL $(agents)");
  EXPECT_EQ(run->Wait(kRunDeadline), 1);
  EXPECT_NE(State(), before_);
  const Result check = Check();
  EXPECT_EQ(check.code, 0);
  EXPECT_THAT(check.output, AllOf(Contains(AllOf(HasSubstr("died with its guard"),
                                                 HasSubstr("the machine is as before it now"))),
                                  Contains("vm: usable")));
}

TEST_F(LabFailuresTest, ConnectionIsCut) {
  const auto run = Start();
  const std::vector<pid_t> ssh = Children(run->pid(), "ssh");
  ASSERT_EQ(ssh.size(), 1u);
  kill(ssh[0], SIGKILL);
  ExpectFailed(*run, HasSubstr("lab machine vm: connection lost"));
}

TEST_F(LabFailuresTest, ConnectionFallsSilent) {
  const auto run = Start();
  // Nothing goes through it any more.
  const std::string server = Do("server=$(ssh_server); kill -STOP $server; echo $server");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(IsAsBefore(kAliveDeadline + kGiveBackDeadline)) << State();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("figure: silent for %.1f s until all was given back\n", took.count());
  ExpectFailed(*run, HasSubstr("lab machine vm: connection lost"));
  Do("kill -KILL " + server);
}

// The last one.
TEST_F(LabFailuresTest, PowerCut) {
  const auto run = Start();
  machine_->CutPower();
  EXPECT_EQ(run->Wait(kRunDeadline), 1);
  EXPECT_THAT(run->Output(), Contains(HasSubstr("lab machine vm: connection lost")));

  Boot();
  const Result check = Check();
  EXPECT_EQ(check.code, 0);
  EXPECT_THAT(check.output,
              AllOf(Contains(HasSubstr("died with its guard: the machine was "
                                       "restarted since, so nothing is left of it")),
                    Contains(HasSubstr("the agent is there")), Contains("vm: usable")));
  ExpectPasses();
}

}  // namespace
}  // namespace ixylab::hil
