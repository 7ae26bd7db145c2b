// MAC loopback (HLREG0.LPBK), as `ethtool -t` uses it: ixgbe_setup_loopback_test and
// ixgbe_run_loopback_test of Linux, step by step.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kLpbk = 1u << 15;                                 // HLREG0
constexpr std::uint32_t kSbp = 1u << 1, kMpe = 1u << 8, kBam = 1u << 10;  // FCTRL
constexpr std::uint32_t kFlu = 1u << 0;                                   // AUTOC

class Loopback : public testing::Test {
 protected:
  void SetUpLoopback(std::uint32_t autoc = 0xC09C6004) {
    rig_.Set(kHlreg0, kLpbk);
    rig_.Set(kFctrl, kBam | kSbp | kMpe);
    rig_.Write(kAutoc, autoc | kFlu);
    rig_.host.Sleep(milliseconds(10));
  }
  /// Linux's test frame: no address that anybody has, no EtherType.
  static Bytes TestFrame(std::size_t size) {
    Bytes frame(size, std::byte{0xFF});
    std::fill_n(frame.begin() + size / 2, size / 4 - 1, std::byte{0xAA});
    frame[size / 2 + 10] = std::byte{0xBE};
    frame[size / 2 + 12] = std::byte{0xAF};
    return frame;
  }

  Rig rig_;
  TestRing tx_{rig_.host, 128};
  TestRing rx_{rig_.host, 128};
};

TEST_F(Loopback, FramesComeBackAndDoNotReachTheWire) {
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.StartTx(tx_);
  rig_.StartReceiver();
  rig_.StartRx(rx_, 127);
  SetUpLoopback();
  const Bytes frame = TestFrame(1024);
  std::uint32_t next = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 64; ++i, next = (next + 1) % 128) {
      rig_.PutTx(tx_, next, frame);
      rig_.Write(kTdt, (next + 1) % 128);
    }
    for (std::uint32_t i = 0; i < 64; ++i) {
      const std::uint32_t at = (next + 64 + i) % 128;
      EXPECT_NE(tx_.word(at, 1) & kTxDone, 0u) << at;
      ASSERT_EQ(rx_.word(at, 1) >> 32 & 0xFFFF, 1024u) << at;
      EXPECT_TRUE(std::ranges::equal(rx_.buffer(at).first(1024), frame));
      rx_.word(at, 0) = rx_.buffer_iova(at);
      rx_.word(at, 1) = 0;
    }
    rig_.Write(kRdt, (next + 127) % 128);
  }
  EXPECT_TRUE(rig_.partner.frames.empty());
  EXPECT_EQ(rig_.wire.counters(0).frames, 0u);
  EXPECT_EQ(rig_.Read(kGptc), 320u);
  EXPECT_EQ(rig_.Read(kGprc), 320u);
  EXPECT_EQ(rig_.Read(kQprc), 320u);
}

TEST_F(Loopback, NeedsNoPartner) {
  rig_.host.Inject([&] { rig_.wire.SetPlugged(false); });
  rig_.Reset();
  EXPECT_FALSE(rig_.WaitForLink());
  rig_.StartTx(tx_);
  rig_.StartReceiver();
  rig_.StartRx(rx_, 7);
  SetUpLoopback();
  EXPECT_NE(rig_.Read(kLinks) & kLinkUp, 0u) << "AUTOC.FLU";
  rig_.PutTx(tx_, 0, TestFrame(60));
  rig_.Write(kTdt, 1);
  EXPECT_EQ(rx_.word(0, 1) >> 32 & 0xFFFF, 60u);
}

TEST_F(Loopback, WithoutALinkNothingIsSent) {
  rig_.host.Inject([&] { rig_.wire.SetPlugged(false); });
  rig_.Reset();
  rig_.StartTx(tx_);
  rig_.StartReceiver();
  rig_.StartRx(rx_, 7);
  rig_.Set(kHlreg0, kLpbk);
  rig_.PutTx(tx_, 0, MakeFrame(60));
  rig_.Write(kTdt, 1);
  EXPECT_EQ(tx_.word(0, 1) & kTxDone, 0u);
  rig_.Set(kAutoc, kFlu);
  EXPECT_EQ(rx_.word(0, 1) >> 32 & 0xFFFF, 60u);
}

// DPDK, ixgbe_setup_loopback_link_82599: LMS "10G link, no autoneg".
TEST_F(Loopback, WorksInDpdksLinkMode) {
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.StartTx(tx_);
  rig_.StartReceiver();
  rig_.StartRx(rx_, 7);
  SetUpLoopback(1u << 13);
  rig_.host.Sleep(milliseconds(100));
  rig_.PutTx(tx_, 0, MakeFrame(60));
  rig_.Write(kTdt, 1);
  EXPECT_EQ(rx_.word(0, 1) >> 32 & 0xFFFF, 60u);
  EXPECT_TRUE(rig_.host.log().empty()) << "a forced link needs no mode";
}

TEST_F(Loopback, TheReceiverIsDeafToTheWireMeanwhile) {
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.StartReceiver();
  rig_.StartRx(rx_, 7);
  SetUpLoopback();
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rx_.word(0, 1), 0u);
  EXPECT_EQ(rig_.Read(kTpr), 0u);
  rig_.Clear(kAutoc, kFlu);
  rig_.Clear(kHlreg0, kLpbk);
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.Send(MakeFrame(60));
  EXPECT_NE(rx_.word(0, 1), 0u);
}

TEST_F(Loopback, EndsWithAReset) {
  ASSERT_TRUE(rig_.WaitForLink());
  SetUpLoopback();
  rig_.Reset();
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.StartTx(tx_);
  rig_.PutTx(tx_, 0, MakeFrame(60));
  rig_.Write(kTdt, 1);
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
}

TEST_F(Loopback, FilteredLikeFramesFromTheWire) {
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.StartTx(tx_);
  rig_.StartReceiver();
  rig_.StartRx(rx_, 7);
  SetUpLoopback();
  rig_.PutTx(tx_, 0, MakeFrame(60, "02:1b:21:00:00:77"));
  rig_.PutTx(tx_, 1, MakeFrame(70, "02:1b:21:00:00:00"));
  rig_.Write(kTdt, 2);
  EXPECT_EQ(rx_.word(0, 1) >> 32 & 0xFFFF, 70u);
  EXPECT_EQ(rx_.word(1, 1), 0u);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
