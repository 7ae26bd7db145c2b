#include "hil/lab/remote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "hil/lab/lab_file.h"
#include "tests/hil/lab/fake_lab.h"
#include "tests/hil/processes.h"

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using What = Event::What;
using End = Event::End;

constexpr const char* kGivesBack =
    ": the machine ends the run and gives the ports back by itself; hil lab check rack1 shows it";

class RemoteTest : public testing::Test {
 protected:
  LabResult Run(const LabProgram& program = {}, const std::string& target = "lab:rack1") {
    return RunOnLab(options_, ParseTarget(target), program,
                    [this](std::string_view line) { lines_.emplace_back(line); });
  }
  /// What is thrown, in one line.
  std::string Refusal(const LabProgram& program = {}, const std::string& target = "lab:rack1") {
    try {
      Run(program, target);
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      return error.what();
    }
    return {};
  }
  /// For an agent that ends at once.
  void UseQuickAgent() { lab_.WriteAgent(FakeLab::SayEnd(End::kExited)); }

  FakeLab lab_;
  LabOptions options_ = lab_.Options();
  std::vector<std::string> lines_;
};

TEST_F(RemoteTest, ARunFromRequestToEnd) {
  options_.purpose = "to see it";
  lab_.WriteAgent(FakeLab::Say(What::kNote, "ports a and b are taken") +
                  FakeLab::Say(What::kLine, "line 1") + FakeLab::Say(What::kLine, "  line \"2\"") +
                  FakeLab::Say({.what = What::kFile, .name = "result", .text = "<xml>\n</xml>"}) +
                  FakeLab::Say({.what = What::kFile, .name = "kernel.log", .text = "a\nb\n"}) +
                  FakeLab::SayEnd(End::kExited, 3));
  lab_.WriteTool("uname", "[ $1 = -m ] && echo x86_64 || echo shelf");
  testing::internal::CaptureStdout();
  const LabResult result = Run({.arguments = {"--seed=7", "--gtest_filter=A.*"},
                                .suite = {},
                                .deadline = 100s,
                                .register_trace = true});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "rack1: ports a and b are taken\n");
  EXPECT_EQ(result.end, End::kExited);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.reason, "");
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(result.machine, "shelf");
  EXPECT_THAT(lines_, ElementsAre("line 1", "  line \"2\""));
  EXPECT_EQ(result.files.size(), 2u);
  EXPECT_EQ(result.files.at("result"), "<xml>\n</xml>");
  EXPECT_EQ(result.files.at("kernel.log"), "a\nb\n");

  const Request request = ParseRequest(lab_.Read("request"));
  EXPECT_EQ(request.what, Request::What::kRun);
  EXPECT_THAT(request.pairs, ElementsAre(PortPair{.addresses = {"0000:03:00.0", "0000:03:00.1"},
                                                  .names = {"a", "b"},
                                                  .megabits_per_second = 10'000},
                                         PortPair{.addresses = {"0000:04:00.0", "0000:04:00.1"},
                                                  .names = {"c", "d"}}));
  EXPECT_EQ(request.bus, PciBus::kSysfs);
  EXPECT_THAT(request.claim.owner, HasSubstr("@"));
  EXPECT_EQ(request.claim.purpose, "to see it");
  EXPECT_GT(request.claim.duration, 100s);
  EXPECT_EQ(request.deadline, 100s);
  EXPECT_THAT(request.arguments, ElementsAre("--seed=7", "--gtest_filter=A.*"));
  EXPECT_EQ(request.program, "");
  EXPECT_TRUE(request.register_trace);
}

TEST_F(RemoteTest, PortsAndBusOfTheTarget) {
  UseQuickAgent();
  Run({}, "lab:rack1/d,uio");
  Request request = ParseRequest(lab_.Read("request"));
  ASSERT_EQ(request.pairs.size(), 1u);
  EXPECT_THAT(request.pairs[0].names, ElementsAre("d", "c"));
  EXPECT_EQ(request.bus, PciBus::kUio);
  EXPECT_THAT(request.claim.purpose, HasSubstr("remote_test")) << "the command is the default";

  lab_.Write("lab.toml", "[machine.rack1]\nhost = \"h\"\niommu = true\n" + FakeLab::kPorts);
  Run();
  EXPECT_EQ(ParseRequest(lab_.Read("request")).bus, PciBus::kVfio);
  Run({}, "lab:rack1,uio");
  EXPECT_EQ(ParseRequest(lab_.Read("request")).bus, PciBus::kUio);

  EXPECT_THAT(Refusal({}, "lab:rack2"), StartsWith("no lab machine \"rack2\" in "));
  EXPECT_EQ(Refusal({}, "lab:rack1/x"), "lab machine rack1 has no port \"x\"; there are: a b c d");
}

TEST_F(RemoteTest, TheAgentIsCopiedOnce) {
  UseQuickAgent();
  Run();
  ASSERT_EQ(lab_.State().size(), 1u);
  const std::string name = lab_.State()[0];
  EXPECT_THAT(name, testing::MatchesRegex("agent-[0-9a-f]+|agent-[0-9a-f]+"));
  EXPECT_EQ(name.size(), 22u);
  EXPECT_EQ(lab_.Read("state/" + name), lab_.Read("agent"));
  Run();
  EXPECT_EQ(lab_.Copies(), 1);

  lab_.Write("state/" + name, "#!/bin/sh\n");  // a part of it
  Run();
  EXPECT_EQ(lab_.Copies(), 2);
  EXPECT_EQ(lab_.Read("state/" + name), lab_.Read("agent"));

  lab_.WriteAgent("# another\n" + FakeLab::SayEnd(End::kExited));
  Run();
  EXPECT_EQ(lab_.Copies(), 3);
  EXPECT_EQ(lab_.State().size(), 2u);
}

TEST_F(RemoteTest, AnotherSuiteIsCopiedToo) {
  UseQuickAgent();
  lab_.WriteTool("suite", std::string(500'000, '#'));  // more than a pipe holds
  const LabProgram program{.arguments = {}, .suite = lab_.folder() + "/bin/suite"};
  Run(program);
  Run(program);
  EXPECT_EQ(lab_.Copies(), 2);
  ASSERT_EQ(lab_.State().size(), 2u);
  EXPECT_THAT(lab_.State()[1], StartsWith("suite-"));
  EXPECT_EQ(lab_.Read("state/" + lab_.State()[1]), lab_.Read("bin/suite"));
  EXPECT_EQ(ParseRequest(lab_.Read("request")).program,
            std::string(kStateFolder) + "/" + lab_.State()[1]);
}

TEST_F(RemoteTest, MachinesThatAreNotFit) {
  UseQuickAgent();
  lab_.WriteTool("uname", "echo aarch64");
  EXPECT_EQ(Refusal(), "lab machine rack1: it is aarch64, and the programs are for x86_64");
  std::filesystem::remove(lab_.folder() + "/bin/uname");

  lab_.WriteTool("df", "echo Filesystem; echo /dev/sda1 100000 99000 1000 99% /");
  EXPECT_EQ(Refusal(),
            "lab machine rack1: its disk is full: 0 MiB are free in /var/lib/ixylab, "
            "17 MiB are needed");
  std::filesystem::remove(lab_.folder() + "/bin/df");

  const std::string folder = "mkdir: cannot create directory '/var/lib/ixylab': ";
  lab_.WriteTool("mkdir", "echo \"" + folder + "Permission denied\" >&2; exit 1");
  EXPECT_EQ(Refusal(), "lab machine rack1: cannot write its folder /var/lib/ixylab: " + folder +
                           "Permission denied; set user = \"root\" or sudo = true in the lab file");
  lab_.WriteTool("mkdir", "echo \"" + folder + "Read-only file system\" >&2; exit 1");
  EXPECT_EQ(Refusal(), "lab machine rack1: cannot write its folder /var/lib/ixylab: " + folder +
                           "Read-only file system");
  std::filesystem::remove(lab_.folder() + "/bin/mkdir");

  EXPECT_THAT(lab_.State(), IsEmpty());
  EXPECT_EQ(lab_.Copies(), 0);
}

TEST_F(RemoteTest, CopiesThatFailLeaveNothing) {
  UseQuickAgent();
  lab_.WriteTool("cat", "echo 'cat: write error: No space left on device' >&2; exit 1");
  EXPECT_THAT(Refusal(), AllOf(StartsWith("lab machine rack1: cannot copy "),
                               EndsWith(": cat: write error: No space left on device")));
  EXPECT_THAT(lab_.State(), IsEmpty());
  lab_.WriteTool("cat", "exec head -c 10");
  EXPECT_THAT(Refusal(), EndsWith(": only a part of it arrived"));
  EXPECT_THAT(lab_.State(), IsEmpty());
}

TEST_F(RemoteTest, ALoginShellThatRunsNoScript) {
  UseQuickAgent();
  lab_.WriteTool("sh", "echo This account is not available.");
  EXPECT_THAT(Refusal(), StartsWith("lab machine rack1: its shell does not run a script"));
}

TEST_F(RemoteTest, Sudo) {
  UseQuickAgent();
  lab_.Write("lab.toml", "[machine.rack1]\nhost = \"h\"\nsudo = true\n" + FakeLab::kPorts);
  lab_.WriteTool("sudo", "printf %s \"$1\" > $LAB_MACHINE/sudo; shift; exec \"$@\"");
  Run();
  EXPECT_EQ(lab_.Read("sudo"), "-n");
  lab_.WriteTool("sudo", "echo 'sudo: a password is required' >&2; exit 1");
  EXPECT_EQ(Refusal(),
            "lab machine rack1: cannot look at it: sudo must not ask h for a password "
            "(sudo: a password is required)");
}

TEST_F(RemoteTest, WhatTheAgentRefuses) {
  const std::string busy = "a and b are reserved by mia@desk3 until 12:30 for \"soak\"";
  lab_.WriteAgent(FakeLab::Say(What::kBusy, busy) + FakeLab::SayEnd(End::kFailed));
  EXPECT_EQ(Refusal(), "lab machine rack1: " + busy);
  lab_.WriteAgent(FakeLab::Say(What::kFail, "no port has link") + FakeLab::SayEnd(End::kFailed));
  EXPECT_EQ(Refusal(), "lab machine rack1: no port has link");
}

TEST_F(RemoteTest, HowAProgramMayEnd) {
  const std::string line = FakeLab::Say(What::kLine, "begun");
  lab_.WriteAgent(line + FakeLab::SayEnd(End::kSignalled, SIGSEGV));
  LabResult result = Run();
  EXPECT_EQ(result.end, End::kSignalled);
  EXPECT_EQ(result.reason, "the program crashed: Segmentation fault");

  lab_.WriteAgent(line + FakeLab::SayEnd(End::kDeadline));
  result = Run({.arguments = {}, .suite = {}, .deadline = 9s});
  EXPECT_EQ(result.end, End::kDeadline);
  EXPECT_EQ(result.reason, "killed: the program did not end within 9 s");

  lab_.WriteAgent(line + FakeLab::Say(What::kFail, "ixgbe did not take a back") +
                  FakeLab::SayEnd(End::kFailed));
  result = Run();
  EXPECT_EQ(result.end, End::kFailed);
  EXPECT_EQ(result.reason, "lab machine rack1: ixgbe did not take a back");
}

TEST_F(RemoteTest, TheConnectionIsLost) {
  const std::string lost = "echo 'Timeout, server 192.0.2.17 not responding.' >&2; exit 255\n";
  const std::string why =
      "lab machine rack1: connection lost (Timeout, server 192.0.2.17 not "
      "responding.)";
  lab_.WriteAgent(lost);
  EXPECT_EQ(Refusal(), why + kGivesBack);
  lab_.WriteAgent(FakeLab::Say(What::kLine, "begun") + lost);
  const LabResult result = Run();
  EXPECT_EQ(result.end, End::kFailed);
  EXPECT_EQ(result.reason, why + kGivesBack);
  EXPECT_THAT(lines_, ElementsAre("begun"));
}

TEST_F(RemoteTest, AnAgentThatDies) {
  lab_.WriteAgent("echo 'agent: out of cheese' >&2; exit 3\n");
  EXPECT_EQ(Refusal(), std::string("lab machine rack1: its agent ended with exit code 3 and no "
                                   "last word (agent: out of cheese)") +
                           kGivesBack);
  lab_.WriteAgent(FakeLab::Say(What::kLine, "begun") + "kill -SEGV $$\n");
  EXPECT_THAT(Run().reason, StartsWith("lab machine rack1: "));
}

TEST_F(RemoteTest, AnAgentThatSaysNonsense) {
  lab_.WriteAgent("echo 'Welcome to rack1!'; sleep 100\n");
  EXPECT_EQ(Refusal(), std::string("lab machine rack1: its agent says what is no event (no JSON): "
                                   "\"Welcome to rack1!\"") +
                           kGivesBack);
  lab_.WriteAgent(FakeLab::Say(What::kLine, "begun") + "echo '{\"event\":\"x\"}'; sleep 100\n");
  EXPECT_THAT(Run().reason, StartsWith("lab machine rack1: its agent says what is no event "));
}

TEST_F(RemoteTest, AnAgentThatSaysNothing) {
  options_.patience = 2s;  // its shell commands take some tenths on a busy machine
  lab_.WriteAgent("exec sleep 100\n");
  EXPECT_EQ(Refusal({.arguments = {}, .suite = {}, .deadline = 0s}),
            std::string("lab machine rack1: it does not answer any more") + kGivesBack);
  lab_.WriteTool("uname", "exec sleep 100");
  EXPECT_EQ(Refusal(), "lab machine rack1: cannot look at it: no answer within 2 s");
}

TEST_F(RemoteTest, TheAgentHearsThatHilIsAlive) {
  lab_.WriteAgent("read -r alive\necho \"$alive\" > $LAB_MACHINE/alive\n" +
                  FakeLab::SayEnd(End::kExited));
  EXPECT_EQ(Run().end, End::kExited);
  EXPECT_EQ(lab_.Read("alive"), "{}\n");
}

constexpr const char* kReadUntilStop =
    "while read -r line; do case $line in *stop*) break ;; esac; done\n";

TEST_F(RemoteTest, CtrlCStopsTheRunAndWaitsForItsEnd) {
  lab_.WriteAgent(FakeLab::Say(What::kLine, "begun") + "kill -INT $LAB_USER\n" + kReadUntilStop +
                  "echo \"$line\" > $LAB_MACHINE/stop\n" + FakeLab::Say(What::kLine, "stopping") +
                  FakeLab::SayEnd(End::kStopped));
  const LabResult result = Run();
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.end, End::kStopped);
  EXPECT_EQ(lab_.Read("stop"), "{\"stop\":true}\n");
  EXPECT_THAT(lines_, ElementsAre("begun", "stopping"));
}

TEST_F(RemoteTest, AnAgentThatDoesNotStop) {
  options_.patience = 2s;  // its shell commands take some tenths on a busy machine
  lab_.WriteAgent("kill -INT $LAB_USER; exec sleep 100\n");
  const LabResult result = Run();
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.reason,
            std::string("lab machine rack1: it does not answer any more") + kGivesBack);
}

TEST_F(RemoteTest, ASecondCtrlCLeavesAtOnce) {
  lab_.WriteAgent(std::string("echo $$ > $LAB_MACHINE/pid; kill -INT $LAB_USER\n") +
                  kReadUntilStop + "kill -INT $LAB_USER; exec sleep 100\n");
  const LabResult result = Run();
  EXPECT_TRUE(result.interrupted);
  EXPECT_THAT(result.reason, StartsWith("lab machine rack1: interrupted again"));
  EXPECT_TRUE(Eventually([&] { return IsGone(std::stoi(lab_.Read("pid"))); }))
      << "the connection is closed";
}

TEST_F(RemoteTest, CtrlCBeforeTheRun) {
  UseQuickAgent();
  lab_.WriteTool("uname", "kill -INT $LAB_USER; exec sleep 100");
  const LabResult result = Run();
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.end, End::kStopped);
  EXPECT_THAT(lab_.State(), IsEmpty());
}

}  // namespace
}  // namespace ixylab::hil
