// Interrupts (virtio 1.2, 4.1.4.5, 4.1.5.3, 4.1.5.4): MSI-X messages, or INTx with its ISR status.
#include <gtest/gtest.h>

#include "tests/emulator/virtio_net/rig.h"

namespace ixylab::emulator::virtio_net {
namespace {

class Interrupts : public testing::TestWithParam<Mode> {
 protected:
  /// The vectors are written while the queues are set up, so MSI-X comes before.
  void Start(bool msix) {
    if (msix) rig_.EnableMsix();
    ASSERT_TRUE(rig_.Negotiate(VIRTIO_NET_F_STATUS));
    rx_ = rig_.Enable(0, 0, msix ? 1 : 0xFFFF);
    tx_ = rig_.Enable(1, 0, msix ? 2 : 0xFFFF);
    if (msix) SetConfigVector(3);
    rig_.DriverOk();
    for (std::uint32_t i = 0; i < 32; ++i) rx_->PutEmpty(i);
  }
  void SetConfigVector(std::uint16_t vector) {
    if (rig_.legacy()) {
      rig_.Write(0, 20, 2, vector);
    } else {
      rig_.SetCommon(kConfigVector, 2, vector);
    }
  }
  bool Raised(unsigned vector) { return rig_.host.WaitForVector(0, vector, microseconds(1)); }
  std::uint32_t PciStatus() { return rig_.Read(kConfigSpace, 6, 2) & 8; }

  Rig rig_{GetParam()};
  std::unique_ptr<TestQueue> rx_, tx_;
};

TEST_P(Interrupts, IsrStatus) {
  Start(false);
  EXPECT_EQ(rig_.Isr(), 0u);
  rig_.Send(MakeFrame(60));
  EXPECT_NE(PciStatus(), 0u) << "4.1.4.5.1: Interrupt Status is the OR of all bits";
  EXPECT_EQ(rig_.Isr(), 1u);
  EXPECT_EQ(PciStatus(), 0u);
  EXPECT_EQ(rig_.Isr(), 0u) << "a read clears it";
  rig_.PutFrame(*tx_, 0, MakeFrame(60));
  rig_.Kick(1);
  rig_.host.Inject([&] { rig_.wire.SetPlugged(false); });
  EXPECT_EQ(rig_.Isr(), 3u);
  for (unsigned vector = 0; vector < 34; ++vector) EXPECT_FALSE(Raised(vector));
}

TEST_P(Interrupts, MessagesOfEachQueueAndTheConfiguration) {
  Start(true);
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(Raised(1));
  EXPECT_FALSE(Raised(2));
  rig_.PutFrame(*tx_, 0, MakeFrame(60));
  rig_.Kick(1);
  EXPECT_TRUE(Raised(2));
  EXPECT_FALSE(Raised(1));
  rig_.host.Inject([&] { rig_.wire.SetPlugged(false); });
  EXPECT_TRUE(Raised(3));
  EXPECT_FALSE(Raised(1));
  EXPECT_EQ(rig_.Isr() & 1, 0) << "4.1.5.1.2: the ISR status is unused";
  EXPECT_EQ(PciStatus(), 0u);
}

TEST_P(Interrupts, NoVectorNoMessage) {
  rig_.EnableMsix();
  ASSERT_TRUE(rig_.Negotiate(VIRTIO_NET_F_STATUS));
  rx_ = rig_.Enable(0);
  rig_.DriverOk();
  rx_->PutEmpty(0);
  rig_.Send(MakeFrame(60));
  rig_.host.Inject([&] { rig_.wire.SetPlugged(false); });
  for (unsigned vector = 0; vector < 34; ++vector) EXPECT_FALSE(Raised(vector));
  EXPECT_TRUE(rx_->Take());
}

TEST_P(Interrupts, AMaskedVectorWaits) {
  Start(true);
  rig_.Write(1, 16 + 12, 4, 1);
  rig_.Send(MakeFrame(60));
  EXPECT_FALSE(Raised(1));
  EXPECT_EQ(rig_.Read(1, 0x800, 4), 2u) << "pending";
  rig_.Write(1, 16 + 12, 4, 0);
  EXPECT_TRUE(Raised(1));
}

TEST_P(Interrupts, OneForManyFrames) {
  Start(true);
  rig_.host.Inject([&] {
    const Bytes frame = MakeFrame(60);
    for (int i = 0; i < 10; ++i) rig_.wire.Send(1, {.bytes = frame});
  });
  EXPECT_TRUE(Raised(1));
  EXPECT_FALSE(Raised(1));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(rx_->Take());
}

TEST_P(Interrupts, NoneWithoutAFrame) {
  Start(true);
  rig_.Kick(0);
  rig_.Kick(1);
  EXPECT_FALSE(Raised(1));
  EXPECT_FALSE(Raised(2));
}

INSTANTIATE_TEST_SUITE_P(Modes, Interrupts,
                         testing::Values(Mode::kLegacy, Mode::kModern, Mode::kPacked),
                         [](const auto& info) { return ModeName(info.param); });

}  // namespace
}  // namespace ixylab::emulator::virtio_net
