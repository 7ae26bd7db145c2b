#include <gtest/gtest.h>

#include "emulator/wire/fcs.h"
#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::string_view kOwn = "02:1b:21:00:00:00", kOther = "02:1b:21:00:00:99",
                           kMulticast = "01:00:5e:01:02:03", kBroadcast = "ff:ff:ff:ff:ff:ff";

class Filters : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartRx(ring_, 511);
    rig_.Set(kRdrxctl, 2);
    rig_.Write(kRxctrl, 1);
  }
  bool Passes(std::string_view destination) { return Passes(MakeFrame(60, destination)); }
  bool Passes(const Bytes& frame, std::optional<std::uint32_t> fcs = std::nullopt) {
    const std::uint32_t before = rig_.Read(kRdh);
    rig_.Send(frame, fcs);
    return rig_.Read(kRdh) == before + 1;
  }

  Rig rig_;
  TestRing ring_{rig_.host, 512};
};

TEST_F(Filters, AfterResetOnlyTheOwnAddressPasses) {
  EXPECT_TRUE(Passes(kOwn));
  EXPECT_FALSE(Passes(kOther));
  EXPECT_FALSE(Passes(kMulticast));
  EXPECT_FALSE(Passes(kBroadcast));
}

TEST_F(Filters, ReceiveAddressesCountWhileValid) {
  rig_.Write(kRal + 8 * 127, 0x00211B02);
  rig_.Write(kRah + 8 * 127, 0x00009900);
  EXPECT_FALSE(Passes(kOther)) << "AV is not set";
  rig_.Write(kRah + 8 * 127, 0x80009900);
  EXPECT_TRUE(Passes(kOther));
  EXPECT_TRUE(Passes(kOwn));
  rig_.Write(kRah, 0);
  EXPECT_FALSE(Passes(kOwn));
}

TEST_F(Filters, BroadcastByBam) {
  rig_.Write(kFctrl, 1u << 10);
  EXPECT_TRUE(Passes(kBroadcast));
  EXPECT_FALSE(Passes(kMulticast));
}

TEST_F(Filters, PromiscuousUnicastAndMulticastAreSwitchedLive) {
  rig_.Write(kFctrl, 1u << 9);  // UPE
  EXPECT_TRUE(Passes(kOther));
  EXPECT_FALSE(Passes(kMulticast));
  rig_.Write(kFctrl, 1u << 8);  // MPE
  EXPECT_FALSE(Passes(kOther));
  EXPECT_TRUE(Passes(kMulticast));
  EXPECT_TRUE(Passes(kBroadcast));
  rig_.Write(kFctrl, 0);
  EXPECT_FALSE(Passes(kMulticast));
}

TEST_F(Filters, MulticastByItsHash) {
  // MO = 0: bits 47:36 of 03:02:01:5e:00:01 (last byte highest) are 0x030.
  rig_.Write(kMta + 4 * (0x030 / 32), 1u << (0x030 % 32));
  EXPECT_FALSE(Passes(kMulticast)) << "MFE is not set";
  rig_.Write(kMcstctrl, 1u << 2);
  EXPECT_TRUE(Passes(kMulticast));
  EXPECT_FALSE(Passes("01:00:5e:01:12:03"));
  rig_.Write(kMcstctrl, 1u << 2 | 3);  // MO = 3: bits 43:32, 0x302
  EXPECT_FALSE(Passes(kMulticast));
  rig_.Write(kMta + 4 * (0x302 / 32), 1u << (0x302 % 32));
  EXPECT_TRUE(Passes(kMulticast));
}

TEST_F(Filters, VlanOnlyWithVfe) {
  Bytes tagged = MakeFrame(60, kOwn, 0x8100);
  tagged[14] = std::byte{0xA1};  // priority 5, VLAN 0x123
  tagged[15] = std::byte{0x23};
  EXPECT_TRUE(Passes(tagged));
  rig_.Set(kVlnctrl, 1u << 30);
  EXPECT_FALSE(Passes(tagged));
  EXPECT_TRUE(Passes(kOwn)) << "untagged";
  rig_.Write(kVfta + 4 * (0x123 / 32), 1u << (0x123 % 32));
  EXPECT_TRUE(Passes(tagged));
}

TEST_F(Filters, WithCfienTheCfiHasToAgree) {
  Bytes without = MakeFrame(60, kOwn, 0x8100);
  without[14] = std::byte{0xA1};
  without[15] = std::byte{0x23};
  Bytes with = without;
  with[14] = std::byte{0xB1};
  rig_.Write(kVfta + 4 * (0x123 / 32), 1u << (0x123 % 32));
  rig_.Set(kVlnctrl, 1u << 30);
  EXPECT_TRUE(Passes(with) && Passes(without));
  rig_.Set(kVlnctrl, 1u << 29);
  EXPECT_FALSE(Passes(with));
  EXPECT_TRUE(Passes(without));
  rig_.Set(kVlnctrl, 1u << 28);
  EXPECT_TRUE(Passes(with));
  EXPECT_FALSE(Passes(without));
}

TEST_F(Filters, TooShortAndTooLong) {
  EXPECT_FALSE(Passes(MakeFrame(59, kOwn)));
  EXPECT_TRUE(Passes(MakeFrame(60, kOwn)));
  EXPECT_TRUE(Passes(MakeFrame(1514, kOwn)));
  EXPECT_FALSE(Passes(MakeFrame(1515, kOwn)));
  EXPECT_TRUE(Passes(MakeFrame(1518, kOwn, 0x8100))) << "a VLAN tag more";
  EXPECT_FALSE(Passes(MakeFrame(1519, kOwn, 0x8100)));
  EXPECT_FALSE(Passes(MakeFrame(3, kOwn)));
  EXPECT_FALSE(Passes(Bytes{}));
  EXPECT_EQ(rig_.Read(kRuc), 3u);
  EXPECT_EQ(rig_.Read(kRoc), 2u);
  EXPECT_EQ(rig_.Read(kGprc), 3u);
  EXPECT_EQ(rig_.Read(kTpr), 8u) << "of any length";
}

TEST_F(Filters, JumboFramesUpToMaxfrs) {
  rig_.Set(kHlreg0, 1u << 2);
  rig_.Write(kMaxfrs, 2000u << 16);
  EXPECT_TRUE(Passes(MakeFrame(1996, kOwn)));
  EXPECT_FALSE(Passes(MakeFrame(1997, kOwn)));
}

TEST_F(Filters, WrongCrcIsCountedAndDropped) {
  const Bytes frame = MakeFrame(60, kOwn);
  const std::uint32_t right = FrameCheckSequence(frame);
  EXPECT_TRUE(Passes(frame, right));
  EXPECT_FALSE(Passes(frame, right ^ 1));
  EXPECT_FALSE(Passes(MakeFrame(40, kOwn), 0x12345678));
  EXPECT_FALSE(Passes(MakeFrame(1600, kOwn), 0x12345678));
  EXPECT_EQ(rig_.Read(kCrcerrs), 1u);
  EXPECT_EQ(rig_.Read(kRfc), 1u) << "short and damaged";
  EXPECT_EQ(rig_.Read(kRjc), 1u) << "long and damaged";
  EXPECT_EQ(rig_.Read(kRuc) + rig_.Read(kRoc), 0u);
  EXPECT_EQ(rig_.Read(kGprc), 1u);
}

TEST_F(Filters, BadFramesAreStoredWithSbpAndMarked) {
  rig_.Set(kFctrl, 1u << 1);
  const Bytes frame = MakeFrame(60, kOwn);
  EXPECT_TRUE(Passes(frame, FrameCheckSequence(frame) ^ 1));
  EXPECT_EQ(ring_.word(0, 1) >> 20 & 0xFFF, 1u << 9) << "RXE";
  EXPECT_FALSE(Passes(MakeFrame(60, kOther), 0u)) << "they pass the same filters";
  EXPECT_FALSE(Passes(MakeFrame(5, kOwn), 0u)) << "shorter than a header";
  EXPECT_EQ(rig_.Read(kCrcerrs), 2u);
  EXPECT_EQ(rig_.Read(kGprc), 0u);
}

TEST_F(Filters, DroppedWhileRxenIsOff) {
  rig_.Write(kRxctrl, 0);
  EXPECT_FALSE(Passes(kOwn));
  rig_.Write(kRxctrl, 1);
  EXPECT_TRUE(Passes(kOwn));
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
