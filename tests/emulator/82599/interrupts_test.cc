#include <gtest/gtest.h>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kMsix = 1u << 4 | 1u << 30 | 1u << 31;  // GPIE: MSI-X, EIAME, PBA
constexpr std::uint32_t kLsc = 1u << 20;

class Interrupts : public testing::Test {
 protected:
  void SetUp() override {
    rig_.EnableMsix();
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartReceiver();
    rig_.StartRx(rx_, 63);
    rig_.StartTx(tx_);
    rig_.Write(kGpie, kMsix);
    rig_.Read(kEicr);
  }
  bool Raised(unsigned vector) { return rig_.host.WaitForVector(0, vector, Nanoseconds{0}); }
  void SendOne() {
    rig_.PutTx(tx_, next_, MakeFrame(60));
    next_ = (next_ + 1) % tx_.size();
    rig_.Write(kTdt, next_);
  }

  Rig rig_;
  TestRing rx_{rig_.host, 64};
  TestRing tx_{rig_.host, 64};
  std::uint32_t next_ = 0;
};

TEST_F(Interrupts, IvarLeadsAQueueToItsVector) {
  rig_.Write(kIvar, 0x00008583);  // RX 0: vector 3, TX 0: vector 5
  rig_.Write(kEims, 1u << 3 | 1u << 5);
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(Raised(3));
  EXPECT_FALSE(Raised(5));
  SendOne();
  EXPECT_TRUE(Raised(5));
  EXPECT_FALSE(Raised(3));
}

TEST_F(Interrupts, OddQueuesAndHighVectors) {
  TestRing ring(rig_.host, 8);
  rig_.StartRx(ring, 7, 1);
  rig_.Write(0x05C00, 0x01010101);  // all flows to queue 1
  for (std::uint32_t i = 1; i < 32; ++i) rig_.Write(0x05C00 + 4 * i, 0x01010101);
  rig_.Write(kMrqc, 0x00020001);
  rig_.Write(kIvar, 0x00BF0000);  // RX 1: vector 63
  rig_.Write(kEimsEx1 + 4, 1u << 31);
  Bytes frame = MakeFrame(60, "02:1b:21:00:00:00", 0x0800);
  frame[14] = std::byte{0x45};
  frame[20] = frame[21] = std::byte{0};
  rig_.Send(frame);
  ASSERT_NE(ring.word(0, 1), 0u);
  EXPECT_TRUE(Raised(63));
}

TEST_F(Interrupts, AnInvalidAllocationRaisesNothing) {
  rig_.Write(kIvar, 0x00000003);
  rig_.Write(kEims, 0xFFFF);
  rig_.Send(MakeFrame(60));
  EXPECT_FALSE(Raised(3));
  EXPECT_EQ(rig_.Read(kEicr), 0u);
}

TEST_F(Interrupts, AMaskedCauseWaits) {
  rig_.Write(kIvar, 0x00000083);
  rig_.Send(MakeFrame(60));
  EXPECT_FALSE(Raised(3));
  EXPECT_EQ(rig_.Read(kEics), 1u << 3) << "EICS shows the causes and clears nothing";
  rig_.Write(kEims, 1u << 3);
  EXPECT_TRUE(Raised(3));
  EXPECT_EQ(rig_.Read(kEims), 1u << 3);
  rig_.Write(kEimc, 1u << 3);
  EXPECT_EQ(rig_.Read(kEims), 0u);
}

TEST_F(Interrupts, ZeroToEimsMasksNothing) {
  rig_.Write(kEims, 1u << 3);
  rig_.Write(kEims, 0);
  EXPECT_EQ(rig_.Read(kEims), 1u << 3);
}

TEST_F(Interrupts, AutoClear) {
  rig_.Write(kIvar, 0x00000083);
  rig_.Write(kEims, 1u << 3);
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(Raised(3));
  rig_.Send(MakeFrame(60));
  EXPECT_FALSE(Raised(3)) << "the cause was not cleared";
  EXPECT_EQ(rig_.Read(kEicr), 1u << 3);
  rig_.Write(kEiac, 1u << 3);
  for (int i = 0; i < 3; ++i) {
    rig_.Send(MakeFrame(60));
    EXPECT_TRUE(Raised(3));
    EXPECT_EQ(rig_.Read(kEicr), 0u);
  }
}

TEST_F(Interrupts, AutoMask) {
  rig_.Write(kIvar, 0x00000083);
  rig_.Write(kEiac, 1u << 3);
  rig_.Write(kEiam, 1u << 3);
  rig_.Write(kEims, 1u << 3);
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(Raised(3));
  EXPECT_EQ(rig_.Read(kEims), 0u);
  rig_.Send(MakeFrame(60));
  EXPECT_FALSE(Raised(3));
  rig_.Write(kEims, 1u << 3);
  EXPECT_TRUE(Raised(3)) << "what came meanwhile";
}

TEST_F(Interrupts, EicsRaises) {
  rig_.Write(kEims, 1u << 7 | kLsc);
  rig_.Write(kIvarMisc, 0x00008100);  // other causes: vector 1
  rig_.Write(kEics, 1u << 7);
  EXPECT_TRUE(Raised(7));
  rig_.Write(kEics, kLsc);
  EXPECT_TRUE(Raised(1));
  EXPECT_EQ(rig_.Read(kEicr), 1u << 7 | kLsc);
}

TEST_F(Interrupts, LinkChangesGoToTheVectorOfIvarMisc) {
  rig_.Write(kIvarMisc, 0x00008100);
  rig_.Write(kEims, kLsc);
  rig_.host.Inject([&] { rig_.wire.SetPlugged(false); });
  EXPECT_TRUE(Raised(1));
  rig_.host.Inject([&] { rig_.wire.SetPlugged(true); });
  EXPECT_FALSE(rig_.host.WaitForVector(0, 1, milliseconds(50))) << "EICR was not cleared";
  rig_.Write(kEicr, kLsc);
  rig_.host.Inject([&] { rig_.wire.SetPlugged(false); });
  EXPECT_TRUE(Raised(1));
}

TEST_F(Interrupts, EicrIsClearedByReadingOrWritingOnes) {
  rig_.Write(kEics, 1u << 2 | 1u << 4 | kLsc);
  rig_.Write(kEicr, 1u << 2);
  EXPECT_EQ(rig_.Read(kEicr), 1u << 4 | kLsc);
  EXPECT_EQ(rig_.Read(kEicr), 0u);
  rig_.Set(kGpie, 1u << 5);  // OCD: a read leaves queue causes
  rig_.Write(kEics, 1u << 4 | kLsc);
  EXPECT_EQ(rig_.Read(kEicr), 1u << 4 | kLsc);
  EXPECT_EQ(rig_.Read(kEicr), 1u << 4);
}

TEST_F(Interrupts, WithOneVectorAllCausesAreVectorZero) {
  rig_.Write(kGpie, 0);
  rig_.Write(kIvar, 0x00000082);
  rig_.Write(kEims, 1u << 2 | kLsc);
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(Raised(0));
  EXPECT_EQ(rig_.Read(kEicr), 1u << 2);
  rig_.Write(kEics, kLsc);
  EXPECT_TRUE(Raised(0));
}

TEST_F(Interrupts, EitrKeepsMessagesApart) {
  rig_.Write(kIvar, 0x00000083);
  rig_.Write(kEiac, 1u << 3);
  rig_.Write(kEitr + 4 * 3, 50u << 3);  // 100 us
  rig_.Write(kEims, 1u << 3);
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(Raised(3));
  const Nanoseconds first = rig_.host.Now();
  for (int i = 0; i < 5; ++i) rig_.Send(MakeFrame(60));
  EXPECT_FALSE(Raised(3));
  EXPECT_TRUE(rig_.host.WaitForVector(0, 3, milliseconds(1)));
  EXPECT_GE(rig_.host.Now() - first, microseconds(95));
  EXPECT_LE(rig_.host.Now() - first, microseconds(105));
  EXPECT_FALSE(rig_.host.WaitForVector(0, 3, milliseconds(1))) << "one for all";
}

TEST_F(Interrupts, AThrottledMessageIsNotSentIfItsCauseIsGone) {
  rig_.Write(kIvar, 0x00000083);
  rig_.Write(kEitr + 4 * 3, 50u << 3);
  rig_.Write(kEims, 1u << 3);
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(Raised(3));
  rig_.Read(kEicr);
  rig_.Send(MakeFrame(60));
  rig_.Read(kEicr);
  EXPECT_FALSE(rig_.host.WaitForVector(0, 3, milliseconds(1)));
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
