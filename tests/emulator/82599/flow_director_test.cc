// Signature and perfect filters. The expected hashes are what ixgbe_atr_compute_sig_hash_82599 of
// DPDK's ixgbe (the same in Linux) returns for the flow, with its two keys.
#include "emulator/82599/flow_director.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kFdirctrl = 0x0EE00, kFdirhash = 0x0EE28, kFdircmd = 0x0EE2C,
                        kFdirfree = 0x0EE38, kFdirustat = 0x0EE50, kFdirfstat = 0x0EE54,
                        kFdirmatch = 0x0EE58, kFdirmiss = 0x0EE5C, kFdirhkey = 0x0EE68,
                        kFdirskey = 0x0EE6C, kInitDone = 1u << 3;
// FDIRCMD: add, FILTER_UPDATE, LAST, QUEUE_EN
constexpr std::uint32_t kAddFlow = 0x00008809, kRemoveFlow = 2, kQueryFlow = 3;

struct Flow {
  Bytes source, destination;  // addresses
  unsigned protocol;
  std::uint16_t source_port, destination_port;
  std::uint32_t hashes;  // expected, untagged
};

const Flow kTcp4 = {{std::byte{10}, std::byte{0}, std::byte{0}, std::byte{1}},
                    {std::byte{10}, std::byte{0}, std::byte{0}, std::byte{2}},
                    6,
                    80,
                    40000,
                    0x0cbb0cdf};
constexpr std::uint32_t kTcp4Tagged = 0x63d84285;  // with tag 0x2123
const Flow kUdp4 = {{std::byte{192}, std::byte{168}, std::byte{1}, std::byte{254}},
                    {std::byte{172}, std::byte{16}, std::byte{30}, std::byte{7}},
                    17,
                    53,
                    1024,
                    0x72c21508};

// 2001:db8::1 and 2001:db8::1234:0:0:5678
Flow Tcp6() {
  Flow flow = {Bytes(16), Bytes(16), 6, 443, 51515, 0x32160cf2};
  for (Bytes* address : {&flow.source, &flow.destination}) {
    (*address)[0] = std::byte{0x20};
    (*address)[1] = std::byte{0x01};
    (*address)[2] = std::byte{0x0d};
    (*address)[3] = std::byte{0xb8};
  }
  flow.source[15] = std::byte{1};
  flow.destination[10] = std::byte{0x12};
  flow.destination[11] = std::byte{0x34};
  flow.destination[14] = std::byte{0x56};
  flow.destination[15] = std::byte{0x78};
  return flow;
}

Bytes Packet(const Flow& flow) {
  const bool v4 = flow.source.size() == 4;
  Bytes frame = MakeFrame(14, "02:1b:21:00:00:00", v4 ? 0x0800 : 0x86DD);
  frame.resize(v4 ? 26 : 22);
  frame[14] = std::byte(v4 ? 0x45 : 0x60);
  frame[v4 ? 23 : 20] = std::byte(flow.protocol);
  for (const Bytes& address : {flow.source, flow.destination}) {
    frame.insert(frame.end(), address.begin(), address.end());
  }
  for (std::uint16_t port : {flow.source_port, flow.destination_port}) {
    frame.push_back(std::byte(port >> 8));
    frame.push_back(std::byte(port));
  }
  frame.resize(100);
  return frame;
}

Bytes WithTag(Bytes frame, std::uint16_t tag) {
  const std::array<std::byte, 4> bytes = {std::byte{0x81}, std::byte{0}, std::byte(tag >> 8),
                                          std::byte(tag)};
  frame.insert(frame.begin() + 12, bytes.begin(), bytes.end());
  return frame;
}

class FlowDirectorTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartReceiver();
    rig_.StartRx(rings_[0], 255, 0);
    rig_.StartRx(rings_[1], 255, 1);
  }
  /// As Linux and DPDK do it: 64 KiB, the EtherType as flexible bytes.
  void Initialize() {
    rig_.Write(kFdirhkey, 0x3DAD14E2);
    rig_.Write(kFdirskey, 0x174D3614);
    rig_.Write(kFdirctrl, 1u | 6u << 16 | 0xAu << 24 | 4u << 28);
    EXPECT_EQ(rig_.Read(kFdirctrl) & kInitDone, 0u);
    ASSERT_TRUE(
        rig_.Until([this] { return (rig_.Read(kFdirctrl) & kInitDone) != 0; }, milliseconds(1)));
  }
  void Command(std::uint32_t hashes, std::uint32_t command, std::uint32_t queue = 0) {
    rig_.Write(kFdirhash, hashes);
    rig_.Write(kFdircmd, command | queue << 16);
    EXPECT_EQ(rig_.Read(kFdircmd) & 3, 0u) << "done";
  }
  unsigned QueueOf(const Bytes& frame) {
    const std::uint32_t before = rig_.Read(kRdh + 0x40);
    rig_.Send(frame);
    return rig_.Read(kRdh + 0x40) - before;
  }

  Rig rig_;
  std::array<TestRing, 2> rings_ = {TestRing(rig_.host, 256), TestRing(rig_.host, 256)};
};

TEST_F(FlowDirectorTest, AFlowGoesToItsQueue) {
  Initialize();
  for (const Flow& flow : {kTcp4, kUdp4, Tcp6()}) {
    EXPECT_EQ(QueueOf(Packet(flow)), 0u);
    Command(flow.hashes, kAddFlow, 1);
    EXPECT_EQ(QueueOf(Packet(flow)), 1u);
    Command(flow.hashes, kAddFlow, 0);
    EXPECT_EQ(QueueOf(Packet(flow)), 0u) << "updated";
    Command(flow.hashes, kAddFlow, 1);
    Flow other = flow;
    ++other.source_port;
    EXPECT_EQ(QueueOf(Packet(other)), 0u);
  }
  EXPECT_EQ(rig_.Read(kFdirmatch), 6u);
  EXPECT_EQ(rig_.Read(kFdirmiss), 6u);
  EXPECT_EQ(rig_.Read(kFdirustat), 9u);
  EXPECT_EQ(rig_.Read(kFdirfree), 8191u - 3);
}

TEST_F(FlowDirectorTest, ATagIsPartOfTheFlow) {
  Initialize();
  Command(kTcp4Tagged, kAddFlow, 1);
  EXPECT_EQ(QueueOf(Packet(kTcp4)), 0u);
  EXPECT_EQ(QueueOf(WithTag(Packet(kTcp4), 0x2123)), 1u);
  EXPECT_EQ(QueueOf(WithTag(Packet(kTcp4), 0x2124)), 0u);
}

TEST_F(FlowDirectorTest, ItPrecedesRssAndLeavesTheHash) {
  Initialize();
  rig_.Write(0x05000, 1u << 13);  // RXCSUM.PCSD
  rig_.Write(kRssrk, 0x12345678);
  rig_.Write(kMrqc, 0x00330001);
  Command(kTcp4.hashes, kAddFlow, 1);
  EXPECT_EQ(QueueOf(Packet(kTcp4)), 1u);
  EXPECT_EQ(rings_[1].word(0, 0) & 0xF, 1u) << "TCP over IPv4";
  EXPECT_NE(rings_[1].word(0, 0) >> 32, 0u);
}

TEST_F(FlowDirectorTest, RemovedAndAskedFor) {
  Initialize();
  Command(kTcp4.hashes, kQueryFlow);
  EXPECT_EQ(rig_.Read(kFdircmd) & 4, 0u);
  Command(kTcp4.hashes, kAddFlow, 1);
  Command(kTcp4.hashes, kQueryFlow);
  EXPECT_EQ(rig_.Read(kFdircmd) & 4, 4u) << "FILTER_VALID";
  Command(kTcp4.hashes, kRemoveFlow);
  EXPECT_EQ(QueueOf(Packet(kTcp4)), 0u);
  Command(kTcp4.hashes, kRemoveFlow);
  EXPECT_EQ(rig_.Read(kFdirustat), 0x10001u) << "one added, one removed";
  EXPECT_EQ(rig_.Read(kFdirfstat), 0x100u) << "one was not there";
}

// ixgbe_reinit_fdir_tables_82599, which Linux runs when the table is full.
TEST_F(FlowDirectorTest, TheTableIsClearedByToggling) {
  Initialize();
  Command(kTcp4.hashes, kAddFlow, 1);
  const std::uint32_t control = rig_.Read(kFdirctrl) & ~kInitDone;
  rig_.Write(kFdirfree, 0);
  rig_.Set(kFdircmd, 1u << 8);
  rig_.Clear(kFdircmd, 1u << 8);
  rig_.Write(kFdirhash, 0);
  rig_.Write(kFdirctrl, control);
  EXPECT_TRUE(
      rig_.Until([this] { return (rig_.Read(kFdirctrl) & kInitDone) != 0; }, milliseconds(1)));
  EXPECT_EQ(QueueOf(Packet(kTcp4)), 0u);
  EXPECT_EQ(rig_.Read(kFdirfree), 8191u);
}

TEST_F(FlowDirectorTest, AFullTableTakesNoMore) {
  Initialize();
  for (std::uint32_t i = 0; i < 8191; ++i) Command(i, kAddFlow);
  EXPECT_EQ(rig_.Read(kFdirfree), 0u);
  Command(kTcp4.hashes, kAddFlow, 1);
  EXPECT_EQ(QueueOf(Packet(kTcp4)), 0u);
  EXPECT_EQ(rig_.Read(kFdirfstat), 1u);
  Command(5, kAddFlow, 1);
  EXPECT_EQ(rig_.Read(kFdirfstat), 0u) << "an update needs no room";
}

TEST_F(FlowDirectorTest, OffAfterResetAndWithoutMemory) {
  Command(kTcp4.hashes, kAddFlow, 1);
  EXPECT_EQ(QueueOf(Packet(kTcp4)), 0u);
  EXPECT_EQ(rig_.Read(kFdirmiss), 0u);
  Initialize();
  Command(kTcp4.hashes, kAddFlow, 1);
  rig_.Reset();
  EXPECT_EQ(rig_.Read(kFdirctrl), 0u);
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.StartReceiver();
  rig_.StartRx(rings_[0], 255, 0);
  EXPECT_EQ(QueueOf(Packet(kTcp4)), 0u);
  EXPECT_TRUE(rig_.host.log().empty());
}

// --- Perfect filters, with the registers as Linux's ixgbe_fdir_set_input_mask_82599 and
// ixgbe_fdir_write_perfect_filter_82599 write them. The buckets are what
// ixgbe_atr_compute_perfect_hash_82599 returns. ---

constexpr std::uint32_t kFdiripsa = 0x0EE18, kFdiripda = 0x0EE1C, kFdirport = 0x0EE20,
                        kFdirvlan = 0x0EE24, kFdirdip4m = 0x0EE3C, kFdirsip4m = 0x0EE40,
                        kFdirtcpm = 0x0EE44, kFdirudpm = 0x0EE48, kFdirm = 0x0EE70;
// FDIRM: to ignore the tag's identifier, its priority, the pool, the protocol, the flexible bytes
constexpr std::uint32_t kVlanId = 1, kVlanPriority = 2, kPool = 4, kProtocol = 8, kFlexible = 0x10,
                        kIpv6 = 0x20;
constexpr std::uint32_t kIsUdp = 0x20, kIsTcp = 0x40, kDrop = 0x200;  // FDIRCMD

class PerfectFiltersTest : public FlowDirectorTest {
 protected:
  void Initialize(std::uint32_t ignored) {
    rig_.Write(kFdirhkey, 0x3DAD14E2);
    rig_.Write(kFdirskey, 0x174D3614);
    rig_.Write(kFdirm, ignored | kPool | kIpv6);
    rig_.Write(kFdirctrl, 1u | 1u << 4 | 127u << 8 | 6u << 16 | 0xAu << 24 | 4u << 28);
    ASSERT_TRUE(
        rig_.Until([this] { return (rig_.Read(kFdirctrl) & kInitDone) != 0; }, milliseconds(1)));
    EXPECT_EQ(rig_.Read(kFdirfree), 2046u);
  }
  void Ignore(std::uint32_t source, std::uint32_t destination, std::uint32_t ports) {
    rig_.Write(kFdirsip4m, source);
    rig_.Write(kFdirdip4m, destination);
    rig_.Write(kFdirtcpm, ports);
    rig_.Write(kFdirudpm, ports);
  }
  void Add(std::uint32_t bucket, std::uint32_t id, std::uint32_t type_and_flags,
           std::uint32_t queue = 1) {
    Command(bucket | id << 16, kAddFlow | type_and_flags, queue);
  }
};

TEST_F(PerfectFiltersTest, AllFields) {
  Initialize(kVlanId | kVlanPriority);
  Ignore(0, 0, 0);
  rig_.Write(kFdiripsa, 0x0100000A);
  rig_.Write(kFdiripda, 0x0200000A);
  rig_.Write(kFdirport, 40000u << 16 | 80);
  rig_.Write(kFdirvlan, 0x0008u << 16);  // EtherType 0800h as it lies in the frame
  EXPECT_EQ(QueueOf(Packet(kTcp4)), 0u);
  Add(0x0CDF, 7, kIsTcp);
  EXPECT_EQ(QueueOf(Packet(kTcp4)), 1u);
  EXPECT_EQ(rings_[1].word(0, 1) & 4, 4u) << "FLM";
  EXPECT_EQ(QueueOf(WithTag(Packet(kTcp4), 0x2123)), 0u) << "the flexible bytes are others";
  for (int field = 0; field < 5; ++field) {
    Flow other = kTcp4;
    if (field == 0) other.source[3] = std::byte{9};
    if (field == 1) other.destination[0] = std::byte{11};
    if (field == 2) ++other.source_port;
    if (field == 3) --other.destination_port;
    if (field == 4) other.protocol = 17;
    EXPECT_EQ(QueueOf(Packet(other)), 0u) << field;
  }
  EXPECT_EQ(QueueOf(Packet(Tcp6())), 0u);
  EXPECT_EQ(rig_.Read(kFdirmatch), 1u);
  EXPECT_EQ(rig_.Read(kFdirmiss), 8u);
  EXPECT_EQ(rig_.Read(kFdirfree), 2045u);
  EXPECT_TRUE(rig_.host.log().empty());
}

// ethtool -N eth0 flow-type udp4 dst-port 1024 action 1
TEST_F(PerfectFiltersTest, OnePort) {
  Initialize(kVlanId | kVlanPriority | kFlexible);
  Ignore(0xFFFFFFFF, 0xFFFFFFFF, 0x0000FFFF);
  rig_.Write(kFdirport, 1024u << 16);
  Add(0x0084, 3, kIsUdp);
  EXPECT_EQ(QueueOf(Packet(kUdp4)), 1u);
  EXPECT_EQ(QueueOf(WithTag(Packet(kUdp4), 0x2123)), 1u);
  Flow other = kUdp4;
  other.source[0] = std::byte{1};
  other.source_port = 999;
  EXPECT_EQ(QueueOf(Packet(other)), 1u);
  other.destination_port = 1025;
  EXPECT_EQ(QueueOf(Packet(other)), 0u);
  other = kUdp4;
  other.protocol = 6;
  EXPECT_EQ(QueueOf(Packet(other)), 0u);
}

TEST_F(PerfectFiltersTest, MasksOfPortsHaveTheirBitsInReverse) {
  Initialize(kVlanId | kVlanPriority | kFlexible);
  Ignore(0xFFFFFFFF, 0xFFFFFFFF, 0xFF00FFFF);  // the lowest 8 bits of the destination port
  rig_.Write(kFdirport, 0x9C00u << 16);
  Add(0x07AF, 0, kIsTcp);
  EXPECT_EQ(QueueOf(Packet(kTcp4)), 1u) << "40000 is 9C40h";
  Flow other = kTcp4;
  other.destination_port = 0x9D40;
  EXPECT_EQ(QueueOf(Packet(other)), 0u);
}

// flow-type ip4 dst-ip 172.16.30.0/24
TEST_F(PerfectFiltersTest, ANetworkWhateverTheProtocol) {
  Initialize(kVlanId | kVlanPriority | kFlexible | kProtocol);
  Ignore(0xFFFFFFFF, 0xFF000000, 0xFFFFFFFF);
  rig_.Write(kFdiripda, 0x001E10AC);
  Add(0x1DB6, 1, 0);
  EXPECT_EQ(QueueOf(Packet(kUdp4)), 1u);
  Flow other = kUdp4;
  other.protocol = 1;
  other.destination[3] = std::byte{200};
  EXPECT_EQ(QueueOf(Packet(other)), 1u);
  other.destination[2] = std::byte{31};
  EXPECT_EQ(QueueOf(Packet(other)), 0u);
}

TEST_F(PerfectFiltersTest, AVlan) {
  Initialize(kVlanPriority | kFlexible);
  Ignore(0, 0xFFFFFFFF, 0xFFFFFFFF);
  rig_.Write(kFdiripsa, 0x0100000A);
  rig_.Write(kFdirvlan, 0x0123);
  Add(0x1846, 1, kIsTcp);
  EXPECT_EQ(QueueOf(WithTag(Packet(kTcp4), 0x2123)), 1u) << "whatever the priority";
  EXPECT_EQ(QueueOf(WithTag(Packet(kTcp4), 0x0124)), 0u);
  EXPECT_EQ(QueueOf(Packet(kTcp4)), 0u);
}

TEST_F(PerfectFiltersTest, AWrongBucketNeverMatches) {
  Initialize(kVlanId | kVlanPriority | kFlexible);
  Ignore(0xFFFFFFFF, 0xFFFFFFFF, 0x0000FFFF);
  rig_.Write(kFdirport, 1024u << 16);
  Add(0x0085, 3, kIsUdp);
  EXPECT_EQ(QueueOf(Packet(kUdp4)), 0u);
}

// action -1: the queue of FDIRCTRL.DROP_Q, which nobody has enabled.
TEST_F(PerfectFiltersTest, Dropped) {
  Initialize(kVlanId | kVlanPriority | kFlexible);
  Ignore(0xFFFFFFFF, 0xFFFFFFFF, 0x0000FFFF);
  rig_.Write(kFdirport, 1024u << 16);
  Add(0x0084, 3, kIsUdp | kDrop, 127);
  const std::uint32_t before = rig_.Read(kRdh);
  EXPECT_EQ(QueueOf(Packet(kUdp4)), 0u);
  EXPECT_EQ(rig_.Read(kRdh), before);
  EXPECT_EQ(rig_.Read(kQprdc), 1u);
}

TEST_F(PerfectFiltersTest, KnownByBucketAndId) {
  Initialize(kVlanId | kVlanPriority | kFlexible);
  Ignore(0xFFFFFFFF, 0xFFFFFFFF, 0x0000FFFF);
  rig_.Write(kFdirport, 1024u << 16);
  Add(0x0084, 3, kIsUdp);
  Command(0x0084 | 4 << 16, kQueryFlow);
  EXPECT_EQ(rig_.Read(kFdircmd) & 4, 0u);
  Command(0x0084 | 3 << 16, kQueryFlow);
  EXPECT_EQ(rig_.Read(kFdircmd) & 4, 4u);
  Add(0x0084, 3, kIsUdp, 0);
  EXPECT_EQ(QueueOf(Packet(kUdp4)), 0u) << "replaced";
  EXPECT_EQ(rig_.Read(kFdirfree), 2045u);
  Command(0x0084 | 3 << 16, kRemoveFlow);
  EXPECT_EQ(rig_.Read(kFdirfree), 2046u);
  Command(0x0084 | 3 << 16, kRemoveFlow);
  EXPECT_EQ(rig_.Read(kFdirustat), 0x10002u);
  EXPECT_EQ(rig_.Read(kFdirfstat), 0x100u);
}

TEST_F(PerfectFiltersTest, AFullTableTakesNoMore) {
  Initialize(0);
  for (std::uint32_t id = 0; id < 2047; ++id) Add(id & 0x1FFF, id, kIsTcp);
  EXPECT_EQ(rig_.Read(kFdirfree), 0u);
  EXPECT_EQ(rig_.Read(kFdirfstat), 1u);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
