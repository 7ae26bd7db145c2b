// ethtool on the kernel's own ixgbe and the modelled 82599: settings, and what they do to traffic.
// What the driver was asked to send and what it handed on is from the kernel's trace points; what
// was on the wire, from the model's counters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/interop/ethtool_run.h"

namespace ixylab::hil {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::StartsWith;

void PrintFigure(const std::string& name, double value, const char* unit) {
  std::printf("figure 82599, %s, ethtool with %s, %s: %.6g %s\n",
              TheRun().Section("kernel").front().c_str(), Intx() ? "INTx" : "MSI-X", name.c_str(),
              value, unit);
}

/// Megabits per second that iperf3 says arrived.
double Speed(const std::string& section) {
  const json report =
      json::parse(TheRun().Section(section).front(), nullptr, /*allow_exceptions=*/false);
  EXPECT_TRUE(report.is_object()) << TheRun().Section(section).front();
  if (!report.is_object()) return 0;
  EXPECT_FALSE(report.contains("error")) << report["error"];
  const json end = report.value("end", json::object());
  EXPECT_TRUE(end.contains("sum_received")) << end;
  if (!end.contains("sum_received")) return 0;
  return end["sum_received"]["bits_per_second"].get<double>() / 1e6;
}

TEST(EthtoolTraffic, Speed) {
  const double with = Speed("speed");
  EXPECT_GT(with, 1);
  PrintFigure("iperf3, TCP", with, "Mbit/s");
  const double without = Speed("speed_without");
  EXPECT_GT(without, 1);
  PrintFigure("iperf3, TCP, without offloads", without, "Mbit/s");
}

// --- Offloads: a file of 1,000,000 bytes from a to b, in segments of at most 1,448 ---

constexpr std::int64_t kSegments = 1'000'000 / 1448;

struct Offload {
  const char* name;
  bool receive_checksum = true, hash = true, gro = true;
  bool transmit_checksum = true, scatter = true, tso = true, gso = true;
};

void PrintTo(const Offload& test, std::ostream* out) { *out << test.name; }

class Offloads : public testing::TestWithParam<Offload> {};

TEST_P(Offloads, WorkIsDoneWhereItIsSwitched) {
  const Offload& test = GetParam();
  const Facts facts("offloads", test.name);
  ASSERT_THAT(TheRun().Value("offloads", test.name), StartsWith("same=yes"));
  // On the wire it is all the same.
  EXPECT_GT(facts["sent"], kSegments / 2);
  EXPECT_GT(facts["receive"], kSegments / 2);

  EXPECT_EQ(facts["send_partial"], test.transmit_checksum ? facts["send"] : 0);
  EXPECT_EQ(facts["receive_checked"], test.receive_checksum ? facts["receive"] : 0);
  EXPECT_EQ(facts["receive_hashed"], test.hash ? facts["receive"] : 0);
  if (test.scatter) {
    EXPECT_GT(facts["send_scattered"], 0);
  } else {
    EXPECT_EQ(facts["send_scattered"], 0);
  }
  if (test.tso) {
    // Few and big ones came out of the driver's hands, many and small ones onto the wire.
    EXPECT_GT(facts["send_gso"], 0);
    EXPECT_LT(facts["send"], facts["sent"]);
    EXPECT_LT(facts["send"], facts["receive"]);
  } else {
    EXPECT_EQ(facts["send_gso"], 0);
    EXPECT_EQ(facts["send_big"], 0);
    EXPECT_GE(facts["send"], facts["receive"]);
    if (test.gso) {  // the kernel segments in its place
      EXPECT_GT(facts["queue_big"], 0);
    }
  }
  EXPECT_EQ(facts["receive_big"], 0);
  if (test.gro) {
    EXPECT_GT(facts["deliver_big"], 0);
    EXPECT_LT(facts["deliver"], facts["receive"]);
  } else {
    EXPECT_EQ(facts["deliver_big"], 0);
    EXPECT_EQ(facts["deliver"], facts["receive"]);
  }
}

constexpr Offload kOffloads[] = {
    {.name = "all on"},
    {.name = "rx off", .receive_checksum = false},
    {.name = "tx off", .transmit_checksum = false, .tso = false},
    {.name = "sg off", .scatter = false, .tso = false},
    {.name = "tso off", .tso = false},
    {.name = "tso and gso off", .tso = false, .gso = false},
    {.name = "gro off", .gro = false},
    {.name = "rxhash off", .hash = false},
    {.name = "all on again"},
    {.name = "lro on"},
    {.name = "ntuple on"},
    {.name = "rx-all on"},
    {.name = "rx-all off"},
};

INSTANTIATE_TEST_SUITE_P(Switched, Offloads, testing::ValuesIn(kOffloads), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == ' ' || c == '-' ? '_' : c;
  return name;
});

TEST(EthtoolTraffic, UdpSegmentation) {
  // 10 times 44,800 bytes as datagrams of 1,400: 32 of each.
  for (const std::string state : {"off", "on"}) {
    const Facts facts("udp_segmentation", state);
    EXPECT_EQ(facts["sent"], 320);
    EXPECT_EQ(facts["arrived"], 320);
    EXPECT_EQ(facts["send"], state == "on" ? 10 : 320);
    EXPECT_EQ(facts["send_gso"], state == "on" ? 10 : 0);
  }
}

TEST(EthtoolTraffic, VlanTags) {
  for (const std::string name : {"all on", "rxvlan off", "txvlan off", "all on again"}) {
    const Facts facts("vlan", name);
    ASSERT_THAT(TheRun().Value("vlan", name), StartsWith("same=yes"));
    EXPECT_GT(facts["receive"], kSegments / 2);
    EXPECT_EQ(facts["send_tagged"], name == "txvlan off" ? 0 : facts["send"]) << name;
    EXPECT_EQ(facts["receive_tagged"], name == "rxvlan off" ? 0 : facts["receive"]) << name;
    EXPECT_EQ(facts["receive_checked"], facts["receive"]) << name;
    EXPECT_GT(facts["send_gso"], 0) << name;
  }
  // 20 frames of a VLAN that b does not know.
  const Facts off("vlan", "rx-vlan-filter off"), on("vlan", "rx-vlan-filter on");
  EXPECT_EQ(off["sent_0"], 20);
  EXPECT_EQ(off["received_1"], 20);
  EXPECT_EQ(off["filtered_1"], -1);
  EXPECT_EQ(on["sent_0"], 20);
  EXPECT_EQ(on["received_1"], -1);
  EXPECT_EQ(on["filtered_1"], 20);
}

TEST(EthtoolTraffic, NoChecksumErrors) {
  // Lines "NAME: HOW MANY MORE", where there are more.
  for (const std::string name :
       {"b UDP checksum errors", "a rx_csum_offload_errors", "b rx_csum_offload_errors"}) {
    EXPECT_EQ(Count("vlan", name), std::nullopt) << name;
  }
}

// --- Statistics ---

TEST(EthtoolTraffic, StatisticsAreTheModels) {
  const auto count = [](const std::string& name) { return Count("statistics", name); };
  ASSERT_EQ(TheRun().Value("statistics", "quiet"), "yes");
  for (const unsigned port : {0u, 1u}) {
    const std::string model = "port " + std::to_string(port) + " ";
    const std::string driver = std::string(1, "ab"[port]) + " ";
    const auto sent = count(model + "sent"), received = count(model + "received");
    ASSERT_TRUE(sent && received);
    EXPECT_GE(*sent, 100u);  // pings, and perhaps ARP
    EXPECT_LE(*sent, 104u);
    EXPECT_EQ(count(driver + "tx_packets"), sent);
    EXPECT_EQ(count(driver + "tx_pkts_nic"), sent);
    EXPECT_EQ(count(driver + "tx_bytes_nic"), count(model + "sent bytes"));
    EXPECT_EQ(count(driver + "rx_packets"), received);
    EXPECT_EQ(count(driver + "rx_pkts_nic"), received);
    EXPECT_EQ(count(driver + "rx_bytes_nic"), count(model + "received bytes"));
    for (const std::string direction : {"tx", "rx"}) {
      std::uint64_t packets = 0, bytes = 0;
      for (const std::string queue : {"_queue_0_", "_queue_1_"}) {
        packets += count(driver + direction + queue + "packets").value_or(0);
        bytes += count(driver + direction + queue + "bytes").value_or(0);
      }
      EXPECT_EQ(packets, count(driver + direction + "_packets"));
      EXPECT_EQ(bytes, count(driver + direction + "_bytes"));
    }
  }
  // Nothing went wrong: no other count moved.
  for (const std::string& line : TheRun().Section("statistics")) {
    EXPECT_EQ(line.find("err"), line.npos) << line;
    EXPECT_EQ(line.find("missed"), line.npos) << line;
    EXPECT_EQ(line.find("dropped"), line.npos) << line;
  }
}

// --- Settings ---

/// A flood of pings, of which each goes out when the answer to the last is back.
struct Flood {
  double interrupts_per_ms = 0;
  double mean_ms = 0;  // a round trip
};

std::vector<Flood> FloodsAt(const std::string& usecs) {
  std::vector<Flood> floods;
  for (const std::string& line : TheRun().Section("coalescing")) {
    if (!line.starts_with("flood " + usecs + ": ")) continue;
    double interrupts = 0, milliseconds = 0, mean = 0;
    unsigned sent = 0, received = 0;
    const char* format =
        "flood %*u: interrupts=%lf %u packets transmitted, %u received, 0%% packet loss, time "
        "%lfms "
        "rtt min/avg/max/mdev = %*f/%lf";
    const int found =
        std::sscanf(line.c_str(), format, &interrupts, &sent, &received, &milliseconds, &mean);
    EXPECT_EQ(found, 5) << line;
    EXPECT_EQ(received, sent) << line;
    if (found == 5 && milliseconds > 0) floods.push_back({interrupts / milliseconds, mean});
  }
  EXPECT_FALSE(floods.empty()) << usecs;
  return floods;
}

// Four vectors (a queue's at each end of either way), none of which fires sooner than rx-usecs
// after the last time: so often at most, however busy the machine is. That 10 us allow more shows
// when it has nothing else to do for a moment.
TEST(EthtoolTraffic, Coalescing) {
  constexpr double kMostAt1000 = 4.2;  // in a millisecond: 4, and some at both ends
  constexpr double kMoreThanAt1000 = 5;
  double most = 0, least_mean = 1e9;
  for (const Flood& flood : FloodsAt("10")) {
    most = std::max(most, flood.interrupts_per_ms);
    least_mean = std::min(least_mean, flood.mean_ms);
  }
  EXPECT_GT(most, kMoreThanAt1000);
  PrintFigure("rx-usecs 10, interrupts, at most", 1000 * most, "per second");
  PrintFigure("rx-usecs 10, ping -f round trip, least mean", 1000 * least_mean, "us");
  for (const Flood& flood : FloodsAt("1000")) {
    EXPECT_LE(flood.interrupts_per_ms, kMostAt1000);
    PrintFigure("rx-usecs 1000, interrupts", 1000 * flood.interrupts_per_ms, "per second");
    PrintFigure("rx-usecs 1000, ping -f round trip, mean", 1000 * flood.mean_ms, "us");
  }
  for (const std::string usecs : {"10", "1000"}) {
    EXPECT_EQ(TheRun().Value("coalescing", "set " + usecs), usecs);
  }
  EXPECT_THAT(TheRun().Section("coalescing"), Contains(StartsWith(kAllFive)));
}

/// Toeplitz as Microsoft defines it ("RSS hashing functions") of 10.0.0.1 and 10.9.0.`last`.
std::uint32_t Hash(const std::vector<unsigned>& key, unsigned last) {
  const std::array<unsigned, 8> input = {10, 0, 0, 1, 10, 9, 0, last};
  const auto bit_of_key = [&](std::size_t bit) { return key[bit / 8] >> (7 - bit % 8) & 1; };
  std::uint32_t hash = 0;
  for (std::size_t bit = 0; bit < 8 * input.size(); ++bit) {
    if ((input[bit / 8] >> (7 - bit % 8) & 1) == 0) continue;
    std::uint32_t window = 0;
    for (std::size_t i = 0; i < 32; ++i) window = window << 1 | bit_of_key(bit + i);
    hash ^= window;
  }
  return hash;
}

struct Spread {
  std::vector<unsigned> table;  // which queue, by the low bits of the hash
  std::vector<unsigned> key;
  std::array<std::uint64_t, 2> queues = {};  // frames
};

/// What is said after "set: NAME".
Spread SpreadOf(const std::string& name) {
  Spread spread;
  bool here = false;
  for (const std::string& line : TheRun().Section("spreading")) {
    if (line.starts_with("set: ")) here = line == "set: " + name;
    if (!here) continue;
    unsigned queue = 0;
    unsigned long frames = 0;
    if (line.starts_with("table: ")) {
      std::istringstream entries(line.substr(7));
      for (unsigned entry; entries >> entry;) spread.table.push_back(entry);
    } else if (line.starts_with("key: ")) {
      for (std::size_t i = 5; i + 1 < line.size(); i += 3) {
        spread.key.push_back(static_cast<unsigned>(std::stoul(line.substr(i, 2), nullptr, 16)));
      }
    } else if (std::sscanf(line.c_str(), "queue %u: %lu", &queue, &frames) == 2 && queue < 2) {
      spread.queues[queue] = frames;
    }
  }
  return spread;
}

class Spreading : public testing::TestWithParam<const char*> {};

// Datagrams to 32 addresses: each goes to the queue that the hash and the table say. ARP, which
// comes now and then, has no hash and goes to queue 0.
TEST_P(Spreading, IsThatOfKeyAndTable) {
  const Spread spread = SpreadOf(GetParam());
  ASSERT_EQ(spread.table.size(), 128u);
  ASSERT_EQ(spread.key.size(), 40u);
  std::array<std::uint64_t, 2> expected = {};
  for (unsigned last = 1; last <= 32; ++last) {
    ++expected.at(spread.table[Hash(spread.key, last) % 128]);
  }
  EXPECT_EQ(spread.queues[1], expected[1]);
  EXPECT_GE(spread.queues[0], expected[0]);
  EXPECT_LE(spread.queues[0], expected[0] + 3);
}

INSTANTIATE_TEST_SUITE_P(Settings, Spreading,
                         testing::Values("published key", "weight 1 3", "equal 1", "channels 1",
                                         "channels 2"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = c == ' ' ? '_' : c;
                           return name;
                         });

TEST(EthtoolTraffic, TablesAreAsAsked) {
  const auto share_of_1 = [](const std::string& name) {
    std::size_t count = 0;
    for (const unsigned queue : SpreadOf(name).table) count += queue == 1;
    return count;
  };
  EXPECT_EQ(share_of_1("weight 1 3"), 96u);
  EXPECT_EQ(share_of_1("equal 1"), 0u);
  EXPECT_EQ(share_of_1("channels 1"), 0u);
  EXPECT_EQ(share_of_1("channels 2"), 64u);
  EXPECT_EQ(SpreadOf("published key").key[0], 0x6Du);
  EXPECT_THAT(TheRun().Section("spreading"), Contains(StartsWith(kAllFive)));
}

TEST(EthtoolTraffic, RingsOfAllSizesUnderTraffic) {
  unsigned settings = 0;
  for (const std::string& line : TheRun().Section("rings")) {
    unsigned size = 0;
    if (std::sscanf(line.c_str(), "set %u:", &size) != 1) continue;
    ++settings;
    const std::string name = "set " + std::to_string(size);
    const Facts facts("rings", name);
    EXPECT_EQ(facts["RX"], size);
    EXPECT_EQ(facts["TX"], size);
    char length[16];
    std::snprintf(length, sizeof(length), "=%08X", size * 16);
    for (const std::string ring : {"RDLEN00", "RDLEN01", "TDLEN00", "TDLEN01"}) {
      EXPECT_NE(line.find(ring + length), line.npos) << line;
    }
    EXPECT_GE(facts["frames"], 100);
    EXPECT_TRUE(size == 64 || size >= 4096) << size;
  }
  EXPECT_EQ(settings, 2u);
}

// 3,200 frames at once to a ring of 64: more than the packet buffer takes.
TEST(EthtoolTraffic, PauseFramesKeepFramesFromBeingLost) {
  const auto count = [](const std::string& name) { return Count("pause", name).value_or(0); };
  const auto lost = [&](const std::string& state) {
    return count(state + " port 1 missed") + count(state + " port 1 dropped");
  };
  for (const std::string state : {"on", "off"}) {
    EXPECT_EQ(TheRun().Value("pause", state), "RX=" + state + " TX=" + state + " ");
    EXPECT_EQ(TheRun().Value("pause", state + " quiet"), "yes");
    // What left a's card; its kernel's queue may drop some that wait long (CoDel). And ARP.
    const std::uint64_t sent = count(state + " port 0 sent");
    const std::uint64_t accounted = count(state + " b UDP without a port") + lost(state);
    EXPECT_GE(sent, 2000u);
    EXPECT_LE(accounted, sent);
    EXPECT_LE(sent, accounted + 3);
  }
  EXPECT_GT(count("on b tx_flow_control_xoff"), 0u);
  EXPECT_GT(count("on b tx_flow_control_xon"), 0u);
  EXPECT_EQ(count("on a rx_flow_control_xoff"), count("on b tx_flow_control_xoff"));
  EXPECT_EQ(lost("on"), 0u);
  EXPECT_EQ(count("off b tx_flow_control_xoff"), 0u);
  EXPECT_GT(lost("off"), 0u);
}

TEST(EthtoolTraffic, RenegotiationBringsTheLinkBack) {
  EXPECT_THAT(TheRun().Section("renegotiate"), Contains(StartsWith(kAllFive)));
}

}  // namespace
}  // namespace ixylab::hil
