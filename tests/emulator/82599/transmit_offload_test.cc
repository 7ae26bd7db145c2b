// Checksums, VLAN tags, contexts and legacy descriptors (datasheet 7.2.2, 7.2.3.2, 7.2.5).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "tests/emulator/82599/tx_driver.h"

namespace ixylab::emulator::intel82599 {
namespace {

using Driver = TxDriver;

class TransmitOffload : public testing::Test {
 protected:
  TransmitOffload() {
    EXPECT_TRUE(rig_.WaitForLink());
    driver_.emplace(rig_, ring_);
  }
  Driver& driver() { return *driver_; }
  std::vector<Bytes>& frames() { return rig_.partner.frames; }
  /// The one frame that `packet` with `command` became.
  Bytes Sent(std::span<const std::byte> packet, std::uint64_t command,
             std::vector<std::size_t> cuts = {}) {
    frames().clear();
    driver().Put(packet, command, std::move(cuts));
    driver().Go();
    EXPECT_EQ(frames().size(), 1u);
    return frames().size() == 1 ? frames()[0] : Bytes{};
  }
  /// Puts a packet that is not sent, twice, with a line in the log that has `reason`, and is
  /// reported; and then one that is.
  void ExpectRefused(std::span<const std::byte> packet, std::uint64_t command,
                     const std::string& reason) {
    frames().clear();
    const std::size_t lines = rig_.host.log().size();
    for (int i = 0; i < 2; ++i) {
      driver().Put(packet, command);
      driver().Go();
    }
    EXPECT_TRUE(frames().empty()) << reason;
    EXPECT_TRUE(driver().Done((driver().next() + ring_.size() - 1) % ring_.size())) << reason;
    ASSERT_EQ(rig_.host.log().size(), lines + 1) << reason;
    EXPECT_NE(LastLine().find(reason), std::string::npos) << LastLine();
    EXPECT_EQ(Sent(MakeFrame(77), 0), MakeFrame(77)) << reason;
  }
  std::string LastLine() { return testing::PrintToString(rig_.host.log().back()); }

  Rig rig_;
  TestRing ring_{rig_.host, 64};
  std::optional<Driver> driver_;
};

// The header is an often quoted example: its checksum is B861.
TEST_F(TransmitOffload, Ipv4HeaderChecksum) {
  const PacketShape shape{.protocol = Protocol::kUdp, .id = 0};
  const Bytes payload = MakePayload(0x73 - 28);
  Bytes packet = MakePacket(shape, payload);
  ASSERT_EQ(packet[24], std::byte{0xB8});
  ASSERT_EQ(packet[25], std::byte{0x61});
  const Bytes right = packet;
  packet[24] = packet[25] = std::byte{0};
  driver().PutContext(ContextOf(shape));
  EXPECT_EQ(Sent(packet, Driver::kIxsm), right);
}

TEST_F(TransmitOffload, EveryChecksumOfEveryShape) {
  for (const bool ipv6 : {false, true}) {
    for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp, Protocol::kSctp}) {
      for (const std::size_t ip_extra : {0, 8, 24}) {
        for (const std::size_t l4_extra : {0, 12}) {
          if (l4_extra != 0 && protocol != Protocol::kTcp) continue;
          const PacketShape shape{
              .ipv6 = ipv6, .protocol = protocol, .ip_extra = ip_extra, .l4_extra = l4_extra};
          driver().PutContext(ContextOf(shape));
          for (const std::size_t size : {0, 1, 2, 3, 4, 7, 8, 15, 64, 1001, 1400, 4000}) {
            SCOPED_TRACE(testing::Message() << ipv6 << ' ' << int(protocol) << ' ' << ip_extra
                                            << ' ' << l4_extra << ' ' << size);
            const Bytes payload = MakePayload(size);
            const std::uint64_t command = Driver::kTxsm | (ipv6 ? 0 : Driver::kIxsm);
            ASSERT_EQ(Sent(Unfinished(shape, payload), command),
                      PaddedTo60(MakePacket(shape, payload)));
          }
        }
      }
    }
  }
  EXPECT_TRUE(rig_.host.log().empty()) << LastLine();
}

TEST_F(TransmitOffload, OnlyWhatIsAskedFor) {
  const PacketShape shape{};
  const Bytes payload = MakePayload(100);
  const Bytes unfinished = Unfinished(shape, payload), whole = MakePacket(shape, payload);
  driver().PutContext(ContextOf(shape));
  Bytes only_ip = unfinished, only_l4 = unfinished;
  std::copy_n(&whole[24], 2, &only_ip[24]);
  std::copy_n(&whole[shape.l4_checksum_offset()], 2, &only_l4[shape.l4_checksum_offset()]);
  EXPECT_EQ(Sent(unfinished, 0), unfinished);
  EXPECT_EQ(Sent(unfinished, Driver::kIxsm), only_ip);
  EXPECT_EQ(Sent(unfinished, Driver::kTxsm), only_l4);
}

// Linux sends so what another layer has tunnelled: it leaves an adjustment in the field.
TEST_F(TransmitOffload, TheIpChecksumCountsWhatIsInItsPlace) {
  const PacketShape shape{};
  Bytes packet = MakePacket(shape, MakePayload(50));
  packet[24] = std::byte{0x12};
  packet[25] = std::byte{0x34};
  const std::uint16_t checksum = InternetChecksum(std::span(packet).subspan(14, 20));
  driver().PutContext(ContextOf(shape));
  const Bytes sent = Sent(packet, Driver::kIxsm);
  EXPECT_EQ(sent[24], std::byte(checksum >> 8));
  EXPECT_EQ(sent[25], std::byte(checksum & 0xFF));
}

TEST_F(TransmitOffload, Ipv6HasNoHeaderChecksum) {
  const PacketShape shape{.ipv6 = true};
  const Bytes packet = MakePacket(shape, MakePayload(50));
  driver().PutContext(ContextOf(shape));
  EXPECT_EQ(Sent(packet, Driver::kIxsm), packet);
}

TEST_F(TransmitOffload, AUdpChecksumOfZeroIsSentAsAllOnes) {
  for (const Protocol protocol : {Protocol::kUdp, Protocol::kTcp}) {
    const PacketShape shape{.protocol = protocol};
    // A payload of one word that brings the sum to FFFF: the checksum of the packet without it.
    const Bytes without = MakePacket(shape, Bytes(2));
    const std::size_t at = shape.l4_checksum_offset();
    const Bytes payload{without[at], without[at + 1]};
    driver().PutContext(ContextOf(shape));
    const Bytes sent = Sent(Unfinished(shape, payload), Driver::kTxsm | Driver::kIxsm);
    const std::byte expected{protocol == Protocol::kUdp ? std::uint8_t{0xFF} : std::uint8_t{0}};
    EXPECT_EQ(sent[at], expected);
    EXPECT_EQ(sent[at + 1], expected);
    EXPECT_EQ(sent, PaddedTo60(MakePacket(shape, payload)));
  }
}

TEST_F(TransmitOffload, SplitAtEveryByte) {
  const PacketShape shape{.l4_extra = 12};
  const Bytes payload = MakePayload(70);
  const Bytes packet = Unfinished(shape, payload);
  const Bytes expected = WithTag(MakePacket(shape, payload), 0xE123);
  ContextFields context = ContextOf(shape);
  context.tag = 0xE123;
  driver().PutContext(context);
  const std::uint64_t command = Driver::kTxsm | Driver::kIxsm | Driver::kVle;
  for (std::size_t cut = 1; cut < packet.size(); ++cut) {
    ASSERT_EQ(Sent(packet, command, {cut}), expected) << cut;
    if (cut == 1) continue;
    ASSERT_EQ(Sent(packet, command, {cut / 2, cut}), expected) << cut;
  }
  EXPECT_TRUE(rig_.host.log().empty()) << LastLine();
}

// DPDK's comment on its descriptors, and X550 datasheet 7.2.3.2.4: "all of the descriptor fields
// are valid only on the first descriptor of the packet, except for RS and EOP bits".
TEST_F(TransmitOffload, OnlyTheFirstDescriptorSaysWhatToDo) {
  const PacketShape shape{};
  const Bytes payload = MakePayload(100);
  const Bytes packet = Unfinished(shape, payload);
  driver().PutContext(ContextOf(shape));
  const std::uint64_t always = Driver::kDext | Driver::kData;
  driver().PutRaw(std::span(packet).first(60),
                  always | Driver::kIfcs | Driver::kTxsm | Driver::kIxsm | packet.size() << 46);
  driver().PutRaw(std::span(packet).subspan(60),
                  always | Driver::kVle | Driver::kTse | Driver::kEop | Driver::kRs);
  driver().Go();
  ASSERT_EQ(frames().size(), 1u);
  EXPECT_EQ(frames()[0], MakePacket(shape, payload));
  EXPECT_TRUE(rig_.host.log().empty()) << LastLine();
}

TEST_F(TransmitOffload, InsertsVlanTags) {
  // As Linux does for a frame that needs nothing else.
  driver().PutContext({.ip_length = 0, .l4 = 0, .tag = 0x6FFE});
  EXPECT_EQ(Sent(MakeFrame(100), Driver::kVle), WithTag(MakeFrame(100), 0x6FFE));
  EXPECT_EQ(Sent(MakeFrame(100), 0), MakeFrame(100)) << "not without VLE";
  EXPECT_EQ(Sent(MakeFrame(57), Driver::kVle), WithTag(MakeFrame(57), 0x6FFE)) << "61 bytes";
  EXPECT_EQ(Sent(MakeFrame(20), Driver::kVle), PaddedTo60(WithTag(MakeFrame(20), 0x6FFE)));
  const std::size_t longest = 15868;
  EXPECT_EQ(Sent(MakeFrame(longest), Driver::kVle), WithTag(MakeFrame(longest), 0x6FFE));
}

TEST_F(TransmitOffload, TheTagsTypeIsInDmatxctl) {
  rig_.Write(kDmatxctl, 0x88A80005);
  driver().PutContext({.ip_length = 0, .l4 = 0, .tag = 7});
  EXPECT_EQ(Sent(MakeFrame(100), Driver::kVle), WithTag(MakeFrame(100), 7, 0x88A8));
}

TEST_F(TransmitOffload, InDoubleVlanModeTheTagIsTheInnerOne) {
  rig_.Set(kDmatxctl, 1u << 3);  // GDV
  const Bytes tagged = WithTag(MakeFrame(100), 5, 0x88A8);
  driver().PutContext({.mac_length = 18, .ip_length = 0, .l4 = 0, .tag = 7});
  EXPECT_EQ(Sent(tagged, Driver::kVle), WithTag(tagged, 7, 0x8100, 16));
  ExpectRefused(MakeFrame(16), Driver::kVle, "MACLEN");
}

TEST_F(TransmitOffload, CountsTheTag) {
  driver().PutContext({.ip_length = 0, .l4 = 0, .tag = 1});
  Sent(MakeFrame(100), Driver::kVle);
  EXPECT_EQ(rig_.ReadPair(kGotcl), 108u);
  EXPECT_EQ(rig_.ReadPair(kQbtcL), 108u);
  EXPECT_EQ(rig_.Read(kGptc), 1u);
  EXPECT_EQ(rig_.Read(kQptc), 1u);
}

TEST_F(TransmitOffload, TwoContextsLastUntilTheQueueIsDisabled) {
  driver().PutContext({.ip_length = 0, .tag = 0x111, .index = 0});
  driver().PutContext({.ip_length = 0, .tag = 0x222, .index = 1});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Sent(MakeFrame(80), Driver::kVle), WithTag(MakeFrame(80), 0x111));
    EXPECT_EQ(Sent(MakeFrame(80), Driver::kVle | Driver::kIndex1), WithTag(MakeFrame(80), 0x222));
  }
  driver().PutContext({.ip_length = 0, .tag = 0x333, .index = 1});
  EXPECT_EQ(Sent(MakeFrame(80), Driver::kVle | Driver::kIndex1), WithTag(MakeFrame(80), 0x333));
  EXPECT_EQ(Sent(MakeFrame(80), Driver::kVle), WithTag(MakeFrame(80), 0x111));

  rig_.Write(kTxdctl, 0);
  ASSERT_TRUE(rig_.Until([&] { return (rig_.Read(kTxdctl) & kEnable) == 0; }));
  driver_.emplace(rig_, ring_);
  ExpectRefused(MakeFrame(80), Driver::kVle, "context");
}

TEST_F(TransmitOffload, ContextsBelongToTheirQueue) {
  driver().PutContext({.ip_length = 0, .tag = 0x111});
  driver().Go();
  TestRing other(rig_.host, 8);
  Driver second(rig_, other, 5);
  second.Put(MakeFrame(80), Driver::kVle);
  second.Go();
  EXPECT_TRUE(frames().empty());
  EXPECT_NE(LastLine().find("TX queue 5"), std::string::npos) << LastLine();
}

TEST_F(TransmitOffload, AContextIsNotReported) {
  driver().PutContext({.second = Driver::kRs});
  driver().Put(MakeFrame(80), 0);
  driver().Go();
  EXPECT_FALSE(driver().Done(0));
  EXPECT_TRUE(driver().Done(1));
  EXPECT_EQ(rig_.Read(kTdh), 2u);
}

TEST_F(TransmitOffload, LegacyDescriptors) {
  using Bits = Driver;
  const Bytes in_two = MakeFrame(83);
  driver().PutRaw(MakeFrame(80), Bits::kEop | Bits::kIfcs | Bits::kRs);
  driver().PutRaw(MakeFrame(81), Bits::kEop | Bits::kIfcs);
  driver().PutRaw(MakeFrame(82), Bits::kEop | Bits::kIfcs | Bits::kVle | 0xA123ull << 48);
  driver().PutRaw(std::span(in_two).first(40), Bits::kIfcs);
  driver().PutRaw(std::span(in_two).subspan(40), Bits::kEop | Bits::kRs);
  driver().Go();
  ASSERT_EQ(frames().size(), 4u);
  EXPECT_EQ(frames()[0], MakeFrame(80));
  EXPECT_EQ(frames()[1], MakeFrame(81));
  EXPECT_EQ(frames()[2], WithTag(MakeFrame(82), 0xA123));
  EXPECT_EQ(frames()[3], MakeFrame(83));
  EXPECT_TRUE(driver().Done(0));
  EXPECT_FALSE(driver().Done(1));
  EXPECT_TRUE(driver().Done(4));
  EXPECT_TRUE(rig_.host.log().empty()) << LastLine();
}

TEST_F(TransmitOffload, LegacyChecksum) {
  const PacketShape shape{};
  const Bytes payload = MakePayload(101);
  Bytes expected = MakePacket(shape, payload);
  expected[24] = expected[25] = std::byte{0};
  const Bytes packet = Unfinished(shape, payload);
  const std::uint64_t command =
      Driver::kEop | Driver::kIfcs | Driver::kRs | Driver::kInsertChecksum;
  driver().PutRaw(packet, command | shape.l4_checksum_offset() << 16 | shape.l4_offset() << 40);
  driver().PutRaw(packet, command | 200u << 16 | shape.l4_offset() << 40);  // CSO beyond the end
  driver().PutRaw(packet, command | 50u << 16 | 200ull << 40);              // CSS likewise
  driver().PutRaw(packet, command | (packet.size() - 1) << 16);             // half of the field
  driver().Go();
  ASSERT_EQ(frames().size(), 4u);
  EXPECT_EQ(frames()[0], expected);
  for (int i = 1; i < 4; ++i) EXPECT_EQ(frames()[i], packet) << "not done, 7.2.3.2.2";
}

TEST_F(TransmitOffload, WhatCannotBeDoneIsNotSent) {
  const PacketShape shape{};
  const Bytes packet = Unfinished(shape, MakePayload(100));
  const std::uint64_t both = Driver::kTxsm | Driver::kIxsm;
  ExpectRefused(packet, both, "context");
  driver().PutContext({.ip_length = 511});
  ExpectRefused(packet, both, "IPLEN");
}

TEST_F(TransmitOffload, AMacHeaderTooShort) {
  driver().PutContext({.mac_length = 13, .index = 1});
  ExpectRefused(Unfinished({}, MakePayload(100)), Driver::kIxsm | Driver::kIndex1, "MACLEN");
}

TEST_F(TransmitOffload, HeaderLengthsAgainstTheEndOfThePacket) {
  const Bytes packet = MakeFrame(70);
  driver().PutContext({.ip_length = 70 - 14 - 18});
  Sent(packet, Driver::kTxsm);  // the checksum is the last word
  driver().PutContext({.ip_length = 70 - 14 - 17});
  ExpectRefused(packet, Driver::kTxsm, "IPLEN");
}

TEST_F(TransmitOffload, ReservedL4Type) {
  driver().PutContext({.l4 = 3});
  EXPECT_EQ(Sent(MakeFrame(80), 0), MakeFrame(80));
  ExpectRefused(MakeFrame(80), Driver::kTxsm, "L4T");
}

TEST_F(TransmitOffload, FcoeAndIpsecAreNotModelled) {
  driver().PutContext({.second = 1u << 15});
  ExpectRefused(MakeFrame(80), Driver::kTxsm, "FCoE or IPsec");
}

TEST_F(TransmitOffload, IpsecIsNotSentInTheClear) {
  driver().PutContext({});
  ExpectRefused(MakeFrame(80), 1ull << 42, "FCoE or IPsec");
}

TEST_F(TransmitOffload, TimeStampsAreNotModelled) {
  EXPECT_EQ(Sent(MakeFrame(80), 1u << 19), MakeFrame(80));
  EXPECT_EQ(rig_.host.log().size(), 1u);
}

TEST_F(TransmitOffload, OffloadsNeedTheMacsCrc) {
  driver().PutContext({.tag = 1});
  rig_.Clear(kHlreg0, 1);  // TXCRCEN
  frames().clear();
  driver().Put(MakeFrame(80), Driver::kVle);
  driver().Go();
  EXPECT_TRUE(frames().empty());
  EXPECT_NE(LastLine().find("IFCS"), std::string::npos) << LastLine();
}

TEST_F(TransmitOffload, FortyDescriptorsAreTheMost) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < 40; ++i) cuts.push_back(2 * i);
  EXPECT_EQ(Sent(MakeFrame(100), 0, cuts), MakeFrame(100));
  cuts.push_back(80);
  frames().clear();
  driver().Put(MakeFrame(100), 0, cuts);
  driver().Go();
  EXPECT_TRUE(frames().empty());
  EXPECT_NE(LastLine().find("40"), std::string::npos) << LastLine();
  EXPECT_EQ(Sent(MakeFrame(90), 0), MakeFrame(90));
}

TEST_F(TransmitOffload, ADescriptorOfMoreThan16KiB) {
  driver().PutRaw({}, Driver::kDext | Driver::kData | Driver::kIfcs | Driver::kEop | Driver::kRs |
                          Driver::kTse | 16385);
  driver().Go();
  EXPECT_TRUE(frames().empty());
  EXPECT_TRUE(driver().Done(0));
  EXPECT_NE(LastLine().find("16 KiB"), std::string::npos) << LastLine();
}

TEST_F(TransmitOffload, LegacyAndAdvancedDescriptorsInOnePacket) {
  driver().PutRaw(MakeFrame(40), Driver::kDext | Driver::kData | Driver::kIfcs);
  driver().PutRaw(MakeFrame(40), Driver::kEop | Driver::kRs);
  driver().Go();
  EXPECT_TRUE(frames().empty());
  EXPECT_TRUE(driver().Done(1));
  EXPECT_NE(LastLine().find("legacy"), std::string::npos) << LastLine();
}

TEST_F(TransmitOffload, AQueueThatIsDisabledForgetsAPacketsBeginning) {
  driver().PutRaw(MakeFrame(40), Driver::kDext | Driver::kData | Driver::kIfcs);
  driver().Go();
  rig_.Write(kTxdctl, 0);
  ASSERT_TRUE(rig_.Until([&] { return (rig_.Read(kTxdctl) & kEnable) == 0; }));
  driver_.emplace(rig_, ring_);
  EXPECT_EQ(Sent(MakeFrame(80), 0), MakeFrame(80));
}

TEST_F(TransmitOffload, AnyDescriptors) {
  std::mt19937_64 random(20240229);
  std::uint64_t sent = 0;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 60; ++i) {
      const std::uint64_t bits = random();
      // Mostly well-formed: nothing else gets far.
      const std::uint64_t type = bits % 16 < 3 ? 2 : bits % 16 < 15 ? 3 : random() % 16;
      std::uint64_t second = random();
      second = (second & ~0x20F0'0000ull) | type << 20 | (bits % 64 != 0 ? Driver::kDext : 0);
      if (bits % 5 != 0) second |= Driver::kIfcs;
      const std::size_t length = bits % 7 == 0 ? random() % 20000 : random() % 2000;
      if (type == 3) second = (second & ~0xFFFFull) | length;
      driver().PutRaw({}, type == 3 ? second : second & ~0xFFFFull);
      const std::uint32_t last = (driver().next() + ring_.size() - 1) % ring_.size();
      if (type == 2) {
        ring_.word(last, 0) = bits % 3 == 0 ? random() : (20 + random() % 30) | 14 << 9;
        if (bits % 3 != 0) {
          const std::uint64_t mss_and_l4 = (random() % 3000) << 48 | (8 + random() % 40) << 40;
          ring_.word(last, 1) = (second & 0xFF'FF7F'1FFF) | mss_and_l4;
        }
      }
    }
    driver().Go();
    for (const Bytes& frame : frames()) {
      ASSERT_LE(frame.size(), 15868u + 4);
    }
    sent += frames().size();
    frames().clear();
    rig_.partner.fcs.clear();
  }
  EXPECT_GT(sent, 1000u) << "not all is refused";
  EXPECT_LT(rig_.host.log().size(), 40u) << "a line for each kind";

  driver().PutRaw({}, Driver::kDext | Driver::kData | Driver::kEop);  // ends what was begun
  EXPECT_EQ((driver().Go(), frames().clear(), Sent(MakeFrame(80), 0)), MakeFrame(80));
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
