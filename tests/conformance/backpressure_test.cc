// Rings that are full and pools that are empty: nobody loses a frame without counting it.
#include <algorithm>
#include <array>
#include <vector>

#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

class BackPressure : public PortsTest {
 protected:
  /// Of `sent` frames port 1 has handed out `received`: it counts the others as missed, or if the
  /// target cannot tell, at most those.
  void ExpectRestMissed(std::uint64_t sent, std::uint64_t received) {
    ASSERT_LE(received, sent);
    std::uint64_t missed = 0;
    const bool all = target().Until(
        [&] {
          missed = port(1)->ReadStatistics().missed_packets;
          return missed == sent - received || !can().counts_missed;
        },
        kDeadline);
    EXPECT_TRUE(all && missed <= sent - received)
        << received << " received, " << missed << " missed of " << sent;
  }
};

TEST_F(BackPressure, FullRingLeavesTheRestToTheCaller) {
  constexpr std::uint32_t kRing = 128;
  constexpr std::size_t kFrames = 3000;  // more than the ring has
  OpenBoth({.receive_descriptors = 4096, .transmit_descriptors = kRing, .buffers = 8192});
  const Stream stream = StreamFrom(0);
  std::vector<PacketBuffer*> frames(kFrames);
  for (std::size_t i = 0; i < kFrames; ++i) frames[i] = Make(0, stream, i, kLongestFrame);
  const std::size_t taken = port(0)->Transmit(0, frames);
  EXPECT_GT(taken, 0u);
  EXPECT_LE(taken, kRing) << "what the ring has no room for is the caller's";
  std::uint64_t received = 0;
  const auto check = [&](std::span<PacketBuffer* const> arrived) {
    for (PacketBuffer* frame : arrived) {
      EXPECT_TRUE(stream.Matches(*frame, received++, kLongestFrame));
    }
    MemoryPool::Free(arrived);
  };
  check(Collect(1, taken));
  // The rest, each time as much as one call takes.
  for (std::size_t sent = taken; sent < kFrames && !HasFailure();) {
    std::size_t n = 0;
    ASSERT_TRUE(target().Until(
        [&] { return (n = port(0)->Transmit(0, std::span(frames).subspan(sent))) > 0; },
        kDeadline));
    sent += n;
    EXPECT_LE(n, kRing);
    check(Collect(1, n));
  }
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(received, kFrames);
  ExpectQuiet(1);
}

// A device holds what it is given while there is no link, and the ring fills; or it takes all and
// loses it. Either way every buffer comes back, and nothing is sent twice or in another order.
TEST_F(BackPressure, FramesOfferedWithoutALink) {
  if (!can().can_unplug) GTEST_SKIP() << "the target cannot pull the cable";
  if (can().needs_link) GTEST_SKIP() << "a frame sent without a link breaks the device";
  constexpr std::size_t kFrames = 2048;
  OpenBoth({.receive_descriptors = 4096, .transmit_descriptors = 128, .buffers = 8192});
  target().SetCable(false);
  ASSERT_TRUE(target().Until([&] { return !port(0)->Link().up; }, kDeadline));

  const Stream stream = StreamFrom(0);
  std::vector<PacketBuffer*> frames(kFrames);
  for (std::size_t i = 0; i < kFrames; ++i) frames[i] = Make(0, stream, i, kLongestFrame);
  // In small calls: a device may fetch some frames into a buffer of its own.
  std::size_t sent = 0;
  for (std::size_t n = 1; n > 0 && sent < kFrames; sent += n) {
    n = Offer(0, std::span(frames).subspan(sent, std::min<std::size_t>(32, kFrames - sent)));
  }
  EXPECT_GT(sent, 0u);
  std::size_t next = 0;
  if (can().holds_frames) {
    ASSERT_LT(sent, kFrames) << "the ring never filled";
  } else {
    EXPECT_EQ(sent, kFrames) << "a frame that is lost anyway waits";
    next = sent;
    Settle();
  }
  target().SetCable(true);
  ASSERT_NO_FATAL_FAILURE(WaitForLinks());
  std::vector<PacketBuffer*> received = Collect(1, sent - next);
  ASSERT_NO_FATAL_FAILURE(SendAll(0, std::span(frames).subspan(sent)));
  const std::vector<PacketBuffer*> rest = Collect(1, kFrames - next - received.size());
  received.insert(received.end(), rest.begin(), rest.end());
  ASSERT_EQ(received.size(), kFrames - next);
  for (PacketBuffer* frame : received) ASSERT_TRUE(stream.Matches(*frame, next++, kLongestFrame));
  MemoryPool::Free(received);
  ExpectQuiet(1);
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
}

TEST_F(BackPressure, ReaderThatFreesNothing) {
  constexpr std::size_t kSpare = 40;
  constexpr std::uint64_t kFrames = 600;
  Open(0);
  Open(1, {.receive_descriptors = 64, .buffers = 64 + kSpare});
  WaitForLinks();
  const Stream stream = StreamFrom(0);

  std::vector<PacketBuffer*> held;
  const auto take = [&] {
    std::array<PacketBuffer*, 32> batch;
    const std::size_t n = port(1)->Receive(0, batch);
    held.insert(held.end(), batch.begin(), batch.begin() + n);
    return n > 0;
  };
  std::uint64_t sent = 0;
  while (sent < kFrames) {
    PacketBuffer* frame = Make(0, stream, sent, 200);
    // Some targets make the sender wait for a reader that does not read.
    if (Offer(0, {&frame, 1}) == 0) {
      MemoryPool::Free(frame);
      break;
    }
    ++sent;
    take();
  }
  while (target().Until(take, can().quiet)) {
  }
  // Every buffer that could be put in place of a received one is with us; the others are posted.
  EXPECT_LE(held.size(), port(1).pool().size());
  EXPECT_GE(held.size(), kSpare);
  EXPECT_EQ(port(1).pool().available(), 0u);

  // Freeing what we hold brings what the ring still has, and then new traffic. `seen` is in order.
  std::uint64_t next = 0;
  std::uint64_t received = 0;
  const auto check_and_free = [&] {
    for (PacketBuffer* frame : held) {
      const std::uint64_t number = Stream::NumberOf(*frame);
      EXPECT_GE(number, next);
      EXPECT_TRUE(stream.Matches(*frame, number, 200));
      next = number + 1;
      ++received;
    }
    MemoryPool::Free(held);
    held.clear();
    return received;
  };
  check_and_free();
  ASSERT_FALSE(HasFailure());
  while (target().Until(take, can().quiet)) check_and_free();
  EXPECT_EQ(port(1)->ReadStatistics().received_packets, received);
  ASSERT_NO_FATAL_FAILURE(ExpectRestMissed(sent, received));
  if (can().counts_missed) {
    EXPECT_LT(received, sent);
  }
  ASSERT_NO_FATAL_FAILURE(Send(0, {.count = 1000, .window = 32}));
}

/// Bursts that the reader's ring cannot hold: what arrives and what the port counts as missed are
/// together what was sent, to the packet.
class SlowReader : public BackPressure {
 protected:
  void Run(std::size_t burst, int bursts, std::size_t read_at_most) {
    OpenBoth({.receive_descriptors = 64, .transmit_descriptors = 1024, .buffers = 4096});
    const Stream stream = StreamFrom(0);
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t next = 0;
    const auto length = [](std::uint64_t number) {
      return static_cast<std::uint32_t>(kShortestFrame + number * 37 % 1000);
    };
    const auto check = [&](std::span<PacketBuffer* const> frames) {
      for (PacketBuffer* frame : frames) {
        const std::uint64_t number = Stream::NumberOf(*frame);
        ASSERT_GE(number, next) << "out of order or twice";
        ASSERT_TRUE(stream.Matches(*frame, number, length(number)));
        next = number + 1;
        ++received;
        received_bytes += frame->size;
      }
    };
    const auto read = [&](std::size_t at_most) {
      std::vector<PacketBuffer*> batch(at_most);
      batch.resize(port(1)->Receive(0, batch));
      check(batch);
      MemoryPool::Free(batch);
      return batch.size();
    };
    for (int i = 0; i < bursts; ++i) {
      std::vector<PacketBuffer*> frames(burst);
      for (std::size_t n = 0; n < burst; ++n)
        frames[n] = Make(0, stream, sent + n, length(sent + n));
      // Some targets make the sender wait for the reader; the next burst then begins earlier.
      const std::size_t taken = Offer(0, frames);
      MemoryPool::Free(std::span(frames).subspan(taken));
      for (std::size_t n = 0; n < taken; ++n) sent_bytes += length(sent++);
      read(read_at_most);
      ASSERT_FALSE(HasFailure());
    }
    const auto all_sent = [&] {
      read(64);
      return port(0)->ReadStatistics().transmitted_packets >= sent || HasFailure();
    };
    ASSERT_TRUE(target().Until(all_sent, kDeadline)) << "of " << sent << " frames";
    while (target().Until([&] { return read(64) > 0; }, can().quiet)) {
    }
    ASSERT_FALSE(HasFailure());

    ExpectStatistics(0, {.transmitted_packets = sent, .transmitted_bytes = sent_bytes});
    ASSERT_NO_FATAL_FAILURE(ExpectRestMissed(sent, received));
    const Statistics statistics = port(1)->ReadStatistics();
    EXPECT_EQ(statistics.received_packets, received);
    EXPECT_EQ(statistics.received_bytes, received_bytes);
    if (can().counts_missed) {
      EXPECT_LT(received, sent) << "the burst was meant to be too much";
    }
    ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
  }
};

TEST_F(SlowReader, SentIsReceivedPlusMissed) { Run(500, 40, 64); }

TEST_F(SlowReader, ReadsAlmostNothing) { Run(300, 40, 3); }

}  // namespace
}  // namespace ixylab::conformance
