// Which notifications are wanted, in both directions (virtio 1.2, 2.7.7, 2.7.10, 2.8.10).
#include <gtest/gtest.h>

#include "emulator/virtio_net/virtqueue.h"
#include "tests/emulator/virtio_net/rig.h"

namespace ixylab::emulator::virtio_net {
namespace {

// Words of the areas. Split: available ring flags, used ring flags; the event index is behind each
// ring. Packed: struct pvirtq_event_suppress.
constexpr std::size_t kFlags = 0, kPackedPlace = 0, kPackedFlags = 2;
constexpr std::uint16_t kSize = 16;
std::size_t UsedEvent() { return 4 + 2 * kSize; }
std::size_t AvailEvent() { return 4 + 8 * kSize; }

class Suppression : public testing::Test {
 protected:
  void Start(Mode mode, std::uint64_t features, NetConfig config = {}) {
    rx_.reset();
    tx_.reset();
    rig_ = std::make_unique<Rig>(mode, config);
    ASSERT_TRUE(rig_->Negotiate(features));
    rx_ = rig_->Enable(0, kSize);
    tx_ = rig_->Enable(1, kSize);
    rig_->DriverOk();
    for (std::uint32_t i = 0; i < kSize; ++i) rx_->PutEmpty(i);
    rig_->Isr();
  }
  /// Whether a frame that comes in raises an interrupt. Its buffer is made available again.
  bool Interrupts() {
    rig_->Send(MakeFrame(60));
    EXPECT_TRUE(rx_->Take());
    rx_->PutEmpty(posted_++ % kSize);
    return (rig_->Isr() & 1) != 0;
  }
  void Transmit() {
    rig_->PutFrame(*tx_, 0, MakeFrame(60));
    rig_->Kick(1);
    EXPECT_TRUE(tx_->Take());
  }

  std::unique_ptr<Rig> rig_;
  std::unique_ptr<TestQueue> rx_, tx_;
  std::uint32_t posted_ = 0;
};

TEST_F(Suppression, SplitFlags) {
  for (const Mode mode : {Mode::kLegacy, Mode::kModern}) {
    Start(mode, 0);
    EXPECT_TRUE(Interrupts());
    rx_->DriverWord(kFlags) = 1;  // VIRTQ_AVAIL_F_NO_INTERRUPT
    EXPECT_FALSE(Interrupts());
    rx_->DriverWord(kFlags) = 0;
    EXPECT_TRUE(Interrupts());
  }
}

TEST_F(Suppression, SplitEventIndex) {
  Start(Mode::kModern, VIRTIO_F_EVENT_IDX);
  rx_->DriverWord(kFlags) = 1;  // does not count with event indices
  EXPECT_TRUE(Interrupts()) << "used 0 -> 1: the first one";
  rx_->DriverWord(UsedEvent()) = 3;
  EXPECT_FALSE(Interrupts()) << "1 -> 2";
  EXPECT_FALSE(Interrupts()) << "2 -> 3";
  EXPECT_TRUE(Interrupts()) << "3 -> 4: past 3";
  EXPECT_FALSE(Interrupts()) << "once";
  rx_->DriverWord(UsedEvent()) = 5;
  EXPECT_TRUE(Interrupts()) << "5 -> 6";
}

TEST_F(Suppression, SplitEventIndexWithinABatch) {
  Start(Mode::kModern, VIRTIO_F_EVENT_IDX);
  EXPECT_TRUE(Interrupts());
  rx_->DriverWord(UsedEvent()) = 4;
  rig_->host.Inject([&] {
    const Bytes frame = MakeFrame(60);
    for (int i = 0; i < 8; ++i) rig_->wire.Send(1, {.bytes = frame});
  });
  EXPECT_EQ(rig_->Isr(), 1u);
}

TEST_F(Suppression, PackedFlags) {
  Start(Mode::kPacked, 0);
  EXPECT_TRUE(Interrupts());
  rx_->DriverWord(kPackedFlags) = 1;  // RING_EVENT_FLAGS_DISABLE
  EXPECT_FALSE(Interrupts());
  rx_->DriverWord(kPackedFlags) = 0;
  EXPECT_TRUE(Interrupts());
}

TEST_F(Suppression, PackedEventIndexAroundTheRing) {
  Start(Mode::kPacked, VIRTIO_F_EVENT_IDX);
  rx_->DriverWord(kPackedFlags) = 2;  // RING_EVENT_FLAGS_DESC
  // In each round through the ring for place 5 of it, with the wrap counter of that round.
  for (std::uint32_t round = 0; round < 4; ++round) {
    const bool wrap = round % 2 == 0;
    rx_->DriverWord(kPackedPlace) = static_cast<std::uint16_t>(5 | (wrap ? 1 << 15 : 0));
    for (std::uint32_t place = 0; place < kSize; ++place) {
      EXPECT_EQ(Interrupts(), place == 5) << "round " << round << " place " << place;
    }
  }
}

TEST_F(Suppression, NotifyOnEmpty) {
  Rig rig(Mode::kLegacy, {.queue_size = kSize});
  ASSERT_TRUE(rig.Negotiate(VIRTIO_F_NOTIFY_ON_EMPTY));
  const auto rx = rig.Enable(0);
  rig.DriverOk();
  rx->DriverWord(kFlags) = 1;
  rx->PutEmpty(0);
  rx->PutEmpty(1);
  rig.Send(MakeFrame(60));
  EXPECT_EQ(rig.Isr(), 0u) << "there is another one";
  rig.Send(MakeFrame(60));
  EXPECT_EQ(rig.Isr(), 1u) << "that was the last one: even though interrupts are suppressed";
}

TEST_F(Suppression, TheDeviceWantsEachTransmitNotification) {
  Start(Mode::kModern, 0);
  EXPECT_EQ(tx_->DeviceWord(kFlags), 0u);
  Transmit();
  EXPECT_EQ(tx_->DeviceWord(kFlags), 0u);
  EXPECT_EQ(rx_->DeviceWord(kFlags), 1u) << "VIRTQ_USED_F_NO_NOTIFY: none of receive buffers";

  Start(Mode::kModern, VIRTIO_F_EVENT_IDX);
  for (std::uint16_t n = 0; n < 40; ++n) {
    EXPECT_EQ(tx_->DeviceWord(AvailEvent()), n);
    Transmit();
  }
  EXPECT_EQ(rx_->DeviceWord(AvailEvent()), 0u);
  EXPECT_EQ(rx_->DeviceWord(kFlags), 0u) << "2.7.10.1: 0 with event indices";
}

TEST_F(Suppression, TheDeviceWantsEachTransmitNotificationPacked) {
  Start(Mode::kPacked, 0);
  EXPECT_EQ(tx_->DeviceWord(kPackedFlags), 0u);
  EXPECT_EQ(rx_->DeviceWord(kPackedFlags), 1u);
  Start(Mode::kPacked, VIRTIO_F_EVENT_IDX);
  EXPECT_EQ(rx_->DeviceWord(kPackedFlags), 1u);
  for (std::uint16_t n = 0; n < 40; ++n) {
    EXPECT_EQ(tx_->DeviceWord(kPackedFlags), 2u);
    const bool wrap = n / kSize % 2 == 0;
    EXPECT_EQ(tx_->DeviceWord(kPackedPlace), n % kSize | (wrap ? 1 << 15 : 0)) << n;
    Transmit();
  }
}

TEST_F(Suppression, APollingDeviceWantsNone) {
  Start(Mode::kModern, 0, {.polls = true});
  EXPECT_EQ(tx_->DeviceWord(kFlags), 1u);
  rig_->PutFrame(*tx_, 0, MakeFrame(60));
  rig_->Status();
  EXPECT_EQ(rig_->partner.frames.size(), 1u) << "any access lets it look";
  Start(Mode::kPacked, 0, {.polls = true});
  EXPECT_EQ(tx_->DeviceWord(kPackedFlags), 1u);
}

// 2.7.7.2: the index wraps at 65536, whatever the size of the ring.
TEST(Passed, EventsAndIndices) {
  EXPECT_TRUE(Passed(0, 1, 0));
  EXPECT_FALSE(Passed(1, 1, 0));
  EXPECT_TRUE(Passed(3, 8, 2));
  EXPECT_FALSE(Passed(8, 8, 2));
  EXPECT_FALSE(Passed(1, 8, 2));
  EXPECT_TRUE(Passed(0xFFFF, 1, 0xFFFE));
  EXPECT_TRUE(Passed(0, 1, 0xFFFE));
  EXPECT_FALSE(Passed(1, 1, 0xFFFE));
  EXPECT_FALSE(Passed(5, 5, 5)) << "nothing happened";
}

}  // namespace
}  // namespace ixylab::emulator::virtio_net
