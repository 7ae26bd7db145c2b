// Requests to an agent on a machine of files: checks, runs, reservations.
#include "hil/agent/serve.h"

#include <fcntl.h>
#include <sys/file.h>

#include <filesystem>

#include "tests/hil/agent/agent_fixture.h"

namespace ixylab::hil {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

TEST_F(AgentTest, ChecksAGoodMachine) {
  const std::vector<Event> events = Answer(For(Request::What::kCheck));
  EXPECT_THAT(Texts(events, What::kNote),
              ElementsAre(MatchesRegex("machine: Linux .* huge pages, 64 free"),
                          "nothing is left of dead runs", "ports a, b: not used before",
                          "ports a, b: ok, 10 Gbit/s, link partner answers"));
  ExpectEnd(events, End::kExited);
  ExpectGivenBack();
}

TEST_F(AgentTest, SaysWhatIsWrongWithTheCable) {
  machine_.Write("cable", "echo starting; echo '0000:03:00.0: no link within 10 s' >&2; exit 1");
  const std::vector<Event> events = Answer(For(Request::What::kCheck));
  EXPECT_EQ(Failure(events), "0000:03:00.0: no link within 10 s");
  ExpectGivenBack();
  machine_.Write("cable", "kill -SEGV $$");
  Rebind();
  EXPECT_THAT(Failure(Answer(For(Request::What::kRun))),
              HasSubstr("the check of their cable: crashed by signal 11"));
}

TEST_F(AgentTest, SaysIfTheLinkIsSlow) {
  machine_.Write("cable", "echo 1000");
  EXPECT_EQ(Failure(Answer(For(Request::What::kRun))),
            "ports a, b: their link has 1 Gbit/s, and the lab file says 10 Gbit/s");
  ExpectGivenBack();
}

TEST_F(AgentTest, NoNic) {
  std::filesystem::remove(machine_.root() / "sys/bus/pci/devices" / kPorts[1]);
  for (const auto what : {Request::What::kCheck, Request::What::kRun}) {
    EXPECT_THAT(Failure(Answer(For(what))),
                AllOf(HasSubstr(kPorts[1]), HasSubstr("no such PCI device")));
    ExpectUntouched();
  }
}

TEST_F(AgentTest, BusyNic) {
  machine_.Write("proc/4242/comm", "testpmd\n");
  machine_.Link("proc/4242/fd/7", FakeMachine::Device(kPorts[0]) + "/resource0");
  EXPECT_THAT(Failure(Answer(For(Request::What::kRun))),
              HasSubstr("0000:03:00.0: busy: process 4242 (testpmd) uses it"));
  std::filesystem::remove_all(machine_.root() / "proc/4242");
  // A run that was not started from another machine locks the port.
  const auto file = machine_.root() / FakeMachine::Device(kPorts[1]) / "vendor";
  const Descriptor lock(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(flock(lock.get(), LOCK_EX), 0);
  EXPECT_THAT(Failure(Answer(For(Request::What::kRun))), HasSubstr("0000:03:00.1: busy: "));
  ExpectUntouched();
}

TEST_F(AgentTest, NicOfTheMachinesOwnTraffic) {
  machine_.AddInterface(kPorts[1], "lo", true);
  EXPECT_THAT(Failure(Answer(For(Request::What::kRun))), HasSubstr("lo has the address 127.0.0.1"));
  ExpectUntouched();
}

TEST_F(AgentTest, NonsenseInARequest) {
  AgentProcess agent(options_, "what?");
  EXPECT_THAT(Failure(agent.Rest()), HasSubstr("no request"));
  Request request = For(Request::What::kRun);
  request.pairs[0].addresses[1] = "../../etc";
  EXPECT_THAT(Failure(Answer(request)), HasSubstr("is not a PCI address"));
  request.pairs.clear();
  EXPECT_THAT(Failure(Answer(request), What::kBusy), HasSubstr("no ports"));
}

TEST_F(AgentTest, RunsTheSuite) {
  machine_.Write("program", R"(
echo "$word $target $*"
echo "6,2,2000042,-;ixgbe 0000:03:00.0: hello" >> "$root/dev/kmsg"
echo " SUBSYSTEM=pci" >> "$root/dev/kmsg"
echo '<testsuites/>' > "$result"
echo 'port 0: read STATUS' > "$trace"
echo error >&2
printf last
exit 3)");
  Request request = For(Request::What::kRun);
  request.arguments = {"--seed=7"};
  request.register_trace = true;
  const std::vector<Event> events = Answer(request);
  EXPECT_THAT(Texts(events, What::kLine),
              ElementsAre(AllOf(HasSubstr("suite pci:0000:03:00.0,0000:03:00.1 "),
                                HasSubstr("--seed=7"), Not(HasSubstr("--as"))),
                          "error", "last"));
  EXPECT_THAT(events,
              Contains(Event{.what = What::kFile, .name = "result", .text = "<testsuites/>\n"}));
  EXPECT_THAT(events, Contains(Event{.what = What::kFile,
                                     .name = "kernel.log",
                                     .text = "[    2.000042] ixgbe 0000:03:00.0: hello\n"}));
  EXPECT_THAT(events, Contains(Event{.what = What::kFile,
                                     .name = "registers.trace",
                                     .text = "port 0: read STATUS\n"}));
  ExpectEnd(events, End::kExited, 3);
  ExpectGivenBack();
  EXPECT_THAT(Texts(Answer(For(Request::What::kCheck)), What::kNote),
              Contains(MatchesRegex("ports a, b: last used . s ago by mia@desk3 \\(hil run\\): "
                                    "exit code 3")));
}

TEST_F(AgentTest, RunsOtherPrograms) {
  machine_.Write("program", "echo \"$word $target\"; echo {} > \"$result\"");
  Request request = For(Request::What::kRegs);
  request.bus = PciBus::kUio;
  machine_.Write("sys/bus/pci/drivers/uio_pci_generic/bind", "");
  std::vector<Event> events = Answer(request);
  EXPECT_THAT(Texts(events, What::kLine), ElementsAre("regs pci:0000:03:00.0,0000:03:00.1,uio"));
  EXPECT_THAT(events, Contains(Event{.what = What::kFile, .name = "result", .text = "{}\n"}));
  Rebind();
  EXPECT_THAT(Texts(Answer(For(Request::What::kRecord)), What::kLine),
              ElementsAre("record pci:0000:03:00.0,0000:03:00.1"));
  // Another suite, which needs no word.
  request = For(Request::What::kRun);
  request.program = "/bin/echo";
  Rebind();
  EXPECT_THAT(Texts(Answer(request), What::kLine), ElementsAre(HasSubstr("--target=pci:0000")));
  request.program = "/no/such/suite";
  Rebind();
  EXPECT_THAT(Failure(Answer(request)), HasSubstr("/no/such/suite"));
  ExpectGivenBack();
}

TEST_F(AgentTest, ALongKernelLogIsCut) {
  machine_.Write("program",
                 "seq -f '6,7,%.0f000000,-;line %.0f' 1 1 > /dev/null; "
                 "i=0; while [ $i -lt 1005 ]; do i=$((i+1)); echo \"6,7,0,-;line $i\"; "
                 "done >> \"$root/dev/kmsg\"");
  const std::vector<std::string> files = Texts(Answer(For(Request::What::kRun)), What::kFile);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_THAT(files[0], testing::StartsWith("[    0.000000] line 6\n"));
  EXPECT_THAT(files[0], testing::EndsWith("line 1005\n"));
}

TEST_F(AgentTest, TheSecondClientIsToldWhoHasThePorts) {
  AgentProcess first(options_, ToLine(For(Request::What::kRun)));
  first.Until("running");
  EXPECT_THAT(Failure(Answer(For(Request::What::kRun, "ben@desk4")), What::kBusy),
              MatchesRegex("0000:03:00.0 and 0000:03:00.1: reserved by mia@desk3 \\(hil run\\) "
                           "until .* \\(in 60 min\\)"));
  const std::vector<Event> check = Answer(For(Request::What::kCheck, "ben@desk4"));
  EXPECT_THAT(Texts(check, What::kNote), Contains(HasSubstr("reserved by mia@desk3")));
  ExpectEnd(check, End::kExited);
  first.Say("{\"stop\": true}");
  ExpectEnd(first.Rest(), End::kStopped);
  ExpectGivenBack();
}

TEST_F(AgentTest, ReservesByHand) {
  EXPECT_THAT(Texts(Answer(For(Request::What::kReserve)), What::kNote),
              ElementsAre(HasSubstr("ports a, b: reserved for mia@desk3 until 20")));
  EXPECT_THAT(Failure(Answer(For(Request::What::kRun, "ben@desk4")), What::kBusy),
              HasSubstr("reserved by mia@desk3"));
  machine_.Write("program", "exit 0");
  ExpectEnd(Answer(For(Request::What::kRun)), End::kExited);
  EXPECT_THAT(Texts(Answer(For(Request::What::kRelease, "ben@desk4")), What::kNote),
              ElementsAre("nothing is reserved for ben@desk4"));
  EXPECT_THAT(Texts(Answer(For(Request::What::kRelease)), What::kNote),
              ElementsAre("released: what was reserved for mia@desk3"));
  ExpectGivenBack();
}

TEST_F(AgentTest, OfAFullDiskNothingIsTaken) {
  for (const std::string& file : {std::string(kJournal), std::string("reservations.json")}) {
    std::filesystem::create_directories(machine_.root() / kState);
    std::filesystem::create_symlink("/dev/full", machine_.root() / kState / (file + ".new"));
    EXPECT_THAT(Failure(Answer(For(Request::What::kRun))),
                AllOf(HasSubstr(file), HasSubstr("No space left on device")));
    ExpectUntouched();
  }
}

}  // namespace
}  // namespace ixylab::hil
