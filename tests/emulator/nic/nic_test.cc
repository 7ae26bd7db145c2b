// The program as its clients see it: registers, control, trace, report, comings and goings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/emulator/nic/client.h"
#include "tests/emulator/nic/program.h"

namespace ixylab::emulator {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

// Registers of BAR 0 (82599 datasheet, 8.2.3), and an offset where there is none.
constexpr std::uint64_t kStatus = 0x8, kLinks = 0x42A4, kRal0 = 0xA200, kRah0 = 0xA204,
                        kNothing = 0x1FFFC;
constexpr std::uint32_t kLinkUp = 1u << 30;

/// The program with two ports, and sockets for it in a folder.
class NicTest : public ::testing::Test {
 protected:
  std::vector<std::string> Arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"--socket=" + (folder_ / "a"),
                                          "--socket=" + (folder_ / "b"),
                                          "--control=" + (folder_ / "c")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  VfioUserClient Client(const std::string& name) {
    return VfioUserClient(ConnectTo(folder_ / name));
  }
  ControlClient Control() { return ControlClient(ConnectTo(folder_ / "c")); }

  Folder folder_;
};

TEST_F(NicTest, Registers) {
  Program program(Arguments({"--mac=02:11:22:33:44:ff"}));
  ASSERT_TRUE(program.Ready()) << program.Errors();
  VfioUserClient port0 = Client("a"), port1 = Client("b");
  EXPECT_EQ(port0.Read(VfioUserClient::kConfigSpace, 0), 0x10FB8086u);
  EXPECT_EQ(port0.Read(0, kRal0), 0x33221102u);
  EXPECT_EQ(*port0.Read(0, kRah0) & 0xFFFF, 0xFF44u);
  EXPECT_EQ(port1.Read(0, kRal0), 0x33221102u);
  EXPECT_EQ(*port1.Read(0, kRah0) & 0xFFFF, 0x0045u);  // the next one, in its last three bytes
}

TEST_F(NicTest, VirtioNet) {
  for (const auto& [name, id] :
       {std::pair("virtio-net", 0x10001AF4u), std::pair("virtio-net,legacy", 0x10001AF4u),
        std::pair("virtio-net,modern", 0x10411AF4u), std::pair("virtio-net,packed", 0x10411AF4u)}) {
    Program program(Arguments({std::string("--nic=") + name}));
    ASSERT_TRUE(program.Ready()) << program.Errors();
    EXPECT_EQ(Client("b").Read(VfioUserClient::kConfigSpace, 0), id) << name;
  }
}

TEST_F(NicTest, OneAfterTheOtherIsServed) {
  Program program(Arguments());
  ASSERT_TRUE(program.Ready());
  for (int i = 0; i < 5; ++i) {
    VfioUserClient client = Client("a");
    EXPECT_TRUE(client.Read(0, kStatus));
  }
  EXPECT_TRUE(Until([&] { return Control().Ask("clients").at(0) == "clients 0"; }));
  EXPECT_THAT(Control().Ask("clients"), ElementsAre("clients 0", "port 0 free, clients so far 5",
                                                    "port 1 free, clients so far 0", "ok"));
  VfioUserClient client = Client("b");
  EXPECT_THAT(Control().Ask("clients"), Contains("port 1 connected, clients so far 1"));
}

TEST_F(NicTest, TheLinkIsUpWhileBothMachinesAreThere) {
  Program program(Arguments());
  ASSERT_TRUE(program.Ready());
  VfioUserClient port0 = Client("a");
  const auto link = [&](bool up) {
    return Until([&] { return ((*port0.Read(0, kLinks) & kLinkUp) != 0) == up; });
  };
  EXPECT_EQ(*port0.Read(0, kLinks) & kLinkUp, 0u);
  {
    VfioUserClient port1 = Client("b");
    EXPECT_TRUE(link(true));
  }
  EXPECT_TRUE(link(false));
  VfioUserClient port1 = Client("b");
  EXPECT_TRUE(link(true));
  EXPECT_THAT(Control().Ask("link down"), ElementsAre("ok"));
  EXPECT_TRUE(link(false));
  EXPECT_THAT(Control().Ask("link up"), ElementsAre("ok"));
  EXPECT_TRUE(link(true));
}

TEST_F(NicTest, ControlTellsWhatIsUnknown) {
  Program program(Arguments());
  ASSERT_TRUE(program.Ready());
  ControlClient control = Control();
  EXPECT_THAT(control.Ask("unknown"), ElementsAre("unknown 0", "ok"));
  EXPECT_THAT(control.Ask("faults"), ElementsAre("faults 0", "ok"));
  EXPECT_THAT(control.Ask("registers").at(0), MatchesRegex("registers 0 of [0-9]+ touched"));
  VfioUserClient port1 = Client("b");
  EXPECT_TRUE(port1.Read(0, kNothing));
  EXPECT_TRUE(port1.Read(0, kNothing));
  EXPECT_TRUE(port1.Read(0, kStatus));
  EXPECT_TRUE(port1.Write(0, kNothing - 4, 1));
  EXPECT_THAT(control.Ask("unknown"),
              ElementsAre("unknown 3", "port 1 region 0 offset 0x1fff8 count 1",
                          "port 1 region 0 offset 0x1fffc count 2", "ok"));
  EXPECT_THAT(control.Ask("registers").at(0), StartsWith("registers 1 of "));
  EXPECT_THAT(control.Ask("counters"), Contains("wire 1 out 0"));
  EXPECT_TRUE(
      Until([&] { return program.Errors().find("no such register") != std::string::npos; }));
}

TEST_F(NicTest, ControlSurvivesWhatItIsTold) {
  Program program(Arguments());
  ASSERT_TRUE(program.Ready());
  ControlClient control = Control();
  EXPECT_THAT(control.Ask("dance"), ElementsAre(StartsWith("error not known; there are link up")));
  EXPECT_THAT(control.Ask(""), ElementsAre(StartsWith("error ")));
  control.Send("cli");
  control.Send("ents\nfaults\n");
  std::vector<std::string> lines;
  for (int i = 0; i < 6; ++i) lines.push_back(control.ReadLine().value_or("nothing"));
  EXPECT_EQ(lines[0], "clients 0");
  EXPECT_EQ(lines[4], "faults 0");
  control.Send(std::string(100'000, 'x'));
  EXPECT_FALSE(control.ReadLine());  // hung up on
  EXPECT_THAT(Control().Ask("faults"), ElementsAre("faults 0", "ok"));
}

TEST_F(NicTest, InheritedSockets) {
  auto [port, port_end] = MakePair(SOCK_STREAM);
  auto [control, control_end] = MakePair(SOCK_STREAM);
  Program program({"--socket=fd:" + std::to_string(port_end.get()),
                   "--control=fd:" + std::to_string(control_end.get())},
                  {port_end.get(), control_end.get()});
  port_end.Close();
  control_end.Close();
  ASSERT_TRUE(program.Ready()) << program.Errors();
  VfioUserClient client(std::move(port));
  EXPECT_EQ(client.Read(VfioUserClient::kConfigSpace, 0), 0x10FB8086u);
  EXPECT_THAT(ControlClient(std::move(control)).Ask("clients"), Contains("clients 1"));
  // Nobody else can come: it need not be told --once.
  client.HangUp();
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_THAT(program.Output(), HasSubstr("nic: ends: the last client has gone;"));
}

TEST_F(NicTest, OnceEndsWithTheLastClient) {
  Program program(Arguments({"--once"}));
  ASSERT_TRUE(program.Ready());
  VfioUserClient port0 = Client("a"), port1 = Client("b");
  EXPECT_TRUE(port1.Read(0, kStatus));
  port0.HangUp();
  EXPECT_TRUE(Until([&] { return Control().Ask("clients").at(0) == "clients 1"; }));
  EXPECT_TRUE(port1.Read(0, kStatus));
  port1.HangUp();
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_THAT(folder_.Files(), IsEmpty());
}

TEST_F(NicTest, TraceOnStderr) {
  Program program(Arguments({"--trace"}));
  ASSERT_TRUE(program.Ready());
  VfioUserClient client = Client("a");
  EXPECT_TRUE(client.Write(0, kRal0, 0x11223344));
  EXPECT_TRUE(client.Read(0, kRal0));
  // Without anything else to drive it out.
  EXPECT_TRUE(Until([&] { return program.Errors().find("R  RAL") != std::string::npos; }));
  EXPECT_THAT(program.Errors(), HasSubstr(" ms  port 0  W  RAL[0] 0x0A200 = 0x11223344"));
  EXPECT_THAT(program.Errors(), HasSubstr("port 0: a client has connected"));
}

TEST_F(NicTest, TraceInAFileAndReport) {
  Program program(
      Arguments({"--trace=" + (folder_ / "trace"), "--report=" + (folder_ / "report")}));
  ASSERT_TRUE(program.Ready());
  VfioUserClient client = Client("a");
  EXPECT_TRUE(client.Read(0, kStatus));
  EXPECT_TRUE(client.Read(0, kNothing));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 0);
  const std::string trace = ReadFile(folder_ / "trace");
  EXPECT_THAT(trace, HasSubstr("port 0  R  STATUS 0x00008 = "));
  EXPECT_THAT(trace, HasSubstr("port 0  R  0x1FFFC? "));
  EXPECT_THAT(trace, HasSubstr("ends: SIGTERM"));
  EXPECT_EQ(program.Errors().find("R  STATUS"), std::string::npos);

  const nlohmann::json report = nlohmann::json::parse(ReadFile(folder_ / "report"));
  EXPECT_EQ(report.at("nic"), "82599");
  EXPECT_EQ(report.at("end"), "SIGTERM");
  EXPECT_EQ(report.at("ports").size(), 2u);
  EXPECT_EQ(report.at("ports").at(0).at("clients"), 1);
  EXPECT_EQ(report.at("faults").at("count"), 0);
  EXPECT_EQ(report.at("unknown").at("count"), 1);
  EXPECT_EQ(report.at("unknown").at("places").at(0).at("offset"), kNothing);
  EXPECT_EQ(report.at("registers").at("touched"), 1);
  unsigned in_table = 0;
  for (const auto& [provenance, row] : report.at("registers").at("by_provenance").items()) {
    EXPECT_FALSE(provenance.empty());
    in_table += row.at("in_table").get<unsigned>();
  }
  EXPECT_EQ(report.at("registers").at("in_table"), in_table);
}

TEST_F(NicTest, ATraceThatNobodyReadsHoldsNothingUp) {
  Program program(Arguments({"--trace"}));
  ASSERT_TRUE(program.Ready());
  VfioUserClient client = Client("a");
  // Far more than a pipe takes; each is answered, or the client's deadline passes.
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(client.Read(0, kStatus)) << i;
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 0);
}

TEST_F(NicTest, HostileClientsAreHungUpOn) {
  Program program(Arguments());
  ASSERT_TRUE(program.Ready());
  for (const std::string& bytes :
       {std::string(1000, '\xFF'), std::string(16, '\0'), std::string("GET / HTTP/1.0\r\n\r\n")}) {
    VfioUserClient client = Client("a");
    client.SendRaw(bytes);
    client.HangUp();
  }
  EXPECT_TRUE(Client("a").Read(0, kStatus));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 0);
}

}  // namespace
}  // namespace ixylab::emulator
