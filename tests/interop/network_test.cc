// Linux's ixgbe on both ports of a modelled 82599, used as networks use cards: guest/network.sh
// says what it sees, and each test judges a part of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/interop/guest_run.h"
#include "tests/interop/network_run.h"

namespace ixylab::hil {
namespace {

using nlohmann::json;
using testing::AnyOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::vector<std::string>& Section(const std::string& name) {
  return NetworkRun().Section(name);
}
std::string Value(const std::string& section, const std::string& name) {
  return NetworkRun().Value(section, name);
}

constexpr const char* kAllThree = "3 packets transmitted, 3 received, 0% packet loss";
constexpr const char* kNoneOfThree = "3 packets transmitted, 0 received, 100% packet loss";
constexpr const char* kAllFive = "5 packets transmitted, 5 received, 0% packet loss";

/// `tries` pings of the section, none of which lost anything, and nothing that failed.
void ExpectPings(const std::string& section, long tries) {
  const std::vector<std::string>& lines = Section(section);
  const auto count = [&](const char* text) {
    return std::ranges::count_if(
        lines, [&](const std::string& line) { return line.find(text) != line.npos; });
  };
  EXPECT_EQ(count("packets transmitted"), tries);
  EXPECT_EQ(count(kAllThree) + count(kAllFive), tries);
  EXPECT_THAT(lines, Each(Not(HasSubstr("fails"))));
  EXPECT_THAT(lines, Each(Not(HasSubstr("carriers after"))));
}

/// Frames that `name` tells of: that many were received by the driver, filtered or refused as bad
/// by the card, and no others moved.
std::string Frames(int sent, int received, int filtered, int bad) {
  return "sent " + std::to_string(sent) + ", received " + std::to_string(received) + ", filtered " +
         std::to_string(filtered) + ", bad " + std::to_string(bad);
}
void ExpectReceived(const std::string& section, const std::string& name, int sent = 10) {
  EXPECT_EQ(Value(section, name), Frames(sent, sent, 0, 0)) << name;
}
void ExpectFiltered(const std::string& section, const std::string& name, int sent = 10) {
  EXPECT_EQ(Value(section, name), Frames(sent, 0, sent, 0)) << name;
}

TEST(NetworkTest, GuestRunsToTheEnd) {
  EXPECT_EQ(NetworkRun().result.end, VmResult::End::kExited) << NetworkRun().result.reason;
  EXPECT_EQ(NetworkRun().result.code, 0);
  EXPECT_EQ(Value("probe", "link"), "yes");
  EXPECT_TRUE(NetworkRun().sections.contains("end"));
}

TEST(NetworkTest, VlansWithAndWithoutTheCardsHelp) { ExpectPings("vlan", 4 * 4 + 2); }

TEST(NetworkTest, StackedVlans) { ExpectPings("stacked_vlans", 3 * 2); }

TEST(NetworkTest, JumboFrames) {
  ExpectPings("jumbo", 2 * 4 + 4);
  EXPECT_THAT(Value("jumbo", "MTU 9000, longer"), HasSubstr("too long"));
  EXPECT_THAT(Value("jumbo", "MTU 9710, longer"), HasSubstr("too long"));
}

TEST(NetworkTest, FramesThatAreTooLongAreRefused) {
  ExpectReceived("too_long", "1514");
  EXPECT_EQ(Value("too_long", "9014"), Frames(10, 0, 0, 10));
}

class Tcp : public testing::TestWithParam<const char*> {};

TEST_P(Tcp, Passes) {
  const json report = json::parse(Section(GetParam()).front(), nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(report.is_object()) << Section(GetParam()).front();
  ASSERT_FALSE(report.contains("error")) << report["error"];
  const json end = report.value("end", json::object());
  ASSERT_TRUE(end.contains("sum_received")) << end;
  const double bits = end["sum_received"]["bits_per_second"].get<double>();
  EXPECT_GT(end["sum_received"]["bytes"].get<double>(), 1e6);
  std::printf("figure 82599, %s, %s, iperf3: %.6g Mbit/s\n", Section("kernel").front().c_str(),
              GetParam(), bits / 1e6);
}

INSTANTIATE_TEST_SUITE_P(Networks, Tcp,
                         testing::Values("vlan_tcp", "jumbo_tcp", "jumbo_tcp_reverse"));

TEST(NetworkTest, VlanFilterLetsMembersPass) {
  ExpectReceived("vlan_filter", "VID 10");
  ExpectFiltered("vlan_filter", "VID 99");
  ExpectReceived("vlan_filter", "VID 99, without a filter");
  ExpectFiltered("vlan_filter", "VID 99, with a filter");
  ExpectFiltered("vlan_filter", "VID 10, not a member");
}

TEST(NetworkTest, PromiscuousModeSeesWhatIsOthers) {
  ExpectReceived("unicast_filter", "own");
  ExpectFiltered("unicast_filter", "foreign");
  ExpectReceived("unicast_filter", "foreign, promiscuous");
  ExpectReceived("unicast_filter", "VID 99, promiscuous");
  ExpectReceived("unicast_filter", "group, promiscuous");
  ExpectFiltered("unicast_filter", "foreign, no longer");
}

TEST(NetworkTest, AddressesMayChangeAndBeSeveral) {
  ExpectReceived("unicast_filter", "new");
  ExpectFiltered("unicast_filter", "old");
  ExpectReceived("unicast_filter", "four more", 4);
  ExpectFiltered("unicast_filter", "a fifth", 1);
  ExpectFiltered("unicast_filter", "none more", 4);
  ExpectPings("unicast_filter", 3);
}

TEST(NetworkTest, MulticastIsFilteredByTheTable) {
  ExpectFiltered("multicast", "nobody's");
  ExpectReceived("multicast", "joined");
  ExpectFiltered("multicast", "next one");
  ExpectReceived("multicast", "same entry");
  ExpectReceived("multicast", "twenty joined", 20);
  ExpectFiltered("multicast", "twenty others", 20);
  ExpectReceived("multicast", "all", 20);
  ExpectFiltered("multicast", "foreign");
  ExpectFiltered("multicast", "no longer all", 20);
  ExpectFiltered("multicast", "left", 20);
  ExpectPings("multicast", 1);
}

TEST(NetworkTest, TrafficControlDropsWhatItIsTold) {
  ExpectReceived("tc", "to a filter", 50);
  EXPECT_EQ(Value("tc", "dropped"), "50");
  EXPECT_THAT(Value("tc", "egress drops"), StartsWith(kNoneOfThree));
  EXPECT_THAT(Section("tc"), Contains(StartsWith(kAllFive)).Times(2));
}

class Xdp : public testing::TestWithParam<const char*> {};

TEST_P(Xdp, DoesWhatItsProgramSays) {
  const std::string section = std::string("xdp_") + GetParam();
  EXPECT_EQ(Value(section, "attach"), "ok");
  const bool native = std::string_view(GetParam()) == "drv";
  EXPECT_THAT(Section(section), Contains(native ? "xdp" : "xdpgeneric"));
  for (const std::string action : {"pass", "drop", "tx", "redirect"}) {
    EXPECT_EQ(Value(section, action), "ok");
    const bool back = action == "tx" || action == "redirect";
    for (const char* size : {", size 60", ", size 1514"}) {
      EXPECT_EQ(Value(section, action + size), back ? "sent 200 back 200 " : "sent 200 ");
    }
    EXPECT_EQ(Value(section, action + ", seen"), "400");
    EXPECT_THAT(Value(section, action + ", ping"),
                StartsWith(action == "drop" ? kNoneOfThree : kAllFive));
  }
  EXPECT_EQ(Value(section, "detached"), "0");
  EXPECT_THAT(Value(section, "after"), StartsWith(kAllFive));
}

INSTANTIATE_TEST_SUITE_P(Modes, Xdp, testing::Values("skb", "drv"));

TEST(NetworkTest, TrafficSurvivesResets) {
  EXPECT_EQ(Value("reset", "traffic"), "yes");
  for (const std::string port : {"a", "b"}) {
    EXPECT_EQ(Value("reset", "ethtool -r, " + port), "yes");
    EXPECT_EQ(Value("reset", "down and up, " + port), "yes");
    EXPECT_EQ(Value("function_reset", "function reset, " + port), "yes");
  }
  EXPECT_THAT(Section("reset"), Each(Not(HasSubstr("fails"))));
  // The first of the ways that the kernel knows is the one that it took.
  EXPECT_THAT(Section("function_reset"), Contains(StartsWith("method: flr")).Times(2));
  EXPECT_THAT(Section("function_reset"), Each(Not(HasSubstr("fails"))));
}

TEST(NetworkTest, UnloadsUnderTraffic) {
  EXPECT_THAT(Section("unload"), Contains("unloaded"));
  EXPECT_THAT(Section("unload"), Contains("link: yes"));
  ExpectPings("unload", 1);
}

TEST(NetworkTest, KernelLogHasNoWarning) {
  // What ixgbe says of any card that still has frames to send when the other end goes down, and
  // does.
  const auto of_the_other_end = AnyOf(
      HasSubstr("initiating reset to clear Tx work after link loss"), HasSubstr("Reset adapter"));
  // While the kernel resets a function it has its memory switched off, without a word to ixgbe,
  // whose watch of the firmware may look just then: nobody answers. A bus would say all ones, QEMU
  // says 0 (system/memory.c, unassigned_mem_read); the model's FWSM is a constant.
  const auto nobody_answers = HasSubstr("Warning firmware error detected FWSM: 0x00000000");

  std::vector<std::string> log = Section("log");
  const auto find = [&](auto from, std::string_view section) {
    return std::find_if(from, log.end(),
                        [&](const std::string& line) { return line.ends_with(section); });
  };
  const auto reset = find(log.begin(), "interop: function_reset");
  const auto after = find(reset, "interop: unload");
  ASSERT_NE(after, log.end());
  EXPECT_THAT(WarningsIn({reset, after}, "interop: function_reset"),
              Each(AnyOf(of_the_other_end, nobody_answers)));
  log.erase(reset, after);
  EXPECT_THAT(WarningsIn(log, "interop: probe"), Each(of_the_other_end));
}

TEST(NetworkTest, NoUnknownRegisterAndNoDmaFault) {
  EXPECT_THAT(NetworkRun().result.nic.problems, IsEmpty());
  EXPECT_EQ(NetworkRun().result.nic.death, "");
  EXPECT_THAT(NetworkRun().result.nic.registers, Not(IsEmpty()));
}

}  // namespace
}  // namespace ixylab::hil
