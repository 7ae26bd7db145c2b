// Filters by EtherType, for SYN and for five-tuples, with registers as DPDK writes them
// (ixgbe_add_del_ethertype_filter, ixgbe_syn_filter_set, ixgbe_inject_5tuple_filter).
#include <gtest/gtest.h>

#include <array>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::string_view kOwn = "02:1b:21:00:00:00";
constexpr std::uint32_t kEtqf = 0x05128, kEtqs = 0x0EC00, kSynqf = 0x0EC30, kSaqf = 0x0E000,
                        kDaqf = 0x0E200, kSdpqf = 0x0E400, kFtqf = 0x0E600, kL34timir = 0x0E800;
constexpr std::uint32_t kQueueEnable = 1u << 31, kPoolMask = 1u << 30;
// FTQF.MASK: what is not compared
constexpr std::uint32_t kSource = 1u << 25, kDestination = 2u << 25, kSourcePort = 4u << 25,
                        kDestinationPort = 8u << 25, kAnyProtocol = 16u << 25;
constexpr std::uint32_t kAll = kSource | kDestination | kSourcePort | kDestinationPort;

/// 10.0.0.1:80 to 10.0.0.2:8080.
Bytes Packet(unsigned protocol, unsigned tcp_flags = 0x10) {
  Bytes frame = MakeFrame(80, kOwn, 0x0800);
  std::fill(frame.begin() + 14, frame.end(), std::byte{0});
  frame[14] = std::byte{0x45};
  frame[17] = std::byte{66};
  frame[23] = std::byte(protocol);
  frame[26] = frame[30] = std::byte{10};
  frame[29] = std::byte{1};
  frame[33] = std::byte{2};
  frame[35] = std::byte{80};
  frame[36] = std::byte{8080 >> 8};
  frame[37] = std::byte{8080 & 0xFF};
  frame[46] = std::byte{0x50};
  frame[47] = std::byte(tcp_flags);
  return frame;
}
Bytes Ipv6Syn() {
  Bytes frame = MakeFrame(80, kOwn, 0x86DD);
  std::fill(frame.begin() + 14, frame.end(), std::byte{0});
  frame[14] = std::byte{0x60};
  frame[19] = std::byte{26};
  frame[20] = std::byte{6};
  frame[66] = std::byte{0x50};
  frame[67] = std::byte{2};
  return frame;
}
Bytes WithTag(Bytes frame, std::uint16_t tag) {
  const std::array bytes = {std::byte{0x81}, std::byte{0}, std::byte(tag >> 8), std::byte(tag)};
  frame.insert(frame.begin() + 12, bytes.begin(), bytes.end());
  return frame;
}

class QueueFiltersTest : public testing::Test {
 protected:
  static constexpr unsigned kQueues = 4;
  void SetUp() override {
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartReceiver();
    for (unsigned queue = 0; queue < kQueues; ++queue) rig_.StartRx(*rings_[queue], 63, queue);
  }
  unsigned QueueOf(const Bytes& frame) {
    std::array<std::uint32_t, kQueues> heads;
    for (unsigned queue = 0; queue < kQueues; ++queue) heads[queue] = rig_.Read(kRdh + 64 * queue);
    rig_.Send(frame);
    for (unsigned queue = 0; queue < kQueues; ++queue) {
      if (rig_.Read(kRdh + 64 * queue) == heads[queue]) continue;
      packet_type_ = rings_[queue]->word(heads[queue], 0) >> 4 & 0x1FFF;
      return queue;
    }
    return ~0u;
  }
  void FiveTuple(std::uint32_t index, std::uint32_t ftqf, unsigned queue, unsigned priority = 1) {
    rig_.Write(kDaqf + 4 * index, 0x0200000A);
    rig_.Write(kSaqf + 4 * index, 0x0100000A);
    rig_.Write(kSdpqf + 4 * index, 0x901F5000);  // both ports as they lie in the packet
    rig_.Write(kFtqf + 4 * index, ftqf | priority << 2 | kPoolMask | kQueueEnable);
    rig_.Write(kL34timir + 4 * index, 0x00080000 | queue << 21);
  }

  Rig rig_;
  TestRing ring0_{rig_.host, 64}, ring1_{rig_.host, 64}, ring2_{rig_.host, 64},
      ring3_{rig_.host, 64};
  std::array<TestRing*, kQueues> rings_ = {&ring0_, &ring1_, &ring2_, &ring3_};
  std::uint32_t packet_type_ = 0;
};

TEST_F(QueueFiltersTest, ByEtherType) {
  const Bytes lldp = MakeFrame(60, kOwn, 0x88CC);
  EXPECT_EQ(QueueOf(lldp), 0u);
  EXPECT_EQ(packet_type_, 0u);
  rig_.Write(kEtqf + 4 * 5, 1u << 31 | 0x88CC);
  EXPECT_EQ(QueueOf(lldp), 0u) << "without ETQS.QUEUE_EN";
  EXPECT_EQ(packet_type_, 0x805u) << "the filter's number in place of the packet's type";
  rig_.Write(kEtqs + 4 * 5, kQueueEnable | 2 << 16);
  EXPECT_EQ(QueueOf(lldp), 2u);
  EXPECT_EQ(QueueOf(WithTag(lldp, 0x0001)), 2u);
  EXPECT_EQ(QueueOf(MakeFrame(60, kOwn, 0x88CD)), 0u);
  rig_.Write(kEtqf + 4 * 5, 0);
  EXPECT_EQ(QueueOf(lldp), 0u);
}

TEST_F(QueueFiltersTest, ByEtherTypeAndPriority) {
  const Bytes frame = MakeFrame(60, kOwn, 0x8906);
  rig_.Write(kEtqf, 1u << 31 | 1u << 19 | 3u << 16 | 0x8906);
  rig_.Write(kEtqs, kQueueEnable | 1 << 16);
  EXPECT_EQ(QueueOf(WithTag(frame, 3 << 13 | 7)), 1u);
  EXPECT_EQ(QueueOf(WithTag(frame, 4 << 13 | 7)), 0u);
  EXPECT_EQ(QueueOf(frame), 0u);
}

TEST_F(QueueFiltersTest, ForSyn) {
  rig_.Write(kSynqf, 3 << 1 | 1);
  EXPECT_EQ(QueueOf(Packet(6, 0x02)), 3u);
  EXPECT_EQ(QueueOf(Ipv6Syn()), 3u);
  EXPECT_EQ(QueueOf(Packet(6, 0x12)), 0u) << "the answer to it";
  EXPECT_EQ(QueueOf(Packet(6, 0x10)), 0u);
  EXPECT_EQ(QueueOf(Packet(17, 0x02)), 0u);
}

TEST_F(QueueFiltersTest, ByFiveTuple) {
  FiveTuple(9, 0, 2);
  EXPECT_EQ(QueueOf(Packet(6)), 2u);
  EXPECT_EQ(QueueOf(Packet(17)), 0u);
  for (const std::size_t at : {29, 33, 35, 37}) {
    Bytes other = Packet(6);
    other[at] ^= std::byte{1};
    EXPECT_EQ(QueueOf(other), 0u) << at;
  }
}

TEST_F(QueueFiltersTest, EachFieldCanBeLeftOut) {
  const struct {
    std::uint32_t mask;
    std::size_t at;
  } kFields[] = {{kSource, 29}, {kDestination, 33}, {kSourcePort, 35}, {kDestinationPort, 37}};
  for (const auto& left_out : kFields) {
    FiveTuple(0, left_out.mask, 1);
    for (const auto& field : kFields) {
      Bytes other = Packet(6);
      other[field.at] ^= std::byte{1};
      EXPECT_EQ(QueueOf(other), field.at == left_out.at ? 1u : 0u) << left_out.at << field.at;
    }
  }
  FiveTuple(0, kAnyProtocol, 1);
  EXPECT_EQ(QueueOf(Packet(17)), 1u);
  EXPECT_EQ(QueueOf(Packet(1)), 0u) << "has no ports";
}

TEST_F(QueueFiltersTest, ByProtocolAlone) {
  constexpr std::array<unsigned, 4> kProtocols = {6, 17, 132, 1};
  for (std::uint32_t number = 0; number < 4; ++number) {
    FiveTuple(number, kAll | number, number);
  }
  for (std::uint32_t number = 0; number < 4; ++number) {
    EXPECT_EQ(QueueOf(Packet(kProtocols[number])), number);
  }
  EXPECT_EQ(QueueOf(Ipv6Syn()), 0u) << "IPv4 only";
}

TEST_F(QueueFiltersTest, ByPriority) {
  FiveTuple(0, kAll, 1, 2);
  FiveTuple(1, kAll, 2, 7);
  FiveTuple(2, kAll, 3, 7);
  EXPECT_EQ(QueueOf(Packet(6)), 2u) << "the highest; of equal ones the first";
  rig_.Write(kFtqf + 4, 0);
  EXPECT_EQ(QueueOf(Packet(6)), 3u);
}

TEST_F(QueueFiltersTest, SynBeforeOrAfterFiveTuples) {
  FiveTuple(0, kAll, 1);
  rig_.Write(kSynqf, 3 << 1 | 1);
  EXPECT_EQ(QueueOf(Packet(6, 0x02)), 1u);
  rig_.Write(kSynqf, 1u << 31 | 3 << 1 | 1);
  EXPECT_EQ(QueueOf(Packet(6, 0x02)), 3u);
  EXPECT_EQ(QueueOf(Packet(6)), 1u);
}

TEST_F(QueueFiltersTest, BeforeRss) {
  for (std::uint32_t i = 0; i < 32; ++i) rig_.Write(kReta + 4 * i, 0x02020202);
  rig_.Write(kMrqc, 0x00330001);
  EXPECT_EQ(QueueOf(Packet(6)), 2u);
  FiveTuple(0, 0, 1);
  EXPECT_EQ(QueueOf(Packet(6)), 1u);
  EXPECT_EQ(QueueOf(Packet(17)), 2u);
}

TEST_F(QueueFiltersTest, AResetSwitchesThemOff) {
  FiveTuple(0, kAll, 1);
  rig_.Reset();
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.StartReceiver();
  for (unsigned queue = 0; queue < kQueues; ++queue) rig_.StartRx(*rings_[queue], 63, queue);
  EXPECT_EQ(QueueOf(Packet(6)), 0u);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
