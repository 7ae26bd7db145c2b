#include <gtest/gtest.h>

#include <algorithm>

#include "emulator/wire/fcs.h"
#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint64_t kEop = 1u << 24, kIfcs = 1u << 25, kRs = 1u << 27,
                        kAdvancedData = 1u << 29 | 3u << 20;

class Transmit : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartTx(ring_);
  }
  bool Done(std::uint32_t index) const { return (ring_.word(index, 1) & kTxDone) != 0; }
  const std::vector<Bytes>& frames() const { return rig_.partner.frames; }

  Rig rig_;
  TestRing ring_{rig_.host, 8};
};

TEST_F(Transmit, SendsTheFrameAndReportsIt) {
  const Bytes frame = MakeFrame(100);
  rig_.PutTx(ring_, 0, frame);
  rig_.Write(kTdt, 1);
  ASSERT_EQ(frames().size(), 1u);
  EXPECT_EQ(frames()[0], frame);
  EXPECT_FALSE(rig_.partner.fcs[0].has_value()) << "the right one";
  EXPECT_TRUE(Done(0));
  EXPECT_EQ(rig_.Read(kTdh), 1u);
}

TEST_F(Transmit, DoneOnlyWhereReportStatusIsSet) {
  for (std::uint32_t i = 0; i < 4; ++i) {
    rig_.PutTx(ring_, i, MakeFrame(60), kAdvancedData | kEop | kIfcs | (i == 2 ? kRs : 0));
  }
  rig_.Write(kTdt, 4);
  EXPECT_EQ(frames().size(), 4u);
  EXPECT_FALSE(Done(0));
  EXPECT_FALSE(Done(1));
  EXPECT_TRUE(Done(2));
  EXPECT_FALSE(Done(3));
}

TEST_F(Transmit, KeepsOrderAcrossTheEndOfTheRing) {
  for (std::uint32_t i = 0; i < 50; ++i) {
    rig_.PutTx(ring_, i % 8, MakeFrame(60 + i));
    rig_.Write(kTdt, (i + 1) % 8);
  }
  ASSERT_EQ(frames().size(), 50u);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(frames()[i], MakeFrame(60 + i)) << i;
}

TEST_F(Transmit, AWholeRingAtOnce) {
  TestRing large(rig_.host, 512);
  rig_.StartTx(large, 1);
  for (std::uint32_t i = 0; i < 511; ++i) rig_.PutTx(large, i, MakeFrame(60 + i));
  rig_.Write(kTdt + 0x40, 511);
  ASSERT_EQ(frames().size(), 511u);
  EXPECT_EQ(frames()[510], MakeFrame(570));
  EXPECT_EQ(rig_.Read(kTdh + 0x40), 511u);
}

TEST_F(Transmit, PadsShortFramesToSixtyBytes) {
  std::ranges::fill(ring_.buffer(0), std::byte{0xEE});
  const Bytes frame = MakeFrame(17);
  rig_.PutTx(ring_, 0, frame);
  rig_.Write(kTdt, 1);
  Bytes padded = frame;
  padded.resize(60);
  ASSERT_EQ(frames().size(), 1u);
  EXPECT_EQ(frames()[0], padded);
}

TEST_F(Transmit, DoesNotPadWithoutTxpaden) {
  rig_.Clear(kHlreg0, 1u << 10);
  rig_.PutTx(ring_, 0, MakeFrame(17));
  rig_.Write(kTdt, 1);
  ASSERT_EQ(frames().size(), 1u);
  EXPECT_EQ(frames()[0], MakeFrame(17));
  EXPECT_EQ(rig_.Read(kGptc), 0u) << "not a good packet";
  EXPECT_EQ(rig_.Read(kTpt), 1u);
}

TEST_F(Transmit, WithoutIfcsTheDriverBringsTheCrc) {
  Bytes frame = MakeFrame(60);
  const std::uint32_t right = FrameCheckSequence(frame);
  for (int i = 0; i < 4; ++i) frame.push_back(std::byte(right >> 8 * i));
  rig_.PutTx(ring_, 0, frame, kAdvancedData | kEop | kRs);
  rig_.Write(kTdt, 1);
  ASSERT_EQ(frames().size(), 1u);
  EXPECT_EQ(frames()[0], MakeFrame(60));
  EXPECT_EQ(rig_.partner.fcs[0], right);
}

TEST_F(Transmit, GathersAPacketFromSeveralDescriptors) {
  const Bytes frame = MakeFrame(300);
  const std::span bytes(frame);
  const std::uint64_t payload = 300ull << 46;
  for (std::uint32_t i = 0; i < 3; ++i) {
    rig_.PutTx(ring_, i, bytes.subspan(100 * i, 100), 0);
    ring_.word(i, 1) = kAdvancedData | kIfcs | kRs | (i == 2 ? kEop : 0) | 100 | payload;
  }
  rig_.Write(kTdt, 2);
  EXPECT_TRUE(frames().empty()) << "the last part is not there yet";
  rig_.Write(kTdt, 3);
  ASSERT_EQ(frames().size(), 1u);
  EXPECT_EQ(frames()[0], frame);
  EXPECT_TRUE(Done(2));
  EXPECT_EQ(rig_.Read(kGptc), 1u);
  EXPECT_TRUE(rig_.host.log().empty());
}

TEST_F(Transmit, PacketsTooLongOrEmptyAreNotSent) {
  rig_.PutTx(ring_, 0, MakeFrame(0), kAdvancedData | kEop | kIfcs | kRs);
  for (std::uint32_t i = 1; i < 6; ++i) {
    rig_.PutTx(ring_, i, MakeFrame(4000), kAdvancedData | kIfcs | kRs | (i == 5 ? kEop : 0));
  }
  rig_.PutTx(ring_, 6, MakeFrame(60));
  rig_.Write(kTdt, 7);
  ASSERT_EQ(frames().size(), 1u);
  EXPECT_EQ(frames()[0], MakeFrame(60));
  EXPECT_TRUE(Done(0));
  EXPECT_TRUE(Done(5));
  EXPECT_EQ(rig_.Read(kGptc), 1u);
  EXPECT_FALSE(rig_.host.log().empty());
}

TEST_F(Transmit, APayloadLengthThatDiffersIsLogged) {
  rig_.PutTx(ring_, 0, MakeFrame(60));
  ring_.word(0, 1) += 1ull << 46;
  rig_.Write(kTdt, 1);
  EXPECT_EQ(frames().size(), 1u);
  EXPECT_EQ(rig_.host.log().size(), 1u);
}

TEST_F(Transmit, OtherDescriptorsAreSkipped) {
  rig_.PutTx(ring_, 0, MakeFrame(60), 1u << 29 | kEop | kIfcs | kRs);  // DTYP 0: reserved
  rig_.PutTx(ring_, 1, {}, 1u << 29 | 2u << 20);                       // context
  rig_.PutTx(ring_, 2, MakeFrame(61));
  rig_.Write(kTdt, 3);
  ASSERT_EQ(frames().size(), 1u);
  EXPECT_EQ(frames()[0], MakeFrame(61));
  EXPECT_EQ(rig_.host.log().size(), 1u) << "the reserved one";
}

TEST_F(Transmit, HeadWriteBackInPlaceOfDone) {
  const std::uint64_t at = ring_.buffer_iova(7);
  rig_.Write(kTdwbah, static_cast<std::uint32_t>(at >> 32));
  rig_.Write(kTdwbal, static_cast<std::uint32_t>(at) | 1);
  for (std::uint32_t i = 0; i < 3; ++i) rig_.PutTx(ring_, i, MakeFrame(60));
  rig_.Write(kTdt, 3);
  EXPECT_EQ(ring_.buffer(7)[0], std::byte{3});
  EXPECT_FALSE(Done(2));
}

TEST_F(Transmit, NeedsTheTransmitterEnabled) {
  rig_.Clear(kDmatxctl, 1);
  rig_.PutTx(ring_, 0, MakeFrame(60));
  rig_.Write(kTdt, 1);
  EXPECT_TRUE(frames().empty());
  rig_.Set(kDmatxctl, 1);
  EXPECT_EQ(frames().size(), 1u);
}

TEST_F(Transmit, ADisabledQueueSendsNothing) {
  rig_.Write(kTxdctl, 0);
  ASSERT_TRUE(rig_.Until([&] { return (rig_.Read(kTxdctl) & kEnable) == 0; }));
  rig_.PutTx(ring_, 0, MakeFrame(60));
  rig_.Write(kTdt, 1);
  EXPECT_TRUE(frames().empty());
  EXPECT_FALSE(Done(0));
}

TEST_F(Transmit, SoftwareFlushClearsItself) {
  rig_.Write(kTxdctl, kEnable | 1u << 26);
  EXPECT_EQ(rig_.Read(kTxdctl), kEnable);
}

TEST_F(Transmit, QueuesTakeTurns) {
  TestRing other(rig_.host, 512);
  TestRing first(rig_.host, 512);
  rig_.StartTx(first, 1);
  rig_.StartTx(other, 127);
  rig_.host.Inject([&] { rig_.wire.SetPlugged(false); });
  for (std::uint32_t i = 0; i < 200; ++i) {
    rig_.PutTx(first, i, MakeFrame(60));
    rig_.PutTx(other, i, MakeFrame(61));
  }
  rig_.Write(kTdt + 1 * 0x40, 200);
  rig_.Write(kTdt + 127 * 0x40, 200);
  rig_.host.Inject([&] { rig_.wire.SetPlugged(true); });
  ASSERT_TRUE(rig_.WaitForLink());
  ASSERT_EQ(frames().size(), 400u);
  const auto of_other = std::ranges::count(std::span(frames()).first(200), 61u, &Bytes::size);
  EXPECT_GT(of_other, 50) << "a long queue does not keep the other one waiting";
  EXPECT_LT(of_other, 150);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
