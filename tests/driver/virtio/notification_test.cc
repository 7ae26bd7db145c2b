// Who wants to be told: suppression in both directions, at all places where the numbers wrap.
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/driver/virtio/queue_test.h"

namespace ixylab::virtio {
namespace {

class SplitNotificationTest : public QueueTest<Split> {};

TEST_F(SplitNotificationTest, EventIndexIsCrossedOrNot) {
  SplitRing ring = MakeRing({.entries = 64, .buffers = 64, .event_index = true});
  // 2.7.10: the driver notifies once it has written entry avail_event of the available ring. From
  // each place, over 65,536 too.
  for (const std::uint32_t from :
       {0u, 1u, 63u, 64u, 32'767u, 65'530u, 65'535u, 65'536u, 131'070u}) {
    for (std::uint32_t count = 1; count <= 64; ++count) {
      for (std::uint32_t event = from - 70; event != from + 70; ++event) {
        side().SetAvailEvent(static_cast<std::uint16_t>(event));
        const bool crossed = event - from < count;
        ASSERT_EQ(ring.Publish(from, from + count), crossed)
            << from << " to " << from + count << ", event " << event;
      }
    }
  }
}

TEST_F(SplitNotificationTest, EventIndexTakesThePlaceOfTheFlag) {
  SplitRing ring = MakeRing({.entries = 64, .buffers = 64, .event_index = true});
  side().SetAvailEvent(0);
  side().SetNoNotify(true);
  EXPECT_TRUE(ring.Publish(0, 1));
  EXPECT_FALSE(ring.Publish(1, 2));
  // 2.7.7.1: then the driver's flags are 0.
  EXPECT_FALSE(side().driver_wants_no_interrupt());
}

TEST_F(SplitNotificationTest, FlagWithoutEventIndex) {
  SplitRing ring = MakeRing({.entries = 64, .buffers = 64, .event_index = false});
  side().SetAvailEvent(40);
  EXPECT_TRUE(ring.Publish(0, 1));
  side().SetNoNotify(true);
  EXPECT_FALSE(ring.Publish(1, 2));
  side().SetNoNotify(false);
  EXPECT_TRUE(ring.Publish(2, 3));
}

// 2.7.7.2: the device interrupts once it has written entry used_event of the used ring.
TEST_F(SplitNotificationTest, UsedEventIsNeverReached) {
  ReceiveQueue<SplitRing> queue(
      MakeRing({.entries = 64, .buffers = 64, .event_index = true, .receive_bytes = 2060}), pool_,
      NetHeader{.mergeable = false}, notifier());
  queue.Start();
  std::vector<Available> posted = side().Take();
  for (std::uint32_t i = 0; i < 140'000; ++i) {
    const std::uint16_t before = side().used_index();
    side().Use(posted.at(0), 72);
    posted.erase(posted.begin());
    ASSERT_NE(side().used_event(), before) << "an interrupt";
    // As late as the ring allows.
    if (posted.size() > 2) continue;
    std::array<PacketBuffer*, 64> packets;
    const std::size_t n = queue.Receive(packets);
    MemoryPool::Free(std::span(packets).first(n));
    const std::vector<Available> more = side().Take();
    posted.insert(posted.end(), more.begin(), more.end());
    ASSERT_GE(posted.size(), 33u);
  }
  queue.Clear();
}

class PackedNotificationTest : public QueueTest<Packed> {};

TEST_F(PackedNotificationTest, DescriptorEventIsCrossedOrNot) {
  PackedRing ring = MakeRing({.entries = 64, .buffers = 64, .event_index = true});
  // From each place, over the ring's end and over the wrap counter's.
  for (std::uint32_t from = 0; from < 256; from += 1) {
    for (const std::uint32_t count : {1u, 2u, 31u, 32u, 63u, 64u}) {
      // Within a lap before and behind: that is what one bit of wrap counter can tell.
      for (std::uint32_t event = from + count - 64; event != from + count; ++event) {
        const bool wrap = (event / 64) % 2 == 0;
        side().SetEvent(static_cast<std::uint16_t>(event % 64), wrap);
        const bool crossed = event - from < count;
        ASSERT_EQ(ring.Publish(from, from + count), crossed)
            << from << " to " << from + count << ", event " << event;
      }
    }
  }
}

TEST_F(PackedNotificationTest, AnEventToComeIsNotCrossed) {
  PackedRing ring = MakeRing({.entries = 64, .buffers = 64, .event_index = true});
  for (std::uint32_t from = 64; from < 256; ++from) {
    for (std::uint32_t ahead = 0; ahead < 64; ++ahead) {
      const std::uint32_t event = from + 1 + ahead;
      side().SetEvent(static_cast<std::uint16_t>(event % 64), (event / 64) % 2 == 0);
      ASSERT_FALSE(ring.Publish(from, from + 1)) << from << ", event " << event;
    }
  }
}

TEST_F(PackedNotificationTest, EnabledAndDisabled) {
  PackedRing ring = MakeRing({.entries = 64, .buffers = 64, .event_index = false});
  EXPECT_TRUE(ring.Publish(0, 1));
  side().SetNoNotify(true);
  EXPECT_FALSE(ring.Publish(1, 2));
  side().SetNoNotify(false);
  EXPECT_TRUE(ring.Publish(2, 3));
  EXPECT_TRUE(side().driver_wants_no_interrupt());
}

// It may have forgotten that it disabled them.
TEST_F(PackedNotificationTest, DisabledByADeviceWithNothingToDo) {
  TransmitQueue<PackedRing> queue(MakeRing({.entries = 64, .buffers = 64, .event_index = false}),
                                  1514, NetHeader{}, notifier());
  side().SetNoNotify(true);
  const auto send = [&] {
    PacketBuffer* packet = pool_.Allocate();
    packet->size = 60;
    ASSERT_EQ(queue.Transmit({&packet, 1}), 1u);
  };
  for (int lap = 0; lap < 200; ++lap) {
    send();
    EXPECT_TRUE(Rung()) << "nothing was under way";
    send();
    EXPECT_FALSE(Rung()) << "it has a frame to send";
    for (const Available& frame : side().Take()) side().Use(frame, 0);
  }
  queue.Clear();
}

}  // namespace
}  // namespace ixylab::virtio
