// Closing, opening again, and doing so while the other side sends.
#include <algorithm>
#include <array>
#include <vector>

#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

using Lifecycle = PortsTest;

TEST_F(Lifecycle, ReopenUnderTraffic) {
  OpenBoth();
  const Stream stream = StreamFrom(0);
  std::uint64_t offered = 0;
  std::uint64_t accepted = 0;
  std::uint64_t received = 0;
  std::uint64_t next = 0;
  // Port 0 sends on, whatever port 1 does; a frame that it does not take is offered again later.
  const auto send = [&] {
    std::array<PacketBuffer*, 16> batch;
    for (PacketBuffer*& frame : batch) frame = Make(0, stream, offered++, 500);
    const std::size_t n = port(0)->Transmit(0, batch);
    MemoryPool::Free(std::span(batch).subspan(n));
    offered -= batch.size() - n;
    accepted += n;
  };
  const auto receive = [&] {
    std::array<PacketBuffer*, 64> batch;
    const std::size_t n = port(1)->Receive(0, batch);
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t number = Stream::NumberOf(*batch[i]);
      EXPECT_GE(number, next) << "out of order or twice";
      EXPECT_TRUE(stream.Matches(*batch[i], number, 500));
      next = number + 1;
    }
    MemoryPool::Free(std::span(batch).first(n));
    received += n;
    return n;
  };
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 5; ++i) {
      send();
      receive();
    }
    send();  // under way, or in port 1's rings, while it is reset
    Close(1);
    send();
    Reopen(1);
    send();
    ASSERT_NO_FATAL_FAILURE(WaitForLinks());
    const std::uint64_t before = received;
    ASSERT_TRUE(target().Until(
        [&] {
          send();
          receive();
          return received > before || HasFailure();
        },
        kDeadline))
        << "nothing arrives after reset " << round;
    ASSERT_FALSE(HasFailure());
  }
  const auto all_sent = [&] {
    receive();
    return port(0)->ReadStatistics().transmitted_packets >= accepted;
  };
  ASSERT_TRUE(target().Until(all_sent, kDeadline)) << "of " << accepted << " frames";
  while (target().Until([&] { return receive() > 0; }, can().quiet)) {
  }
  ASSERT_FALSE(HasFailure());
  EXPECT_LE(received, accepted);
  ExpectStatistics(0, {.transmitted_packets = accepted, .transmitted_bytes = 500 * accepted});
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
}

TEST_F(Lifecycle, CloseAndReopen100Times) {
  OpenBoth();
  for (int i = 0; i < 100; ++i) {
    const unsigned p = i % 2;
    ASSERT_NO_FATAL_FAILURE(ExpectTraffic(50)) << "after " << i << " times";
    Close(p);
    EXPECT_EQ(port(p).pool().available(), port(p).pool().size()) << "after " << i << " times";
    Reopen(p);
    WaitForLinks();
  }
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
}

TEST_F(Lifecycle, CloseAndReopenBothTogether) {
  for (int i = 0; i < 20; ++i) {
    OpenBoth({.receive_descriptors = i % 2 == 0 ? 64u : 512u});
    ASSERT_NO_FATAL_FAILURE(ExpectTraffic(50)) << "after " << i << " times";
    Close(i % 2);
    Close(1 - i % 2);
  }
}

TEST_F(Lifecycle, ClosingReturnsBuffersInFlight) {
  OpenBoth();
  const Stream stream = StreamFrom(0);
  // Not received at port 1, not yet reclaimed at port 0.
  std::vector<PacketBuffer*> frames(77);
  for (std::size_t i = 0; i < frames.size(); ++i) frames[i] = Make(0, stream, i, 300);
  ASSERT_NO_FATAL_FAILURE(SendAll(0, frames));
  for (unsigned p : {0u, 1u}) {
    Close(p);
    EXPECT_EQ(port(p).pool().available(), port(p).pool().size()) << "port " << p;
  }
  // What was on the wire or in a switch may come yet.
  for (unsigned p : {0u, 1u}) Reopen(p);
  ASSERT_NO_FATAL_FAILURE(WaitForLinks());
  MemoryPool::Free(CollectRest(1));
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
}

TEST_F(Lifecycle, ClosingReturnsBuffersOfFramesThatCannotLeave) {
  if (!can().can_unplug) GTEST_SKIP() << "the target cannot pull the cable";
  if (can().needs_link) GTEST_SKIP() << "a frame sent without a link breaks the device";
  OpenBoth();
  target().SetCable(false);
  ASSERT_TRUE(target().Until([&] { return !port(0)->Link().up; }, kDeadline));
  const Stream stream = StreamFrom(0);
  std::vector<PacketBuffer*> frames(200);
  for (std::size_t i = 0; i < frames.size(); ++i) frames[i] = Make(0, stream, i, 1000);
  ASSERT_NO_FATAL_FAILURE(SendAll(0, frames));
  Close(0);
  EXPECT_EQ(port(0).pool().available(), port(0).pool().size());
  Reopen(0);
  target().SetCable(true);
  ASSERT_NO_FATAL_FAILURE(WaitForLinks());
  // What the reset threw away does not come back.
  for (PacketBuffer* frame : CollectRest(1)) {
    ADD_FAILURE() << "frame " << Stream::NumberOf(*frame) << " from before the reset";
    MemoryPool::Free(frame);
  }
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
}

// Neither side has slept in, and no notification was saved that would have been needed.
TEST_F(Lifecycle, FramesAfterLongIdleTimesArrive) {
  OpenBoth();
  for (const Nanoseconds idle : {Nanoseconds(1ms), Nanoseconds(50ms), Nanoseconds(400ms)}) {
    for (unsigned from : {0u, 1u}) {
      target().bus(0).Sleep(idle);
      ASSERT_NO_FATAL_FAILURE(Send(from, {.count = 1})) << "after " << idle.count() << " ns";
    }
    ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
  }
}

TEST_F(Lifecycle, NoDmaAfterClose) {
  if (!can().reports_faults) GTEST_SKIP() << "the target does not report DMA faults";
  OpenBoth();
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
  const Stream stream = StreamFrom(0);
  const auto send = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      PacketBuffer* frame = Make(0, stream, i, 1000);
      if (port(0)->Transmit(0, {&frame, 1}) == 0) MemoryPool::Free(frame);
    }
  };
  send(100);  // fills port 1's descriptors, some of them while it closes
  Close(1);
  port(1).pools.clear();  // and with them the memory: from now on a late access is a fault
  send(100);
  Settle();
  EXPECT_EQ(target().dma_faults(), std::vector<std::string>());

  // The memory may have become somebody else's: nothing may change in it either.
  DmaMemory memory = target().dma().Allocate(4 << 20);
  send(100);
  Settle();
  EXPECT_TRUE(std::ranges::all_of(memory.bytes(), [](std::byte b) { return b == std::byte{0}; }));
  EXPECT_EQ(target().dma_faults(), std::vector<std::string>());
}

}  // namespace
}  // namespace ixylab::conformance
