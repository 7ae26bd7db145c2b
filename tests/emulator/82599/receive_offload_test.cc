// What the receiver finds out about a frame and does with it: checksums, VLAN tags, descriptors.
// The checksums that it is judged by are computed here, as RFC 1071 and RFC 9260 (appendix A) say.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kRxcsum = 0x05000, kRscctl = 0x0102C;
constexpr std::uint32_t kVme = 1u << 30;  // RXDCTL
// Status and error of an advanced descriptor.
constexpr std::uint32_t kDone = 1, kEop = 2, kVp = 8, kUdpcs = 0x10, kL4cs = 0x20, kIpcs = 0x40,
                        kUdpv = 0x400, kL4e = 1u << 30, kIpe = 1u << 31;
constexpr std::uint32_t kUdp = 17, kTcp = 6, kSctp = 132;
constexpr std::string_view kOwn = "02:1b:21:00:00:00";

std::uint32_t OnesComplementSum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return sum;
}

std::uint32_t Crc32c(const Bytes& bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (std::byte byte : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      const bool differs = ((crc ^ std::to_integer<std::uint32_t>(byte) >> bit) & 1) != 0;
      crc = crc >> 1 ^ (differs ? 0x82F63B78u : 0u);
    }
  }
  return ~crc;
}

void Put16(Bytes& bytes, std::size_t at, std::uint32_t value) {
  bytes.at(at) = std::byte(value >> 8);
  bytes.at(at + 1) = std::byte(value);
}

Bytes Join(const Bytes& first, const Bytes& second) {
  Bytes all = first;
  all.insert(all.end(), second.begin(), second.end());
  return all;
}

/// A TCP segment, UDP or SCTP packet with `size` bytes of data, of which the checksum is left 0.
Bytes L4Packet(std::uint32_t protocol, std::size_t size) {
  const std::size_t header = protocol == kUdp ? 8 : protocol == kTcp ? 20 : 12;
  Bytes packet(header + size);
  Put16(packet, 0, 1234);
  Put16(packet, 2, 5678);
  if (protocol == kUdp) Put16(packet, 4, static_cast<std::uint32_t>(packet.size()));
  if (protocol == kTcp) packet[12] = std::byte{0x50};
  for (std::size_t i = header; i < packet.size(); ++i) packet[i] = std::byte(i * 31 + 5);
  return packet;
}

constexpr std::size_t ChecksumOffset(std::uint32_t protocol) {
  return protocol == kUdp ? 6 : protocol == kTcp ? 16 : 8;
}

/// Fills in the checksum; `addresses` are source and destination.
void Seal(Bytes& packet, std::uint32_t protocol, const Bytes& addresses) {
  if (protocol == kSctp) {
    const std::uint32_t crc = Crc32c(packet);
    for (int i = 0; i < 4; ++i) packet[8 + i] = std::byte(crc >> 8 * i);
    return;
  }
  Bytes pseudo = addresses;
  pseudo.resize(addresses.size() + 4);
  Put16(pseudo, addresses.size(), protocol);
  Put16(pseudo, addresses.size() + 2, static_cast<std::uint32_t>(packet.size()));
  const std::uint32_t checksum = ~OnesComplementSum(Join(pseudo, packet)) & 0xFFFF;
  Put16(packet, ChecksumOffset(protocol), checksum == 0 && protocol == kUdp ? 0xFFFF : checksum);
}

Bytes SomeAddresses(std::size_t size) {
  Bytes addresses(size);
  for (std::size_t i = 0; i < size; ++i) addresses[i] = std::byte(0xC0 + 7 * i);
  return addresses;
}

struct Ipv4Options {
  std::size_t options = 0;     // bytes
  std::uint32_t fragment = 0;  // flags and offset
  bool seal = true;
};

Bytes Ipv4Frame(std::uint32_t protocol, Bytes packet, const Ipv4Options& how = {}) {
  const Bytes addresses = SomeAddresses(8);
  if (how.seal) Seal(packet, protocol, addresses);
  Bytes ip(20 + how.options);
  ip[0] = std::byte(0x40 | ip.size() / 4);
  Put16(ip, 2, static_cast<std::uint32_t>(ip.size() + packet.size()));
  Put16(ip, 4, 0xBEEF);
  Put16(ip, 6, how.fragment);
  ip[8] = std::byte{64};
  ip[9] = std::byte(protocol);
  std::ranges::copy(addresses, ip.begin() + 12);
  for (std::size_t i = 20; i < ip.size(); ++i) ip[i] = std::byte{1};  // no operation
  Put16(ip, 10, ~OnesComplementSum(ip) & 0xFFFF);
  Bytes frame = Join(MakeFrame(14, kOwn, 0x0800), Join(ip, packet));
  // Padding is not part of the packet, and no zeroes here.
  while (frame.size() < 60) frame.push_back(std::byte{0xA5});
  return frame;
}

/// `extensions` starts with a header whose number is `next`; its own chain ends with `protocol`.
Bytes Ipv6Frame(std::uint32_t protocol, Bytes packet, std::uint32_t next = 0xFF,
                const Bytes& extensions = {}) {
  const Bytes addresses = SomeAddresses(32);
  Seal(packet, protocol, addresses);
  Bytes ip(8);
  ip[0] = std::byte{0x60};
  Put16(ip, 4, static_cast<std::uint32_t>(extensions.size() + packet.size()));
  ip[6] = std::byte(extensions.empty() ? protocol : next);
  ip[7] = std::byte{64};
  Bytes frame = Join(MakeFrame(14, kOwn, 0x86DD), Join(ip, addresses));
  frame = Join(frame, Join(extensions, packet));
  while (frame.size() < 60) frame.push_back(std::byte{0xA5});
  return frame;
}

Bytes Tagged(const Bytes& frame, std::uint32_t tag, std::uint32_t type = 0x8100) {
  Bytes tagged = frame;
  tagged.insert(tagged.begin() + 12, 4, std::byte{0});
  Put16(tagged, 12, type);
  Put16(tagged, 14, tag);
  return tagged;
}

class ReceiveOffload : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartReceiver();
    rig_.StartRx(ring_, 511);
  }
  /// Index of the descriptor that the frame is delivered to.
  std::uint32_t Deliver(const Bytes& frame) {
    const std::uint32_t index = rig_.Read(kRdh);
    rig_.Send(frame);
    EXPECT_EQ(rig_.Read(kRdh), index + 1);
    return index;
  }
  /// Status and error without DD and EOP, which it has to have.
  std::uint32_t Status(const Bytes& frame) {
    const auto status = static_cast<std::uint32_t>(ring_.word(Deliver(frame), 1));
    EXPECT_EQ(status & 3, kDone | kEop);
    return status & ~3u;
  }
  Bytes Delivered(std::uint32_t index) const {
    const auto buffer = ring_.buffer(index).first(ring_.word(index, 1) >> 32 & 0xFFFF);
    return {buffer.begin(), buffer.end()};
  }

  Rig rig_;
  TestRing ring_{rig_.host, 512};
};

TEST_F(ReceiveOffload, RightChecksumsOfAnyLength) {
  for (std::size_t size : {0, 1, 2, 3, 7, 8, 9, 17, 18, 19, 33, 100, 101, 1000, 1440}) {
    EXPECT_EQ(Status(Ipv4Frame(kTcp, L4Packet(kTcp, size))), kIpcs | kL4cs) << size;
    EXPECT_EQ(Status(Ipv4Frame(kUdp, L4Packet(kUdp, size))), kIpcs | kL4cs | kUdpcs) << size;
    EXPECT_EQ(Status(Ipv4Frame(kSctp, L4Packet(kSctp, size))), kIpcs | kL4cs) << size;
    EXPECT_EQ(Status(Ipv6Frame(kTcp, L4Packet(kTcp, size))), kL4cs) << size;
    EXPECT_EQ(Status(Ipv6Frame(kUdp, L4Packet(kUdp, size))), kL4cs | kUdpcs) << size;
    EXPECT_EQ(Status(Ipv6Frame(kSctp, L4Packet(kSctp, size))), kL4cs) << size;
  }
}

TEST_F(ReceiveOffload, AnyWrongBitOfTheIpv4HeaderIsAnError) {
  const Bytes frame = Ipv4Frame(1, L4Packet(kUdp, 20), {.seal = false});
  ASSERT_EQ(Status(frame), kIpcs);
  // Not the version and length, total length and fragment fields, which make it another packet.
  for (std::size_t at : {15, 18, 19, 22, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33}) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes wrong = frame;
      wrong[at] ^= std::byte(1 << bit);
      EXPECT_EQ(Status(wrong), kIpcs | kIpe) << at << ' ' << bit;
    }
  }
}

TEST_F(ReceiveOffload, AnyWrongByteOfTheL4PacketIsAnError) {
  for (std::uint32_t protocol : {kTcp, kUdp, kSctp}) {
    const std::uint32_t checked = kL4cs | (protocol == kUdp ? kUdpcs : 0);
    const Bytes v4 = Ipv4Frame(protocol, L4Packet(protocol, 21));
    for (std::size_t at = 34; at < 34 + L4Packet(protocol, 21).size(); ++at) {
      if (protocol == kUdp && (at == 38 || at == 39)) continue;  // the length
      Bytes wrong = v4;
      wrong[at] ^= std::byte{0x10};
      EXPECT_EQ(Status(wrong), kIpcs | checked | kL4e) << protocol << ' ' << at;
    }
    Bytes v6 = Ipv6Frame(protocol, L4Packet(protocol, 21));
    v6.back() ^= std::byte{1};
    EXPECT_EQ(Status(v6), checked | kL4e) << protocol;
  }
}

TEST_F(ReceiveOffload, ThePseudoHeaderCounts) {
  Bytes frame = Ipv6Frame(kTcp, L4Packet(kTcp, 10));
  frame[22] ^= std::byte{1};  // the source address
  EXPECT_EQ(Status(frame), kL4cs | kL4e);
  Bytes other = Ipv4Frame(kUdp, L4Packet(kUdp, 30));
  other[23] = std::byte{kTcp};
  EXPECT_EQ(Status(other), kIpcs | kIpe | kL4cs | kL4e);
}

TEST_F(ReceiveOffload, FramesWithErrorsAreCounted) {
  constexpr std::uint32_t kXec = 0x04120;
  Bytes frame = Ipv4Frame(kTcp, L4Packet(kTcp, 30));
  Status(frame);
  EXPECT_EQ(rig_.Read(kXec), 0u);
  frame.back() ^= std::byte{1};
  Status(frame);
  frame[26] ^= std::byte{1};
  EXPECT_EQ(Status(frame), kIpcs | kIpe | kL4cs | kL4e);
  EXPECT_EQ(rig_.Read(kXec), 2u) << "frames, not checksums";
  EXPECT_EQ(rig_.Read(kGprc), 3u) << "they are good to the MAC";
  EXPECT_EQ(rig_.Read(kXec), 0u);
}

TEST_F(ReceiveOffload, UdpWithoutChecksum) {
  Bytes v4 = Ipv4Frame(kUdp, L4Packet(kUdp, 30), {.seal = false});
  EXPECT_EQ(Status(v4), kIpcs) << "RFC 768: none was computed";
  Bytes v6 = Ipv6Frame(kUdp, L4Packet(kUdp, 30));
  Put16(v6, 14 + 40 + 6, 0);
  EXPECT_EQ(Status(v6), kL4cs | kUdpcs | kL4e) << "RFC 8200, 8.1: must have one";
}

TEST_F(ReceiveOffload, OptionsOfIpv4AreInItsChecksum) {
  const Bytes frame = Ipv4Frame(kTcp, L4Packet(kTcp, 10), {.options = 8});
  const std::uint32_t index = Deliver(frame);
  EXPECT_EQ(ring_.word(index, 0), 0x13u << 4) << "IPv4 with options, TCP";
  EXPECT_EQ(ring_.word(index, 1) & 0xFFFFFFFF, kDone | kEop | kIpcs | kL4cs);
  Bytes wrong = frame;
  wrong[36] ^= std::byte{4};
  EXPECT_EQ(Status(wrong), kIpcs | kL4cs | kIpe);
}

TEST_F(ReceiveOffload, ExtensionsOfIpv6) {
  const auto frame = [](std::uint32_t next, unsigned length, std::size_t bytes) {
    Bytes extension(bytes);
    extension[0] = std::byte{kTcp};
    extension[1] = std::byte(length);
    return Ipv6Frame(kTcp, L4Packet(kTcp, 10), next, extension);
  };
  EXPECT_EQ(Status(frame(0, 0, 8)), kL4cs) << "hop-by-hop";
  EXPECT_EQ(Status(frame(60, 2, 24)), kL4cs) << "destination options";
  EXPECT_EQ(Status(frame(43, 0, 8)), kL4cs) << "routing, nowhere";
  EXPECT_EQ(Status(frame(43, 2, 24)), 0u) << "routing: the checksum has another address";
  EXPECT_EQ(Status(frame(44, 0, 8)), 0u) << "a fragment";
  EXPECT_EQ(Status(frame(135, 0, 8)), 0u) << "mobility: not looked through";
}

TEST_F(ReceiveOffload, FragmentsAndOthersHaveNoL4Checksum) {
  EXPECT_EQ(Status(Ipv4Frame(kUdp, L4Packet(kUdp, 40), {.fragment = 0x2000})), kIpcs) << "first";
  EXPECT_EQ(Status(Ipv4Frame(kUdp, L4Packet(kUdp, 40), {.fragment = 0x0010})), kIpcs) << "last";
  EXPECT_EQ(Status(Ipv4Frame(kUdp, L4Packet(kUdp, 40), {.fragment = 0x4000})),
            kIpcs | kL4cs | kUdpcs)
      << "don't fragment";
  EXPECT_EQ(Status(Ipv4Frame(47, Bytes(40), {.seal = false})), kIpcs) << "GRE";
  EXPECT_EQ(Status(MakeFrame(60, kOwn, 0x0806)), 0u) << "ARP";
}

TEST_F(ReceiveOffload, LengthsThatLieAreNotChecked) {
  Bytes cut_off = Ipv4Frame(kTcp, L4Packet(kTcp, 100));
  cut_off.resize(100);
  EXPECT_EQ(Status(cut_off), kIpcs);
  Bytes udp = Ipv4Frame(kUdp, L4Packet(kUdp, 30));
  Put16(udp, 38, 39);
  EXPECT_EQ(Status(udp), kIpcs) << "longer than the datagram";
  Put16(udp, 38, 7);
  EXPECT_EQ(Status(udp), kIpcs) << "shorter than its header";
  Bytes header = Ipv4Frame(1, L4Packet(kUdp, 10), {.seal = false});
  header[14] = std::byte{0x4F};
  header.resize(60);
  EXPECT_EQ(Status(header), 0u) << "60 bytes of header in 46";
  Bytes v6 = Ipv6Frame(kTcp, L4Packet(kTcp, 100));
  Put16(v6, 18, 0xFFFF);
  EXPECT_EQ(Status(v6), 0u);
  Put16(v6, 18, 0);
  EXPECT_EQ(Status(v6), 0u);
}

TEST_F(ReceiveOffload, TheHashOrTheSumOfFragments) {
  // Neither, after a reset.
  const Bytes first = Ipv4Frame(kUdp, L4Packet(kUdp, 41), {.fragment = 0x2000});
  EXPECT_EQ(ring_.word(Deliver(first), 0), 1u << 4);
  rig_.Write(kMrqc, 0x00330001);
  rig_.Write(kRssrk, 0x12345678);
  EXPECT_EQ(ring_.word(Deliver(first), 0), 1u << 4) << "PCSD is not set";

  rig_.Write(kRxcsum, 1u << 12);  // IPPCSE
  const std::uint64_t sum =
      OnesComplementSum({first.begin() + 34, first.begin() + 34 + 49});  // without padding
  std::uint32_t index = Deliver(first);
  EXPECT_EQ(ring_.word(index, 0), sum << 48 | 0xBEEFull << 32 | 1u << 4);
  EXPECT_EQ(ring_.word(index, 1) & ~3u & 0xFFFFFFFF, kIpcs | kUdpcs | kUdpv);
  index = Deliver(Ipv4Frame(kUdp, L4Packet(kUdp, 40), {.fragment = 0x10, .seal = false}));
  EXPECT_EQ(ring_.word(index, 1) & ~3u & 0xFFFFFFFF, kIpcs | kUdpcs);
  index = Deliver(Ipv4Frame(kTcp, L4Packet(kTcp, 40)));
  EXPECT_EQ(ring_.word(index, 0), 0xBEEFull << 32 | 0x11u << 4) << "no fragment: no sum";
  index = Deliver(Ipv6Frame(kTcp, L4Packet(kTcp, 40)));
  EXPECT_EQ(ring_.word(index, 0), 0x14u << 4);

  rig_.Write(kRxcsum, 3u << 12);  // and PCSD
  EXPECT_NE(ring_.word(Deliver(first), 0) >> 32, 0u);
  EXPECT_EQ(ring_.word(Deliver(first), 0) & 0xF, 2u) << "IPv4 hash";
}

TEST_F(ReceiveOffload, ATagGoesIntoTheDescriptorWhereTheQueueStripsIt) {
  const Bytes plain = Ipv4Frame(kUdp, L4Packet(kUdp, 100));
  const Bytes tagged = Tagged(plain, 0xB123);
  std::uint32_t index = Deliver(tagged);
  EXPECT_EQ(Delivered(index), tagged);
  EXPECT_EQ(ring_.word(index, 1) >> 48, 0u);
  EXPECT_EQ(ring_.word(index, 1) & 0xFFFF, kDone | kEop | kIpcs | kL4cs | kUdpcs);
  rig_.Write(kRxdctl, kEnable | kVme);
  index = Deliver(tagged);
  EXPECT_EQ(Delivered(index), plain);
  EXPECT_EQ(ring_.word(index, 1) >> 48, 0xB123u) << "priority 5, CFI, VLAN 0x123";
  EXPECT_EQ(ring_.word(index, 1) & 0xFFFF, kDone | kEop | kVp | kIpcs | kL4cs | kUdpcs);
  index = Deliver(plain);
  EXPECT_EQ(Delivered(index), plain);
  EXPECT_EQ(ring_.word(index, 1) >> 48, 0u);
  EXPECT_EQ(ring_.word(index, 1) & kVp, 0u);
  index = Deliver(Tagged(MakeFrame(56, kOwn), 7));
  EXPECT_EQ(Delivered(index), MakeFrame(56, kOwn)) << "shorter than a frame on a wire";
}

TEST_F(ReceiveOffload, OnlyTheOuterTagAndOnlyOfVet) {
  rig_.Write(kRxdctl, kEnable | kVme);
  const Bytes inner = Tagged(MakeFrame(60, kOwn), 3);
  std::uint32_t index = Deliver(Tagged(inner, 4));
  EXPECT_EQ(Delivered(index), inner);
  EXPECT_EQ(ring_.word(index, 1) >> 48, 4u);
  rig_.Write(kVlnctrl, 0x88A8);
  index = Deliver(inner);
  EXPECT_EQ(Delivered(index), inner) << "0x8100 is nothing special now";
  index = Deliver(Tagged(inner, 5, 0x88A8));
  EXPECT_EQ(Delivered(index), inner);
  EXPECT_EQ(ring_.word(index, 1) >> 48, 5u);
}

TEST_F(ReceiveOffload, StrippingIsByQueue) {
  TestRing other(rig_.host, 8);
  rig_.StartRx(other, 7, 1);
  rig_.Write(kRxdctl, kEnable | kVme);
  rig_.Write(kReta, 0x01010101);
  for (std::uint32_t entry = 1; entry < 32; ++entry) rig_.Write(kReta + 4 * entry, 0x01010101);
  rig_.Write(kMrqc, 0x00330001);
  rig_.Send(Tagged(Ipv4Frame(kUdp, L4Packet(kUdp, 100)), 9));
  EXPECT_EQ(other.word(0, 1) & kVp, 0u) << "RSS led it to queue 1";
  EXPECT_EQ(other.word(0, 1) >> 32, 14u + 4 + 20 + 8 + 100);
  const std::uint32_t index = Deliver(Tagged(MakeFrame(60, kOwn), 9));
  EXPECT_EQ(ring_.word(index, 1) & kVp, kVp) << "queue 0: not hashed";
}

TEST_F(ReceiveOffload, TheCrcStaysBehindAStrippedTag) {
  rig_.Write(kRxdctl, kEnable | kVme);
  rig_.Clear(kHlreg0, 1u << 1);
  const Bytes plain = MakeFrame(60, kOwn);
  const std::uint32_t index = Deliver(Tagged(plain, 2));
  Bytes delivered = Delivered(index);
  ASSERT_EQ(delivered.size(), 64u);
  delivered.resize(60);
  EXPECT_EQ(delivered, plain);
}

TEST_F(ReceiveOffload, StatisticsOfStrippedTags) {
  rig_.Write(kRxdctl, kEnable | kVme);
  Deliver(Tagged(MakeFrame(60, kOwn), 2));
  EXPECT_EQ(rig_.Read(kPrc64), 0u);
  EXPECT_EQ(rig_.Read(kPrc64 + 4), 1u) << "68 bytes on the wire";
  EXPECT_EQ(rig_.ReadPair(kGorcl), 64u) << "the MAC counts the tag";
  EXPECT_EQ(rig_.ReadPair(kTorl), 68u);
  EXPECT_EQ(rig_.Read(kQprc), 1u);
  EXPECT_EQ(rig_.ReadPair(kQbrcL), 60u) << "the queue counts what it wrote";
}

TEST_F(ReceiveOffload, WhatIsFoundIsInTheLastDescriptorOnly) {
  rig_.Write(kRxcsum, 1u << 13);
  rig_.Write(kMrqc, 0x00330001);
  rig_.Write(kSrrctl, 0x12000001);  // 1 KiB
  rig_.Write(kRxdctl, kEnable | kVme);
  const Bytes plain = Ipv4Frame(kTcp, L4Packet(kTcp, 1400));
  rig_.Send(Tagged(plain, 0x77));
  EXPECT_EQ(ring_.word(0, 0), 0u);
  EXPECT_EQ(ring_.word(0, 1), 1024ull << 32 | kDone);
  EXPECT_EQ(ring_.word(1, 0) & 0xFFFF, 0x111u) << "TCP over IPv4 and its hash";
  EXPECT_EQ(ring_.word(1, 1),
            0x77ull << 48 | (plain.size() - 1024) << 32 | kDone | kEop | kVp | kIpcs | kL4cs);
  EXPECT_EQ(Join(Delivered(0), Delivered(1)), plain);
}

TEST_F(ReceiveOffload, AFrameThatWaitedKeepsWhatWasFound) {
  rig_.Write(kSrrctl, 0x02000002);  // no DROP_EN
  rig_.Write(kRxdctl, kEnable | kVme);
  rig_.Write(kRdt, 0);  // no descriptors
  const Bytes plain = Ipv4Frame(kTcp, L4Packet(kTcp, 100));
  rig_.Send(Tagged(plain, 0x345));
  EXPECT_EQ(rig_.Read(kRdh), 0u);
  rig_.Write(kRdt, 5);
  EXPECT_EQ(rig_.Read(kRdh), 1u);
  EXPECT_EQ(Delivered(0), plain);
  EXPECT_EQ(ring_.word(0, 1) >> 48, 0x345u);
  EXPECT_EQ(ring_.word(0, 1) & 0xFFFFFFFF, kDone | kEop | kVp | kIpcs | kL4cs);
}

// Legacy descriptors (7.1.5) leave the address alone; length, status and errors are elsewhere.
class LegacyDescriptors : public ReceiveOffload {
 protected:
  void SetUp() override {
    ReceiveOffload::SetUp();
    rig_.Write(kSrrctl, 0x10000002);  // DESCTYPE 0, 2 KiB, DROP_EN
  }
};

TEST_F(LegacyDescriptors, LengthStatusErrorsAndTag) {
  rig_.Write(kRxdctl, kEnable | kVme);
  Bytes frame = Ipv4Frame(kUdp, L4Packet(kUdp, 100));
  std::uint32_t index = Deliver(Tagged(frame, 0xE001));
  EXPECT_EQ(ring_.word(index, 0), ring_.buffer_iova(index));
  constexpr std::uint64_t kGood = kDone | kEop | kIpcs | kL4cs | kUdpcs;
  EXPECT_EQ(ring_.word(index, 1), 0xE001ull << 48 | (kGood | kVp) << 32 | frame.size());
  EXPECT_TRUE(std::ranges::equal(ring_.buffer(index).first(frame.size()), frame));
  frame.back() ^= std::byte{1};
  index = Deliver(frame);
  EXPECT_EQ(ring_.word(index, 1), 0x40ull << 40 | kGood << 32 | frame.size()) << "TCPE";
  frame.back() ^= std::byte{1};
  frame[22] ^= std::byte{1};
  index = Deliver(frame);
  EXPECT_EQ(ring_.word(index, 1), 0x80ull << 40 | kGood << 32 | frame.size()) << "IPE";
  index = Deliver(MakeFrame(60));
  EXPECT_EQ(ring_.word(index, 1), 0x83ull << 32 | 60) << "broadcast: PIF";
}

TEST_F(LegacyDescriptors, SeveralForAFrame) {
  rig_.Write(kSrrctl, 0x10000001);
  const Bytes frame = Ipv4Frame(kTcp, L4Packet(kTcp, 1400));
  rig_.Send(frame);
  EXPECT_EQ(ring_.word(0, 1), std::uint64_t{kDone} << 32 | 1024);
  EXPECT_EQ(ring_.word(1, 1),
            std::uint64_t{kDone | kEop | kIpcs | kL4cs} << 32 | (frame.size() - 1024));
}

TEST_F(LegacyDescriptors, TheSumOfAFragment) {
  rig_.Write(kRxcsum, 1u << 12);
  const Bytes frame = Ipv4Frame(kUdp, L4Packet(kUdp, 40), {.fragment = 0x2000});
  const std::uint32_t index = Deliver(frame);
  EXPECT_EQ(ring_.word(index, 1) >> 16 & 0xFFFF,
            OnesComplementSum({frame.begin() + 34, frame.begin() + 34 + 48}));
}

TEST_F(ReceiveOffload, WhatIsNotModelledIsLoggedOnce) {
  rig_.Write(kRscctl, 1);
  rig_.Write(kRscctl + 0x40, 1);
  EXPECT_EQ(rig_.host.log().size(), 1u);
  EXPECT_EQ(Status(Ipv4Frame(kTcp, L4Packet(kTcp, 10))), kIpcs | kL4cs) << "one by one";
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
