// The kernel's own driver on a NIC process, in a VM: guest/interop.sh says what it sees there, and
// each test judges a part of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hil/files.h"
#include "hil/vm/vm.h"
#include "tests/interop/guest_run.h"
#include "tests/interop/linux_vm.h"

namespace ixylab::hil {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr std::array<std::string_view, 2> kMacs = {kMac, "02:1b:21:00:00:ff"};

std::string Setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}
/// What //emulator:nic takes: 82599, virtio-net.
std::string Nic() { return Setting("INTEROP_NIC"); }
bool Is82599() { return Nic() == "82599"; }

/// One boot for all tests.
const GuestRun& TheRun() {
  static const GuestRun run = [] {
    VmOptions options = LinuxVm(Nic(), Setting("INTEROP_GUEST"));
    options.deadline = std::chrono::seconds(280);
    return RunGuest(options, {{"mmio_time", FindRunfile("tests/interop/mmio_time")}},
                    GuestScript("interop.sh", {DriverOf(Nic())}));
  }();
  return run;
}

const std::vector<std::string>& Section(const std::string& name) { return TheRun().Section(name); }
std::string Value(const std::string& section, const std::string& name) {
  return TheRun().Value(section, name);
}

std::optional<std::uint64_t> Count(const std::string& name) {
  const std::string value = Value("counters", name);
  if (value.starts_with('(')) return std::nullopt;
  return std::stoull(value);
}

void PrintFigure(const std::string& name, double value, const char* unit) {
  std::printf("figure %s, %s, %s: %.6g %s\n", Nic().c_str(), Section("kernel").front().c_str(),
              name.c_str(), value, unit);
}

std::uint64_t CountOf(const std::vector<std::string>& lines, std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      lines, [&](const std::string& line) { return line.find(text) != line.npos; }));
}

constexpr const char* kAllFive = "5 packets transmitted, 5 received, 0% packet loss";

TEST(InteropTest, GuestRunsToTheEnd) {
  EXPECT_EQ(TheRun().result.end, VmResult::End::kExited) << TheRun().result.reason;
  EXPECT_EQ(TheRun().result.code, 0);
  EXPECT_TRUE(TheRun().sections.contains("end"));
  // Debian 12 has 6.1, its backports something newer.
  const bool backports = Setting("INTEROP_GUEST") == "guest_backports";
  std::printf("Linux %s\n", Section("kernel").front().c_str());
  EXPECT_EQ(Section("kernel").size(), 1u);
  EXPECT_NE(backports, Section("kernel").front().starts_with("6.1."));
}

TEST(InteropTest, ProbeAndLink) {
  EXPECT_EQ(Value("probe", "modprobe"), "0");
  ASSERT_EQ(Value("probe", "link"), "yes");
  for (const std::string ns : {"a", "b"}) {
    EXPECT_EQ(Value("probe", ns + " driver"), DriverOf(Nic()));
    EXPECT_EQ(Value("probe", ns + " Speed"), "10000Mb/s");
    EXPECT_EQ(Value("probe", ns + " Duplex"), "Full");
    EXPECT_EQ(Value("probe", ns + " Link detected"), "yes");
  }
  const std::string seconds = Value("probe", "seconds");
  double loaded = 0, up = 0;
  ASSERT_EQ(std::sscanf(seconds.c_str(), "%lf %lf", &loaded, &up), 2) << seconds;
  EXPECT_LT(up - loaded, 15);
  PrintFigure("from insmod to link up on both ports", up - loaded, "s");
}

TEST(InteropTest, FeaturesThatVirtioNetAccepts) {
  if (Is82599()) GTEST_SKIP() << "a matter of virtio-net";
  EXPECT_EQ(CountOf(Section("probe"), "features: "), 2u);
  for (const std::string& line : Section("probe")) {
    if (!line.starts_with("features: ")) continue;
    const std::string bits = line.substr(10);
    ASSERT_EQ(bits.size(), 64u);
    // virtio 1.2, 5.1.3 and 6: MAC, MRG_RXBUF, STATUS, CTRL_VQ, VERSION_1, SPEED_DUPLEX.
    for (const std::size_t bit : {5, 15, 16, 17, 32, 63}) EXPECT_EQ(bits[bit], '1') << bit;
  }
}

TEST(InteropTest, AddressesAndEeprom) {
  EXPECT_EQ(Value("probe", "mac a"), kMacs[0]);
  EXPECT_EQ(Value("probe", "mac b"), kMacs[1]);
  if (!Is82599()) return;
  for (const unsigned port : {0u, 1u}) {
    const std::string bytes = Value("probe", std::string("eeprom ") + "ab"[port]);
    ASSERT_EQ(bytes.size(), 2 * 192u);
    const auto byte = [&](std::size_t i) {
      return static_cast<unsigned>(std::stoul(bytes.substr(2 * i, 2), nullptr, 16));
    };
    const auto word = [&](std::size_t i) { return byte(2 * i) | byte(2 * i + 1) << 8; };
    // Linux, ixgbe_type.h: IXGBE_EEPROM_CHECKSUM and IXGBE_EEPROM_SUM (the driver checks the sum),
    // and the pointers to the sections of LAN core 0 and 1, which begin with the address.
    std::string mac;
    for (std::size_t i = 0; i < 6; ++i) {
      char text[4];
      std::snprintf(text, sizeof(text), i == 0 ? "%02x" : ":%02x",
                    byte(2 * (word(0x09 + port) + 1) + i));
      mac += text;
    }
    EXPECT_EQ(mac, kMacs[port]);
    EXPECT_EQ(word(0x2C) & 1, 1u);  // device capabilities: any SFP+
  }
}

TEST(InteropTest, PingOfAllSizes) {
  const std::vector<std::string>& lines = Section("ping");
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines.front(), StartsWith(kAllFive));
  EXPECT_EQ(CountOf(lines, "size "), 25u);
  for (const std::string& line : lines) {
    if (line.starts_with("size 1473: ")) {
      EXPECT_THAT(line, HasSubstr("essage too long"));
    } else if (line.starts_with("size ")) {
      EXPECT_THAT(line, HasSubstr("3 packets transmitted, 3 received, 0% packet loss"));
    }
  }
}

TEST(InteropTest, PingFlood) {
  EXPECT_THAT(Section("flood"),
              Contains(StartsWith("5000 packets transmitted, 5000 received, 0% packet loss")));
}

TEST(InteropTest, RoundTripTime) {
  EXPECT_THAT(Section("rtt"), Contains(StartsWith("200 packets transmitted")));
  for (const std::string& line : Section("rtt")) {
    double least = 0, mean = 0, most = 0;
    if (std::sscanf(line.c_str(), "rtt min/avg/max/mdev = %lf/%lf/%lf", &least, &mean, &most) ==
        3) {
      PrintFigure("ping round trip, least", 1000 * least, "us");
      PrintFigure("ping round trip, mean", 1000 * mean, "us");
      return;
    }
  }
  ADD_FAILURE() << "no round trip times";
}

/// What iperf3 reports in a section, or an object without anything.
json Iperf(const std::string& section) {
  json report = json::parse(Section(section).front(), nullptr, /*allow_exceptions=*/false);
  EXPECT_TRUE(report.is_object()) << section << ": " << Section(section).front();
  if (!report.is_object()) return json::object();
  EXPECT_FALSE(report.contains("error")) << section << ": " << report["error"];
  return report;
}

class Tcp : public testing::TestWithParam<const char*> {};

TEST_P(Tcp, PassesWithoutRetransmitStorm) {
  const json end = Iperf(GetParam()).value("end", json::object());
  ASSERT_TRUE(end.contains("sum_sent")) << end;
  const auto& sent = end["sum_sent"];
  const double segments = sent["bytes"].get<double>() / 1448;
  EXPECT_GT(segments, 1000);
  // CountersAgreeToTheFrame shows that no frame is lost unaccounted for. TCP also sends again what
  // comes late or out of order, since ixgbe's ATR moves a flow to the queue of the processor that
  // sends; and a window of up to tcp_wmem's 4 MiB after the guest stood still for longer than TCP
  // waits for an answer.
  const double retransmits = sent["retransmits"].get<double>();
  const std::string timeouts = Value(GetParam(), "TcpExt:TCPTimeouts");
  const double windows = timeouts.starts_with('(') ? 0 : std::stod(timeouts);
  EXPECT_LE(retransmits, segments / 30 + windows * (4 << 20) / 1448);
  PrintFigure(std::string(GetParam()) + ", iperf3",
              end["sum_received"]["bits_per_second"].get<double>() / 1e6, "Mbit/s");
  PrintFigure(std::string(GetParam()) + ", retransmits", retransmits, "");
  PrintFigure(std::string(GetParam()) + ", segments", segments, "");
}

INSTANTIATE_TEST_SUITE_P(Directions, Tcp, testing::Values("tcp", "tcp_reverse", "tcp_ipv6"));

class Udp : public testing::TestWithParam<const char*> {};

TEST_P(Udp, LosesNothingButWhatFindsNoDescriptor) {
  const json end = Iperf(GetParam()).value("end", json::object());
  ASSERT_TRUE(end.contains("sum")) << end;
  EXPECT_GT(end["sum"]["packets"].get<int>(), 1000);
  const int drops = std::stoi(Value(GetParam(), "drops"));
  EXPECT_LE(end["sum"]["lost_packets"].get<int>(), drops);
  EXPECT_LE(drops, end["sum"]["packets"].get<int>() / 50);
  EXPECT_EQ(end["streams"][0]["udp"]["out_of_order"].get<int>(), 0);
}

INSTANTIATE_TEST_SUITE_P(Directions, Udp, testing::Values("udp", "udp_reverse"));

TEST(InteropTest, UdpAsFastAsItGoes) {
  const json end = Iperf("udp_fast").value("end", json::object());
  ASSERT_TRUE(end.contains("sum")) << end;
  const auto& sum = end["sum"];
  const double arrived = 1 - sum["lost_percent"].get<double>() / 100;
  PrintFigure("udp, iperf3, arrived", sum["bits_per_second"].get<double>() * arrived / 1e6,
              "Mbit/s");
  EXPECT_GT(sum["packets"].get<int>(), 1000);
}

TEST(InteropTest, NoChecksumErrors) {
  EXPECT_EQ(Count("Tcp:InCsumErrors"), 0u);
  EXPECT_EQ(Count("Udp:InCsumErrors"), 0u);
  EXPECT_EQ(Count("Icmp:InCsumErrors"), 0u);
  if (!Is82599()) return;
  EXPECT_EQ(Count("a rx_csum_offload_errors"), 0u);
  EXPECT_EQ(Count("b rx_csum_offload_errors"), 0u);
}

TEST(InteropTest, EachDowningAndUppingBringsTrafficBack) {
  const std::vector<std::string>& lines = Section("down_up");
  EXPECT_EQ(CountOf(lines, kAllFive), 5u);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("carriers after"))));
}

TEST(InteropTest, LinkFlapsAreSeenAndTrafficComesBack) {
  const std::vector<std::string>& lines = Section("flap");
  EXPECT_EQ(CountOf(lines, "seen: down"), 3u);
  EXPECT_EQ(CountOf(lines, "seen: up"), 3u);
  EXPECT_EQ(CountOf(lines, kAllFive), 3u);
  EXPECT_THAT(lines, Not(Contains(StartsWith("error"))));
  if (!Is82599()) return;
  // What the driver says of it, of each port.
  std::size_t flaps = 0, downs = 0, ups = 0;
  for (const std::string& line : Section("log")) {
    if (line.find("interop: link down") != line.npos) ++flaps;
    if (flaps == 0) continue;
    if (line.find("interop: reload") != line.npos) break;
    downs += line.find("NIC Link is Down") != line.npos;
    ups += line.find("NIC Link is Up 10 Gbps") != line.npos;
  }
  EXPECT_EQ(flaps, 3u);
  EXPECT_EQ(downs, 2 * 3u);
  EXPECT_EQ(ups, 2 * 3u);
}

TEST(InteropTest, LoadsTwentyTimes) {
  const std::vector<std::string>& lines = Section("reload");
  EXPECT_EQ(CountOf(lines, ": both cards"), 20u);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("fails"))));
  EXPECT_THAT(lines, Contains("link: yes"));
  EXPECT_EQ(CountOf(lines, kAllFive), 1u);
}

TEST(InteropTest, KernelLogHasNoWarning) {
  EXPECT_THAT(WarningsIn(Section("log"), "interop: probe"), IsEmpty());
}

TEST(InteropTest, NoUnknownRegisterAndNoDmaFault) {
  const NicReport& nic = TheRun().result.nic;
  EXPECT_THAT(nic.problems, IsEmpty());
  EXPECT_EQ(nic.death, "");
  EXPECT_THAT(nic.registers, Not(IsEmpty()));
  for (const std::string& line : nic.registers) {
    std::printf("figure %s, %s, registers: %s\n", Nic().c_str(), Section("kernel").front().c_str(),
                line.c_str());
  }
}

TEST(InteropTest, TimesOfRegisterAccesses) {
  if (!Is82599()) GTEST_SKIP() << "the BAR's layout is that of the 82599";
  for (const std::string what : {"read", "write", "write and read back"}) {
    long nanoseconds = 0;
    for (const std::string& line : Section("mmio")) {
      if (line.starts_with(what + " ") && std::isdigit(line[what.size() + 1]) != 0) {
        nanoseconds = std::stol(line.substr(what.size() + 1));
      }
    }
    EXPECT_GT(nanoseconds, 0) << what;
    PrintFigure("MMIO " + what, static_cast<double>(nanoseconds) / 1000, "us");
  }
}

TEST(InteropTest, CountersAgreeToTheFrame) {
  ASSERT_EQ(Value("counters", "quiet"), "yes");
  for (const unsigned port : {0u, 1u}) {
    const std::string model = "port " + std::to_string(port) + " ";
    const std::string driver = std::string(1, "ab"[port]) + " ";
    const auto sent = Count(model + "sent"), received = Count(model + "received");
    ASSERT_TRUE(sent && received);
    EXPECT_GT(*sent, 5000u);
    EXPECT_EQ(Count(driver + "link_tx_packets"), sent);
    EXPECT_EQ(Count(driver + "link_rx_packets"), received);
    const auto pauses = Count(driver + "tx_flow_control_xon").value_or(0) +
                        Count(driver + "tx_flow_control_xoff").value_or(0);
    EXPECT_EQ(Count("wire " + std::to_string(port) + " out"), *sent + pauses);
    EXPECT_EQ(Count(driver + "link_tx_errors"), 0u);
    EXPECT_EQ(Count(driver + "link_rx_errors"), 0u);
    // Each frame that came is accounted for.
    std::uint64_t accounted = 0;
    for (const char* fate : {"received", "filtered", "bad", "no buffer", "too long", "receiver off",
                             "missed", "dropped"}) {
      accounted += Count(model + fate).value_or(0);
    }
    EXPECT_EQ(Count("wire " + std::to_string(port) + " in"), accounted);
    EXPECT_EQ(Count("wire " + std::to_string(port) + " out lost"), 0u);
    EXPECT_EQ(Count(model + "bad"), 0u);
    if (!Is82599()) {
      EXPECT_EQ(Count(driver + "link_tx_bytes"),
                Count("wire " + std::to_string(port) + " out bytes"));
      continue;
    }
    // ethtool -S has the driver's own counts and, as ..._nic, the card's registers.
    EXPECT_EQ(Count(driver + "tx_packets"), sent);
    EXPECT_EQ(Count(driver + "tx_pkts_nic"), sent);
    EXPECT_EQ(Count(driver + "tx_bytes_nic"), Count(model + "sent bytes"));
    EXPECT_EQ(Count(driver + "rx_packets"), received);
    EXPECT_EQ(Count(driver + "rx_pkts_nic"), received);
    EXPECT_EQ(Count(driver + "rx_bytes"), Count(model + "received bytes"));
    // Of what was missed the driver takes the frames out of the card's count, not the bytes (Linux,
    // ixgbe_update_stats).
    const std::uint64_t missed = Count(model + "missed").value_or(0);
    const std::uint64_t more =
        Count(driver + "rx_bytes_nic").value_or(0) - Count(model + "received bytes").value_or(0);
    EXPECT_GE(more, 60 * missed);
    EXPECT_LE(more, 1514 * missed);
    EXPECT_EQ(Count(driver + "rx_missed_errors"), Count(model + "missed"));
    EXPECT_EQ(Count(driver + "rx_no_dma_resources"), Count(model + "dropped"));
  }
}

TEST(InteropTest, BroadcastAndMulticastAreCounted) {
  if (!Is82599()) GTEST_SKIP() << "virtio-net counts no such thing";
  unsigned multicast[2] = {}, broadcast[2] = {};
  ASSERT_EQ(std::sscanf(Value("casts", "before").c_str(), "multicast: %u broadcast: %u",
                        &multicast[0], &broadcast[0]),
            2);
  ASSERT_EQ(std::sscanf(Value("casts", "after").c_str(), "multicast: %u broadcast: %u",
                        &multicast[1], &broadcast[1]),
            2);
  EXPECT_EQ(broadcast[1] - broadcast[0], 7u);
  EXPECT_EQ(multicast[1] - multicast[0], 5u);
}

}  // namespace
}  // namespace ixylab::hil
