#include <gtest/gtest.h>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::string_view kOwn = "02:1b:21:00:00:00";

class Statistics : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartReceiver();
    rig_.StartRx(rx_, 63);
    rig_.StartTx(tx_);
  }
  void Transmit(const Bytes& frame) {
    const std::uint32_t index = rig_.Read(kTdt);
    rig_.PutTx(tx_, index, frame);
    rig_.Write(kTdt, (index + 1) % tx_.size());
  }

  Rig rig_;
  TestRing rx_{rig_.host, 64};
  TestRing tx_{rig_.host, 64};
};

TEST_F(Statistics, ReceivedBySizeKindAndOctets) {
  // With CRC: 64, 65, 127, 128, 255, 256, 511, 512, 1023, 1024, 1518.
  for (std::size_t size : {60, 61, 123, 124, 251, 252, 507, 508, 1019, 1020, 1514}) {
    rig_.Send(MakeFrame(size, kOwn));
  }
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.Read(kPrc64), 2u);
  for (std::uint32_t bin = 1; bin < 6; ++bin) EXPECT_EQ(rig_.Read(kPrc64 + 4 * bin), 2u) << bin;
  EXPECT_EQ(rig_.Read(kGprc), 12u);
  EXPECT_EQ(rig_.Read(kBprc), 1u);
  EXPECT_EQ(rig_.Read(kMprc), 0u);
  constexpr std::uint64_t kOctets =
      60 + 61 + 123 + 124 + 251 + 252 + 507 + 508 + 1019 + 1020 + 1514 + 60;
  EXPECT_EQ(rig_.ReadPair(kGorcl), kOctets) << "the CRC is stripped";
  EXPECT_EQ(rig_.Read(kQprc), 12u);
  EXPECT_EQ(rig_.ReadPair(kQbrcL), kOctets);
  EXPECT_EQ(rig_.Read(kTpr), 12u);
  EXPECT_EQ(rig_.ReadPair(kTorl), kOctets + 12 * 4) << "always with CRC";
}

TEST_F(Statistics, OctetsIncludeACrcThatIsNotStripped) {
  rig_.Clear(kHlreg0, 2);
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.ReadPair(kGorcl), 64u);
  EXPECT_EQ(rig_.ReadPair(kQbrcL), 64u);
}

TEST_F(Statistics, TransmittedBySizeKindAndOctets) {
  for (std::size_t size : {1, 60, 61, 124, 252, 508, 1020, 1514}) {
    Transmit(MakeFrame(std::max<std::size_t>(size, 14), kOwn));
  }
  Transmit(MakeFrame(100));
  Transmit(MakeFrame(100, "01:00:5e:00:00:01"));
  EXPECT_EQ(rig_.Read(kPtc64), 2u) << "one of them padded";
  EXPECT_EQ(rig_.Read(kPtc64 + 4), 3u);
  EXPECT_EQ(rig_.Read(kPtc64 + 8), 1u);
  EXPECT_EQ(rig_.Read(kPtc64 + 20), 2u);
  EXPECT_EQ(rig_.Read(kGptc), 10u);
  EXPECT_EQ(rig_.Read(kTpt), 10u);
  EXPECT_EQ(rig_.Read(kBptc), 1u);
  EXPECT_EQ(rig_.Read(kMptc), 1u);
  constexpr std::uint64_t kOctets =
      60 + 60 + 61 + 124 + 252 + 508 + 1020 + 1514 + 100 + 100 + 10 * 4;
  EXPECT_EQ(rig_.ReadPair(kGotcl), kOctets);
  EXPECT_EQ(rig_.Read(kQptc), 10u);
  EXPECT_EQ(rig_.ReadPair(kQbtcL), kOctets);
}

TEST_F(Statistics, ReadingClears) {
  rig_.Send(MakeFrame(60));
  Transmit(MakeFrame(60));
  for (std::uint32_t counter : {kGprc, kBprc, kPrc64, kTpr, kQprc, kGptc, kTpt, kPtc64, kQptc}) {
    EXPECT_EQ(rig_.Read(counter), 1u) << std::hex << counter;
    EXPECT_EQ(rig_.Read(counter), 0u) << std::hex << counter;
  }
  for (std::uint32_t pair : {kGorcl, kTorl, kGotcl, kQbrcL, kQbtcL}) {
    EXPECT_NE(rig_.ReadPair(pair), 0u) << std::hex << pair;
    EXPECT_EQ(rig_.ReadPair(pair), 0u) << std::hex << pair;
  }
}

TEST_F(Statistics, AFrameBetweenTheHalvesOfACounterIsNotLost) {
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.Read(kGorcl), 60u);
  rig_.Send(MakeFrame(100));
  EXPECT_EQ(rig_.Read(kGorcl + 4), 0u);
  EXPECT_EQ(rig_.ReadPair(kGorcl), 100u);
}

TEST_F(Statistics, QueuesCountWhereTheyAreMapped) {
  TestRing tx5(rig_.host, 8);
  rig_.Write(kTqsm + 4, 0x00000300);  // queue 5 counts in set 3
  rig_.StartTx(tx5, 5);
  rig_.PutTx(tx5, 0, MakeFrame(60));
  rig_.Write(kTdt + 5 * 0x40, 1);
  EXPECT_EQ(rig_.Read(kQptc), 0u);
  EXPECT_EQ(rig_.Read(kQptc + 4 * 3), 1u);
  EXPECT_EQ(rig_.ReadPair(kQbtcL + 8 * 3), 64u);
  rig_.Write(kRqsmr, 0x0000000F);
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.Read(kQprc), 0u);
  EXPECT_EQ(rig_.Read(kQprc + 15 * 0x40), 1u);
}

TEST_F(Statistics, FilteredFramesAreInTheTotalsOnly) {
  rig_.Send(MakeFrame(60, "02:1b:21:00:00:77"));
  EXPECT_EQ(rig_.Read(kGprc), 0u);
  EXPECT_EQ(rig_.Read(kPrc64), 0u);
  EXPECT_EQ(rig_.Read(kQprc), 0u);
  EXPECT_EQ(rig_.Read(kTpr), 1u);
}

TEST_F(Statistics, AResetClears) {
  rig_.Send(MakeFrame(60));
  rig_.Reset();
  EXPECT_EQ(rig_.Read(kGprc), 0u);
  EXPECT_EQ(rig_.Read(kTpr), 0u);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
