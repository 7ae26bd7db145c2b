// Checksums, judged when received and filled in when sent; both ends are checked against plain
// arithmetic (packets.h).
#include <algorithm>
#include <string>
#include <vector>

#include "tests/conformance/packets.h"
#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

constexpr std::uint16_t kIpGood = Offloads::kIpChecksumGood, kIpBad = Offloads::kIpChecksumBad;
constexpr std::uint16_t kL4Good = Offloads::kL4ChecksumGood, kL4Bad = Offloads::kL4ChecksumBad;
constexpr std::uint16_t kJudged = kIpGood | kIpBad | kL4Good | kL4Bad;

constexpr Flow kIpv4, kIpv6{.source = "fd00::1", .destination = "fd00::2"};

std::string Name(const Packet& packet) {
  return std::string(packet.transport == Transport::kTcp   ? "TCP"
                     : packet.transport == Transport::kUdp ? "UDP"
                                                           : "no transport") +
         (packet.ipv6 ? " over IPv6" : " over IPv4") + " at byte " +
         std::to_string(packet.transport_at) + " of " + std::to_string(packet.bytes.size());
}

/// Leaves a right packet's checksums to the device.
PacketBuffer* LeaveToDevice(PacketBuffer* frame, const Packet& packet, std::uint16_t flags) {
  const std::span<std::byte> bytes = frame->frame();
  if ((flags & Offloads::kIpv4Checksum) != 0) PutNumber(bytes, packet.ip_checksum_at(), 2, 0);
  if ((flags & (Offloads::kTcpChecksum | Offloads::kUdpChecksum)) != 0)
    PutNumber(bytes, packet.checksum_at(), 2, packet.PseudoHeaderSum());
  frame->offloads.flags = flags;
  frame->offloads.network_at = static_cast<std::uint16_t>(packet.network_at);
  frame->offloads.transport_at = static_cast<std::uint16_t>(packet.transport_at);
  return frame;
}

std::uint16_t AllOf(const Packet& packet) {
  return (packet.ipv6 ? 0 : Offloads::kIpv4Checksum) |
         (packet.transport == Transport::kTcp ? Offloads::kTcpChecksum : Offloads::kUdpChecksum);
}

class Checksum : public PortsTest {
 protected:
  void SetUp() override {
    if (!can().checksum_offload) GTEST_SKIP() << "the target does not check checksums";
  }

  Packet MakeFromPort0(const PacketOptions& options) {
    return MakePacket(port(1)->mac_address(), port(0)->mac_address(), options);
  }

  /// Every kind of packet: versions, transports, lengths, with an 802.1Q tag in the frame, with
  /// IPv4 options.
  std::vector<Packet> AllKinds() {
    std::vector<Packet> packets;
    for (const Flow& flow : {kIpv4, kIpv6}) {
      for (const Transport transport : {Transport::kTcp, Transport::kUdp}) {
        for (const std::size_t payload : {0u, 1u, 2u, 99u, 1401u}) {
          PacketOptions options{.flow = flow, .transport = transport, .payload = payload};
          const auto add = [&] {
            options.number = packets.size();
            packets.push_back(MakeFromPort0(options));
          };
          add();
          options.vlan = 0x2064;
          add();
          if (packets.back().ipv6) continue;
          options.ip_options = 8;
          add();
        }
      }
    }
    return packets;
  }

  /// What port 1 says of `bytes` that come from port 0, and that they come unchanged.
  void ExpectJudged(std::span<const std::byte> bytes, std::uint16_t expected,
                    std::uint16_t of = kJudged) {
    PacketBuffer* frame = MakeFrame(0, bytes);
    ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
    const std::vector<PacketBuffer*> received = Collect(1, 1);
    ASSERT_EQ(received.size(), 1u);
    EXPECT_EQ(received[0]->offloads.flags & of, expected);
    EXPECT_TRUE(BytesIn(*received[0]) == Bytes(bytes.begin(), bytes.end()));
    MemoryPool::Free(received);
  }

  /// Port 0 with the option and 1 without, so that what arrives can be compared whole.
  void OpenToSend() {
    Open(0, {.transmit_descriptors = 64, .checksum_offload = true});
    Open(1);
    WaitForLinks();
  }
  void ExpectArrival(std::span<PacketBuffer* const> frames, std::span<const Packet> expected) {
    ASSERT_NO_FATAL_FAILURE(SendAll(0, frames));
    const std::vector<PacketBuffer*> received = Collect(1, frames.size());
    for (std::size_t i = 0; i < received.size(); ++i) {
      EXPECT_TRUE(BytesIn(*received[i]) == expected[i].bytes)
          << "frame " << i << ", " << Name(expected[i]);
    }
    MemoryPool::Free(received);
    ASSERT_EQ(received.size(), frames.size());
  }
};

TEST_F(Checksum, ReceivedGoodAndBadOnesAreToldApart) {
  Open(0);
  Open(1, {.checksum_offload = true});
  WaitForLinks();
  for (Packet& packet : AllKinds()) {
    SCOPED_TRACE(Name(packet));
    const std::uint16_t ip_good = packet.ipv6 ? 0 : kIpGood;
    ASSERT_NO_FATAL_FAILURE(ExpectJudged(packet.bytes, ip_good | kL4Good));

    // 0x0100: a UDP checksum of 0 would be none.
    std::byte& l4 = packet.bytes[packet.checksum_at()];
    const std::byte change = l4 == std::byte{1} ? std::byte{2} : std::byte{1};
    l4 ^= change;
    ASSERT_NO_FATAL_FAILURE(ExpectJudged(packet.bytes, ip_good | kL4Bad));
    l4 ^= change;

    if (packet.ipv6) continue;
    packet.bytes[packet.ip_checksum_at() + 1] ^= std::byte{1};
    // Whether the rest is looked at then is the device's choice; it is not bad.
    ASSERT_NO_FATAL_FAILURE(ExpectJudged(packet.bytes, kIpBad, kIpGood | kIpBad | kL4Bad));
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(Checksum, EveryReceivedByteCounts) {
  Open(0);
  Open(1, {.checksum_offload = true});
  WaitForLinks();
  for (const Flow& flow : {kIpv4, kIpv6}) {
    Packet packet = MakeFromPort0({.flow = flow, .transport = Transport::kUdp, .payload = 33});
    const std::size_t length_at = packet.transport_at + 4;
    const std::size_t addresses_at = packet.network_at + (packet.ipv6 ? 8 : 12);
    for (std::size_t at = addresses_at; at < packet.bytes.size(); ++at) {
      if (at == length_at || at == length_at + 1) continue;  // another datagram then
      SCOPED_TRACE(Name(packet) + ", byte " + std::to_string(at) + " is wrong");
      packet.bytes[at] ^= std::byte{0x10};
      if (packet.ipv6 || at >= packet.transport_at) {
        ASSERT_NO_FATAL_FAILURE(ExpectJudged(packet.bytes, kL4Bad | (packet.ipv6 ? 0 : kIpGood)));
      } else {
        ASSERT_NO_FATAL_FAILURE(ExpectJudged(packet.bytes, kIpBad, kIpGood | kIpBad | kL4Good));
      }
      packet.bytes[at] ^= std::byte{0x10};
      ASSERT_FALSE(HasFailure());
    }
  }
}

TEST_F(Checksum, WhatHasNoneIsNotJudged) {
  Open(0);
  Open(1, {.checksum_offload = true});
  WaitForLinks();
  Packet udp = MakeFromPort0({});
  PutNumber(udp.bytes, udp.checksum_at(), 2, 0);
  const Bytes good = MakeFromPort0({}).bytes;
  const Bytes no_ip(100, std::byte{0x55});
  for (int round = 0; round < 3; ++round) {  // in turn, so that nothing is left of the one before
    ASSERT_NO_FATAL_FAILURE(ExpectJudged(no_ip, 0));
    ASSERT_NO_FATAL_FAILURE(ExpectJudged(good, kIpGood | kL4Good));
    ASSERT_NO_FATAL_FAILURE(ExpectJudged(udp.bytes, kIpGood));       // RFC 768: there is none
    for (const std::uint16_t fragment : {0x2000, 0x2010, 0x0010}) {  // first, middle, last
      ASSERT_NO_FATAL_FAILURE(ExpectJudged(MakeFromPort0({.fragment = fragment}).bytes, kIpGood));
    }
    ASSERT_NO_FATAL_FAILURE(
        ExpectJudged(MakeFromPort0({.transport = Transport::kNone}).bytes, kIpGood));
    ASSERT_NO_FATAL_FAILURE(
        ExpectJudged(MakeFromPort0({.flow = kIpv6, .transport = Transport::kNone}).bytes, 0));
    ASSERT_FALSE(HasFailure());
  }
  // Over IPv6 it has to be there (RFC 8200, 8.1).
  Packet udp6 = MakeFromPort0({.flow = kIpv6});
  PutNumber(udp6.bytes, udp6.checksum_at(), 2, 0);
  ExpectJudged(udp6.bytes, 0, kL4Good | kIpGood | kIpBad);
}

TEST_F(Checksum, SentEachKindAlone) {
  OpenToSend();
  for (const Packet& packet : AllKinds()) {
    PacketBuffer* frame = LeaveToDevice(MakeFrame(0, packet.bytes), packet, AllOf(packet));
    ASSERT_NO_FATAL_FAILURE(ExpectArrival({&frame, 1}, {&packet, 1}));
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(Checksum, SentAllKindsMixed) {
  OpenToSend();
  std::vector<Packet> packets = AllKinds();
  for (int round = 0; round < 20; ++round) {
    std::ranges::shuffle(packets, random());
    const std::span<const Packet> some(packets.data(), 24);
    std::vector<PacketBuffer*> frames;
    for (const Packet& packet : some) {
      // With, in part, and without, over the same headers and others.
      const std::uint16_t flags[] = {
          AllOf(packet), static_cast<std::uint16_t>(AllOf(packet) & ~Offloads::kIpv4Checksum),
          static_cast<std::uint16_t>(AllOf(packet) & Offloads::kIpv4Checksum), 0};
      frames.push_back(LeaveToDevice(MakeFrame(0, packet.bytes), packet, flags[random()() % 4]));
    }
    ASSERT_NO_FATAL_FAILURE(ExpectArrival(frames, some));
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(Checksum, SentOnlyWhatIsAskedFor) {
  OpenToSend();
  std::vector<Packet> wrong;
  std::vector<PacketBuffer*> frames;
  for (Packet& packet : AllKinds()) {
    if (frames.size() == 24) break;
    packet.bytes[packet.checksum_at()] ^= std::byte{1};
    if (!packet.ipv6) packet.bytes[packet.ip_checksum_at()] ^= std::byte{1};
    frames.push_back(MakeFrame(0, packet.bytes));
    wrong.push_back(packet);
  }
  ExpectArrival(frames, wrong);
}

TEST_F(Checksum, UdpChecksumOfZeroIsSentAsAllOnes) {
  OpenToSend();
  for (const Flow& flow : {kIpv4, kIpv6}) {
    Packet packet = MakeFromPort0({.flow = flow, .transport = Transport::kUdp});
    const std::size_t payload = packet.transport_at + 8;
    PutNumber(packet.bytes, payload, 2, 0);
    packet.Complete();
    PutNumber(packet.bytes, payload, 2, GetNumber(packet.bytes, packet.checksum_at(), 2));
    packet.Complete();
    ASSERT_EQ(GetNumber(packet.bytes, packet.checksum_at(), 2), 0xFFFFu);
    PacketBuffer* frame = LeaveToDevice(MakeFrame(0, packet.bytes), packet, AllOf(packet));
    ASSERT_NO_FATAL_FAILURE(ExpectArrival({&frame, 1}, {&packet, 1}));
  }
}

// What a port found out about a frame is nothing that another has to do about it.
TEST_F(Checksum, PassingOnChangesNothing) {
  OpenBoth({.checksum_offload = true});
  for (Packet& packet : AllKinds()) {
    packet.bytes[packet.checksum_at()] ^= std::byte{1};
    PacketBuffer* frame = MakeFrame(0, packet.bytes);
    ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
    const std::vector<PacketBuffer*> there = Collect(1, 1);
    ASSERT_EQ(there.size(), 1u);
    ASSERT_NO_FATAL_FAILURE(SendAll(1, there));
    const std::vector<PacketBuffer*> back = Collect(0, 1);
    ASSERT_EQ(back.size(), 1u);
    EXPECT_TRUE(BytesIn(*back[0]) == packet.bytes) << Name(packet);
    MemoryPool::Free(back);
  }
}

}  // namespace
}  // namespace ixylab::conformance
