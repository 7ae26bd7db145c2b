// The cable is pulled and plugged.
#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

class Link : public PortsTest {
 protected:
  void SetUp() override {
    if (!can().can_unplug) GTEST_SKIP() << "the target cannot pull the cable";
    OpenBoth();
  }

  void Pull() {
    target().SetCable(false);
    for (unsigned p : {0u, 1u}) {
      ASSERT_TRUE(target().Until([&] { return !port(p)->Link().up; }, kDeadline)) << "port " << p;
    }
  }

  void Plug() {
    target().SetCable(true);
    WaitForLinks();
  }
};

TEST_F(Link, GoesDownAndUpOnBothSides) {
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
  const LinkState before = port(0)->Link();
  ASSERT_NO_FATAL_FAILURE(Pull());
  for (unsigned p : {0u, 1u}) {
    EXPECT_FALSE(port(p)->Link().up);
    EXPECT_EQ(port(p)->Link().megabits_per_second, 0u);
  }
  ASSERT_NO_FATAL_FAILURE(Plug());
  EXPECT_EQ(port(0)->Link().megabits_per_second, before.megabits_per_second);
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
}

TEST_F(Link, WaitingForItEndsAtTheDeadline) {
  ASSERT_NO_FATAL_FAILURE(Pull());
  for (const Nanoseconds timeout : {Nanoseconds(0), Nanoseconds(1ms), Nanoseconds(50ms)}) {
    const Nanoseconds start = target().bus(0).Now();
    EXPECT_FALSE(port(0)->WaitForLink(timeout));
    const Nanoseconds waited = target().bus(0).Now() - start;
    EXPECT_GE(waited, timeout);
    EXPECT_LT(waited, timeout + (can().virtual_time ? Nanoseconds(200ms) : kDeadline));
  }
}

TEST_F(Link, WaitingForItEndsWithTheLink) {
  ASSERT_NO_FATAL_FAILURE(Pull());
  target().SetCable(true);
  const Nanoseconds start = target().bus(0).Now();
  EXPECT_TRUE(port(0)->WaitForLink(kDeadline));
  EXPECT_LT(target().bus(0).Now() - start, kDeadline);
}

TEST_F(Link, FlapsWithTrafficInBetween) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_NO_FATAL_FAILURE(Pull());
    ASSERT_NO_FATAL_FAILURE(Plug());
    ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
  }
}

TEST_F(Link, NothingArrivesWhileItIsDown) {
  if (can().needs_link) GTEST_SKIP() << "a frame sent without a link breaks the device";
  ASSERT_NO_FATAL_FAILURE(Pull());
  const Stream stream = StreamFrom(0);
  PacketBuffer* frame = Make(0, stream, 0, 60);
  ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
  Settle();
  ExpectQuiet(1);
  ASSERT_NO_FATAL_FAILURE(Plug());
  if (can().holds_frames) {
    const std::vector<PacketBuffer*> received = Collect(1, 1);
    ASSERT_EQ(received.size(), 1u) << "what was queued while the link was down is lost";
    EXPECT_TRUE(stream.Matches(*received[0], 0, 60));
    MemoryPool::Free(received);
  }
  ExpectQuiet(1);
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
}

TEST_F(Link, OpensWithoutACable) {
  ASSERT_NO_FATAL_FAILURE(Pull());
  Reopen(0);
  EXPECT_FALSE(port(0)->WaitForLink(20ms));
  ASSERT_NO_FATAL_FAILURE(Plug());
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
}

}  // namespace
}  // namespace ixylab::conformance
