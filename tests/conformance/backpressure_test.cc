// Rings that are full and pools that are empty: nobody loses a frame without counting it.
#include <algorithm>
#include <array>
#include <vector>

#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

using BackPressure = PortsTest;

TEST_F(BackPressure, FullRingLeavesTheRestToTheCaller) {
  if (!can().can_unplug) GTEST_SKIP() << "the target cannot pull the cable";
  constexpr std::size_t kFrames = 2048;
  OpenBoth({.receive_descriptors = 4096, .transmit_descriptors = 128, .buffers = 8192});
  target().SetCable(false);
  ASSERT_TRUE(target().Until([&] { return !port(0)->Link().up; }, kDeadline));

  const Stream stream = StreamFrom(0);
  std::vector<PacketBuffer*> frames(kFrames);
  for (std::size_t i = 0; i < kFrames; ++i) frames[i] = Make(0, stream, i, kLongestFrame);
  std::size_t sent = 0;
  // A device may fetch some frames into a buffer of its own; then nothing moves any more.
  const auto some_go = [&] {
    const std::size_t before = sent;
    sent += port(0)->Transmit(
        0, std::span(frames).subspan(sent).first(std::min<std::size_t>(32, kFrames - sent)));
    return sent > before;
  };
  while (sent < kFrames && target().Until(some_go, kQuiet)) {
  }
  EXPECT_GT(sent, 0u);
  ASSERT_LT(sent, kFrames) << "the ring never filled";
  const std::size_t with_the_device = sent;
  target().SetCable(true);
  ASSERT_NO_FATAL_FAILURE(WaitForLinks());
  std::vector<PacketBuffer*> received = Collect(1, with_the_device);
  ASSERT_NO_FATAL_FAILURE(SendAll(0, std::span(frames).subspan(with_the_device)));
  const std::vector<PacketBuffer*> rest = Collect(1, kFrames - received.size());
  received.insert(received.end(), rest.begin(), rest.end());
  ASSERT_EQ(received.size(), kFrames);
  for (std::size_t i = 0; i < kFrames; ++i) {
    ASSERT_TRUE(stream.Matches(*received[i], i, kLongestFrame));
  }
  MemoryPool::Free(received);
  ExpectQuiet(1);
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
  for (std::uint64_t number = 0; number < kFrames; ++number) {
    PacketBuffer* frame = Make(0, stream, number, 200);
    ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
    take();
  }
  ASSERT_NO_FATAL_FAILURE(WaitUntilSent(0, kFrames));
  while (target().Until(take, kQuiet)) {
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
  while (target().Until(take, kQuiet)) check_and_free();
  Statistics statistics;
  EXPECT_TRUE(target().Until(
      [&] {
        statistics = port(1)->ReadStatistics();
        return received + statistics.missed_packets == kFrames;
      },
      kDeadline))
      << received << " received, " << statistics.missed_packets << " missed of " << kFrames;
  EXPECT_GT(statistics.missed_packets, 0u);
  EXPECT_EQ(statistics.received_packets, received);
  ASSERT_NO_FATAL_FAILURE(Send(0, {.count = 1000, .window = 32}));
}

/// Bursts that the reader's ring cannot hold: what arrives and what the port counts as missed are
/// together what was sent, to the packet.
class SlowReader : public PortsTest {
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
    for (int i = 0; i < bursts; ++i) {
      std::vector<PacketBuffer*> frames(burst);
      for (PacketBuffer*& frame : frames) {
        sent_bytes += length(sent);
        frame = Make(0, stream, sent, length(sent));
        ++sent;
      }
      ASSERT_NO_FATAL_FAILURE(SendAll(0, frames));
      std::vector<PacketBuffer*> batch(read_at_most);
      batch.resize(port(1)->Receive(0, batch));
      ASSERT_NO_FATAL_FAILURE(check(batch));
      MemoryPool::Free(batch);
    }
    ASSERT_NO_FATAL_FAILURE(WaitUntilSent(0, sent));
    const std::vector<PacketBuffer*> rest = CollectRest(1);
    ASSERT_NO_FATAL_FAILURE(check(rest));
    MemoryPool::Free(rest);

    EXPECT_LT(received, sent) << "the burst was meant to be too much";
    ExpectStatistics(0, {.transmitted_packets = sent, .transmitted_bytes = sent_bytes});
    ExpectStatistics(1, {.received_packets = received,
                         .received_bytes = received_bytes,
                         .missed_packets = sent - received});
    ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
  }
};

TEST_F(SlowReader, SentIsReceivedPlusMissed) { Run(500, 40, 64); }

TEST_F(SlowReader, ReadsAlmostNothing) { Run(300, 40, 3); }

}  // namespace
}  // namespace ixylab::conformance
