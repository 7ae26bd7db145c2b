// However a run ends, the machine is as it was: by itself, or once the next request comes.
#include <filesystem>
#include <functional>
#include <string>

#include "tests/hil/agent/agent_fixture.h"

namespace ixylab::hil {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DisasterTest : public AgentTest {
 protected:
  /// Until the run's program is under way.
  std::unique_ptr<AgentProcess> StartRun() {
    auto agent = std::make_unique<AgentProcess>(options_, ToLine(For(Request::What::kRun)));
    agent->Until("running");
    return agent;
  }
  /// Nobody can give anything back any more.
  void KillAgentAndGuard() {
    const auto agent = StartRun();
    const pid_t guard = Guard();
    agent->Kill(SIGSTOP);  // it must not see its guard die
    kill(guard, SIGKILL);
    agent->Kill(SIGKILL);
    agent->Wait();
    ASSERT_TRUE(Eventually([&] { return machine_.Read(kBind).empty() && !Runs(guard); }));
  }
  bool Runs(pid_t pid) { return IdentityOf(pid, machine_.root()).start != 0; }
  std::vector<std::string> Notes(Request::What what) {
    return Texts(Answer(For(what)), What::kNote);
  }
};

TEST_F(DisasterTest, SuiteCrashes) {
  machine_.Write("program", "echo running; kill -SEGV $$");
  ExpectEnd(Answer(For(Request::What::kRun)), End::kSignalled, SIGSEGV);
  ExpectGivenBack();
}

TEST_F(DisasterTest, SuiteNeverEnds) {
  Request request = For(Request::What::kRun);
  request.deadline = std::chrono::seconds(1);
  ExpectEnd(Answer(request), End::kDeadline);
  ExpectGivenBack();
}

TEST_F(DisasterTest, SuiteNeverPauses) {
  machine_.Write("program", "while :; do echo again; done");
  Request request = For(Request::What::kRun);
  request.deadline = std::chrono::seconds(1);
  ExpectEnd(Answer(request), End::kDeadline);
  ExpectGivenBack();
}

struct Way {
  std::string name;
  std::function<void(AgentProcess& agent)> act;
  bool hears = true;  // hil is still there, and the agent tells it how it ended
};

class EarlyEndTest : public DisasterTest, public testing::WithParamInterface<Way> {};

TEST_P(EarlyEndTest, EverythingIsGivenBack) {
  if (GetParam().name == "Silence") options_.alive_deadline = std::chrono::milliseconds(300);
  // What hil no longer takes is noticed when something is to be told.
  machine_.Write("program", "echo running; while :; do sleep 0.1; echo more; done");
  const auto agent = StartRun();
  GetParam().act(*agent);
  if (GetParam().hears) ExpectEnd(agent->Rest(), End::kStopped);
  EXPECT_EQ(agent->Wait(), 0);
  ExpectGivenBack();
  EXPECT_THAT(Notes(Request::What::kCheck), Contains(HasSubstr("(hil run): stopped")));
}

INSTANTIATE_TEST_SUITE_P(
    By, EarlyEndTest,
    testing::Values(Way{"Request", [](AgentProcess& agent) { agent.Say("{\"stop\": true}"); }},
                    Way{"Silence", [](AgentProcess&) {}},
                    Way{"Terminate", [](AgentProcess& agent) { agent.Kill(SIGTERM); }},
                    Way{"HangUp", [](AgentProcess& agent) { agent.Kill(SIGHUP); }},
                    Way{"EndOfInput", [](AgentProcess& agent) { agent.CloseInput(); }},
                    Way{"EndOfOutput", [](AgentProcess& agent) { agent.CloseOutput(); }, false}),
    [](const auto& way) { return way.param.name; });

TEST_F(DisasterTest, AgentIsKilled) {
  machine_.Write("program", "echo running; echo $$ > \"$root/pid\"; exec sleep 60");
  const auto agent = StartRun();
  ASSERT_TRUE(Eventually([&] { return !machine_.Read("pid").empty(); }));
  agent->Kill(SIGKILL);
  EXPECT_TRUE(JournalGoes());
  EXPECT_EQ(machine_.Read(kBind), kPorts[1]);
  const pid_t program = std::stoi(machine_.Read("pid"));
  EXPECT_TRUE(Eventually([&] { return !Runs(program); }));
  machine_.Write("program", "exit 0");
  const std::vector<Event> events = Answer(For(Request::What::kRun, "ben@desk4"));
  ExpectEnd(events, End::kExited);
  EXPECT_THAT(Texts(events, What::kNote), Contains(HasSubstr("(hil run): it did not end")));
  ExpectGivenBack();
}

TEST_F(DisasterTest, GuardIsKilled) {
  const auto agent = StartRun();
  kill(Guard(), SIGKILL);
  agent->Say("{\"stop\": true}");
  const std::vector<Event> events = agent->Rest();
  ExpectEnd(events, End::kStopped);
  EXPECT_THAT(Texts(events, What::kNote), Contains(HasSubstr("they have been given back since")));
  ExpectGivenBack();
}

TEST_F(DisasterTest, AgentAndGuardAreKilledAndTheNextRequestRepairs) {
  KillAgentAndGuard();
  EXPECT_THAT(Notes(Request::What::kRelease),
              Contains(AllOf(HasSubstr("a run of mia@desk3 (hil run) on 0000:03:00.0 and "
                                       "0000:03:00.1, begun "),
                             HasSubstr("died with its guard: the machine is as before it now"))));
  EXPECT_EQ(machine_.Read(kBind), kPorts[1]);
  EXPECT_THAT(Notes(Request::What::kRelease), ElementsAre(HasSubstr("nothing is reserved")));
  machine_.Write("program", "exit 0");
  ExpectEnd(Answer(For(Request::What::kRun, "ben@desk4")), End::kExited);
  ExpectGivenBack();
}

TEST_F(DisasterTest, PowerCut) {
  KillAgentAndGuard();
  machine_.Write(kBootId, "second\n");
  EXPECT_THAT(Notes(Request::What::kCheck), Contains(HasSubstr("the machine was restarted since")));
  machine_.Write("program", "exit 0");
  ExpectEnd(Answer(For(Request::What::kRun, "ben@desk4")), End::kExited);
  ExpectNothingLeft();
}

TEST_F(DisasterTest, PowerCutInTheMiddleOfAWrite) {
  machine_.Write(std::string(kState) + kJournal, "{\"addresses\": [\"0000:0");
  machine_.Write(std::string(kState) + kJournal + ".new", "{\"addr");
  EXPECT_THAT(Notes(Request::What::kCheck),
              Contains(AllOf(HasSubstr("makes no sense"), HasSubstr(".json.broken"))));
  ExpectEnd(Answer(For(Request::What::kCheck)), End::kExited);
}

TEST_F(DisasterTest, WhatCannotBeGivenBackIsSaidUntilItIs) {
  machine_.Write("program", "rm \"$root/sys/bus/pci/drivers/ixgbe/bind\"");
  EXPECT_THAT(Failure(Answer(For(Request::What::kRun))),
              AllOf(HasSubstr("not given back: 0000:03:00.0: cannot write"), HasSubstr(kBind)));
  EXPECT_FALSE(State(kJournal).empty());
  const std::vector<Event> check = Answer(For(Request::What::kCheck));
  EXPECT_THAT(Texts(check, What::kNote), Contains(HasSubstr("not given back: 0000:03:00.0")));
  EXPECT_THAT(Failure(check), HasSubstr("what a dead run left cannot be brought back"));
  machine_.Write(kBind, "");
  EXPECT_THAT(Notes(Request::What::kRelease), Contains(HasSubstr("as before it now")));
  ExpectGivenBack();
}

TEST_F(DisasterTest, OldFilesAreRemoved) {
  namespace fs = std::filesystem;
  const fs::path state = machine_.root() / kState;
  for (const char* name : {"agent-old", "agent-new"})
    machine_.Write(kState + std::string(name), "");
  fs::last_write_time(state / "agent-old", fs::file_time_type::clock::now() - std::chrono::days(8));
  // Of a process that there cannot be.
  machine_.Write(std::string(kState) + "run-4194305-1/result", "");
  Answer(For(Request::What::kRelease));
  EXPECT_FALSE(fs::exists(state / "agent-old"));
  EXPECT_TRUE(fs::exists(state / "agent-new"));
  EXPECT_FALSE(fs::exists(state / "run-4194305-1"));
}

}  // namespace
}  // namespace ixylab::hil
