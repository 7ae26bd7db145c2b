// Receive-side scaling: which queue a flow is on is known beforehand, by the values that
// Microsoft's "RSS Hash Verification Suite" publishes.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "tests/conformance/packets.h"
#include "tests/conformance/ports_fixture.h"
#include "tests/conformance/toeplitz.h"

namespace ixylab::conformance {
namespace {

struct Published {
  Flow flow;
  std::uint32_t of_addresses;
  std::uint32_t with_ports;
};
constexpr Published kPublished[] = {
    {{"66.9.149.187", "161.142.100.80", 2794, 1766}, 0x323E8FC2, 0x51CCC178},
    {{"199.92.111.2", "65.69.140.83", 14230, 4739}, 0xD718262A, 0xC626B0EA},
    {{"24.19.198.95", "12.22.207.184", 12898, 38024}, 0xD2D0A5DE, 0x5C2B394A},
    {{"38.27.205.30", "209.142.163.6", 48228, 2217}, 0x82989176, 0xAFC7327F},
    {{"153.39.163.191", "202.188.127.2", 44251, 1303}, 0x5D1809C5, 0x10E828A2},
    {{"3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766}, 0x2CC18CD5, 0x40207D3D},
    {{"3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739}, 0x0F0C461C, 0xDDE51BBF},
    {{"3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024},
     0x4B61E985,
     0x02D1FEEF},
};

class Rss : public PortsTest {
 protected:
  void SetUp() override {
    if (!can().toeplitz) GTEST_SKIP() << "the target has a hash of its own, or none";
  }

  void OpenQueues(std::uint16_t queues, bool offloads = true) {
    Open(0);
    Open(1, {.receive_descriptors = 64,
             .queues = queues,
             .buffers = 256,
             .checksum_offload = offloads && can().checksum_offload,
             .vlan_offload = offloads && can().vlan_offload});
    WaitForLinks();
    hash_is_told_ = offloads && (can().checksum_offload || can().vlan_offload);
  }

  Packet MakeFromPort0(const PacketOptions& options) {
    return MakePacket(port(1)->mac_address(), port(0)->mac_address(), options);
  }

  /// Sends it from port 0 and looks where it comes.
  void ExpectHashed(const Packet& packet, std::uint32_t hash) {
    PacketBuffer* frame = MakeFrame(0, packet.bytes);
    ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
    PacketBuffer* received = nullptr;
    std::uint16_t queue = 0;
    ASSERT_TRUE(target().Until(
        [&] {
          for (queue = 0; queue < port(1)->queues(); ++queue) {
            if (port(1)->Receive(queue, {&received, 1}) == 1) return true;
          }
          return false;
        },
        kDeadline));
    EXPECT_EQ(queue, QueueOf(hash, port(1)->queues())) << "hash " << std::hex << hash;
    if (hash_is_told_) {
      EXPECT_EQ(received->rss_hash, hash);
    }
    ++arrived_[queue];
    MemoryPool::Free(received);
  }

  std::array<std::size_t, 16> arrived_{};  // at each queue

 private:
  bool hash_is_told_ = false;
};

TEST_F(Rss, PublishedValues) {
  for (const std::uint16_t queues : {std::uint16_t{3}, can().max_queues}) {
    OpenQueues(queues);
    for (const Published& published : kPublished) {
      for (const Transport transport : {Transport::kTcp, Transport::kUdp, Transport::kNone}) {
        SCOPED_TRACE(std::string(published.flow.source) + ", protocol " +
                     std::to_string(static_cast<int>(transport)));
        const bool ports = transport != Transport::kNone;
        const std::uint32_t hash = ports ? published.with_ports : published.of_addresses;
        const Packet packet = MakeFromPort0({.flow = published.flow, .transport = transport});
        ASSERT_EQ(RssHash(packet, ports), hash) << "the test's own arithmetic";
        ASSERT_NO_FATAL_FAILURE(ExpectHashed(packet, hash));
      }
    }
  }
}

TEST_F(Rss, QueueIsTheSameWithoutOffloads) {
  OpenQueues(can().max_queues, false);
  for (const Published& published : kPublished) {
    ASSERT_NO_FATAL_FAILURE(
        ExpectHashed(MakeFromPort0({.flow = published.flow}), published.with_ports));
  }
}

// A flow is the same flow in a VLAN, and behind options; the fragments of a datagram have no ports
// but for the first, and are to stay together.
TEST_F(Rss, WhatIsHashed) {
  OpenQueues(can().max_queues);
  for (const Published& published : std::span(kPublished).first(5)) {
    for (const Transport transport : {Transport::kTcp, Transport::kUdp}) {
      const PacketOptions plain{.flow = published.flow, .transport = transport};
      const auto expect = [&](auto change, std::uint32_t hash) {
        PacketOptions options = plain;
        change(options);
        ExpectHashed(MakeFromPort0(options), hash);
      };
      expect([](PacketOptions& o) { o.vlan = 0x0123; }, published.with_ports);
      expect([](PacketOptions& o) { o.ip_options = 12; }, published.with_ports);
      expect([](PacketOptions& o) { o.payload = 0; }, published.with_ports);
      expect([](PacketOptions& o) { o.payload = 1400; }, published.with_ports);
      for (const std::uint16_t fragment : {0x2000, 0x2010, 0x0010}) {
        expect([&](PacketOptions& o) { o.fragment = fragment; }, published.of_addresses);
      }
      ASSERT_FALSE(HasFailure()) << published.flow.source;
    }
  }
  Packet no_ip = MakeFromPort0({});
  PutNumber(no_ip.bytes, 12, 2, 0x88B5);
  for (int i = 0; i < 3; ++i) {
    ExpectHashed(no_ip, 0);
    ExpectHashed(MakeFromPort0({.flow = kPublished[0].flow}), kPublished[0].with_ports);
  }
}

TEST_F(Rss, ManyFlowsSpreadEvenly) {
  const std::uint16_t queues = std::min<std::uint16_t>(can().max_queues, 4);
  constexpr std::size_t kFlows = 1000;
  OpenQueues(queues);
  for (std::size_t flow = 0; flow < kFlows; ++flow) {
    Packet packet = MakeFromPort0({.flow = kPublished[flow % std::size(kPublished)].flow,
                                   .transport = flow % 3 == 0 ? Transport::kTcp : Transport::kUdp});
    PutNumber(packet.bytes, packet.transport_at, 4, random()());
    packet.Complete();
    ASSERT_NO_FATAL_FAILURE(ExpectHashed(packet, RssHash(packet, true)));
    ASSERT_FALSE(HasFailure());
  }
  // Five standard deviations of a fair die.
  const double fair = static_cast<double>(kFlows) / queues;
  for (std::uint16_t queue = 0; queue < queues; ++queue) {
    EXPECT_NEAR(static_cast<double>(arrived_[queue]), fair, 5 * std::sqrt(fair)) << queue;
  }
}

}  // namespace
}  // namespace ixylab::conformance
