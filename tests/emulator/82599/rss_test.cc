// The hash against the vectors that Microsoft publishes ("Verifying the RSS hash calculation").
#include "emulator/82599/rss.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::array<std::uint8_t, 40> kKey = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

struct Vector {
  std::vector<std::uint8_t> source, destination;  // addresses
  std::uint16_t source_port, destination_port;
  std::uint32_t ip_hash, tcp_hash;
};

const std::vector<Vector>& Vectors() {
  static const std::vector<Vector> vectors = {
      {{66, 9, 149, 187}, {161, 142, 100, 80}, 2794, 1766, 0x323e8fc2, 0x51ccc178},
      {{199, 92, 111, 2}, {65, 69, 140, 83}, 14230, 4739, 0xd718262a, 0xc626b0ea},
      {{24, 19, 198, 95}, {12, 22, 207, 184}, 12898, 38024, 0xd2d0a5de, 0x5c2b394a},
      {{38, 27, 205, 30}, {209, 142, 163, 6}, 48228, 2217, 0x82989176, 0xafc7327f},
      {{153, 39, 163, 191}, {202, 188, 127, 2}, 44251, 1303, 0x5d1809c5, 0x10e828a2},
      // 3ffe:2501:200:1fff::7 to 3ffe:2501:200:3::1
      {{0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 7},
       {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x00, 0x03, 0, 0, 0, 0, 0, 0, 0, 1},
       2794,
       1766,
       0x2cc18cd5,
       0x40207d3d},
      // 3ffe:501:8::260:97ff:fe40:efab to ff02::1
      {{0x3f, 0xfe, 0x05, 0x01, 0x00, 0x08, 0, 0, 0x02, 0x60, 0x97, 0xff, 0xfe, 0x40, 0xef, 0xab},
       {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
       14230,
       4739,
       0x0f0c461c,
       0xdde51bbf},
      // 3ffe:1900:4545:3:200:f8ff:fe21:67cf to fe80::200:f8ff:fe21:67cf
      {{0x3f, 0xfe, 0x19, 0x00, 0x45, 0x45, 0x00, 0x03, 0x02, 0, 0xf8, 0xff, 0xfe, 0x21, 0x67,
        0xcf},
       {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf},
       44251,
       38024,
       0x4b61e985,
       0x02d1feef},
  };
  return vectors;
}

constexpr unsigned kTcp = 6, kUdp = 17;

Bytes Packet(const Vector& vector, unsigned protocol) {
  const bool v4 = vector.source.size() == 4;
  Bytes frame = MakeFrame(14, "02:1b:21:00:00:00", v4 ? 0x0800 : 0x86DD);
  frame.resize(v4 ? 14 + 20 : 14 + 40);
  frame[14] = std::byte(v4 ? 0x45 : 0x60);
  frame[v4 ? 23 : 20] = std::byte(protocol);
  const auto put = [&](std::size_t at, const std::vector<std::uint8_t>& address) {
    std::ranges::transform(address, frame.begin() + static_cast<std::ptrdiff_t>(at),
                           [](std::uint8_t byte) { return std::byte{byte}; });
  };
  put(v4 ? 26 : 22, vector.source);
  put(v4 ? 30 : 38, vector.destination);
  for (std::uint16_t port : {vector.source_port, vector.destination_port}) {
    frame.push_back(std::byte(port >> 8));
    frame.push_back(std::byte(port));
  }
  frame.resize(80);
  return frame;
}

class Rss : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartReceiver();
    rig_.Write(0x05000, 1u << 13);  // RXCSUM.PCSD: the hash is in the descriptor
    for (std::uint32_t queue = 0; queue < 16; ++queue) rig_.StartRx(rings_[queue], 63, queue);
    for (std::uint32_t i = 0; i < 10; ++i) {
      rig_.Write(kRssrk + 4 * i, kKey[4 * i] | kKey[4 * i + 1] << 8 | kKey[4 * i + 2] << 16 |
                                     std::uint32_t{kKey[4 * i + 3]} << 24);
    }
    for (std::uint32_t i = 0; i < 32; ++i) {  // entry n leads to queue n % 16
      rig_.Write(kReta + 4 * i, 0x03020100 + 0x04040404 * (i % 4));
    }
  }
  struct Result {
    std::uint32_t queue, type, hash;
  };
  Result Receive(const Bytes& frame) {
    std::array<std::uint32_t, 16> heads;
    for (std::uint32_t queue = 0; queue < 16; ++queue)
      heads[queue] = rig_.Read(kRdh + 0x40 * queue);
    rig_.Send(frame);
    for (std::uint32_t queue = 0; queue < 16; ++queue) {
      if (rig_.Read(kRdh + 0x40 * queue) == heads[queue]) continue;
      const std::uint64_t word = rings_[queue].word(heads[queue], 0);
      return {queue, static_cast<std::uint32_t>(word & 0xF),
              static_cast<std::uint32_t>(word >> 32)};
    }
    ADD_FAILURE() << "no queue has it";
    return {};
  }

  Rig rig_;
  std::array<TestRing, 16> rings_ = [this]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
    return std::array<TestRing, 16>{((void)kIndex, TestRing(rig_.host, 64))...};
  }
  (std::make_index_sequence<16>());
};

TEST_F(Rss, PublishedVectors) {
  rig_.Write(kMrqc, 0x00330001);  // TCP and plain, IPv4 and IPv6
  for (const Vector& vector : Vectors()) {
    const bool v4 = vector.source.size() == 4;
    const Result tcp = Receive(Packet(vector, kTcp));
    EXPECT_EQ(tcp.hash, vector.tcp_hash);
    EXPECT_EQ(tcp.type, v4 ? 1u : 3u);
    EXPECT_EQ(tcp.queue, vector.tcp_hash % 16) << "RETA by the lowest seven bits";
    const Result udp = Receive(Packet(vector, kUdp));
    EXPECT_EQ(udp.hash, vector.ip_hash) << "UDP is not enabled";
    EXPECT_EQ(udp.type, v4 ? 2u : 5u);
  }
}

TEST_F(Rss, UdpWhereEnabled) {
  rig_.Write(kMrqc, 0x00F30001);
  const Result v4 = Receive(Packet(Vectors()[0], kUdp));
  EXPECT_EQ(v4.type, 7u);
  EXPECT_EQ(v4.hash, Vectors()[0].tcp_hash) << "the same function";
  const Result v6 = Receive(Packet(Vectors()[5], kUdp));
  EXPECT_EQ(v6.type, 8u);
  EXPECT_EQ(v6.hash, Vectors()[5].tcp_hash);
}

TEST_F(Rss, OnlyEnabledFieldsAreHashed) {
  rig_.Write(kMrqc, 0x00010001);  // TCP over IPv4 only
  EXPECT_EQ(Receive(Packet(Vectors()[0], kTcp)).type, 1u);
  EXPECT_EQ(Receive(Packet(Vectors()[0], kUdp)).type, 0u);
  const Result v6 = Receive(Packet(Vectors()[5], kTcp));
  EXPECT_EQ(v6.type, 0u);
  EXPECT_EQ(v6.hash, 0u);
  EXPECT_EQ(v6.queue, 0u);
}

TEST_F(Rss, OffMeansQueueZero) {
  rig_.Write(kMrqc, 0x00330000);
  const Result result = Receive(Packet(Vectors()[0], kTcp));
  EXPECT_EQ(result.queue, 0u);
  EXPECT_EQ(result.type, 0u);
}

TEST_F(Rss, ANewKeyAndTableCountAtOnce) {
  rig_.Write(kMrqc, 0x00330001);
  const Result before = Receive(Packet(Vectors()[0], kTcp));
  rig_.Write(kRssrk, 0);
  EXPECT_NE(Receive(Packet(Vectors()[0], kTcp)).hash, before.hash);
  for (std::uint32_t i = 0; i < 32; ++i) rig_.Write(kReta + 4 * i, 0x09090909);
  EXPECT_EQ(Receive(Packet(Vectors()[1], kTcp)).queue, 9u);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
