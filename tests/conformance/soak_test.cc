// Ten million frames, or as many as the target has time for; all lengths and batch sizes anyhow.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

/// Fletcher's sums over 8-byte words: every byte of every frame counts, and its place does too.
class Checksum {
 public:
  void Add(std::span<const std::byte> frame) {
    std::size_t at = 0;
    for (; at + 8 <= frame.size(); at += 8) AddWord(frame.data() + at, 8);
    AddWord(frame.data() + at, frame.size() - at);
    first_ += frame.size();
  }
  friend bool operator==(const Checksum&, const Checksum&) = default;

 private:
  void AddWord(const std::byte* bytes, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, size);
    first_ += word;
    second_ += first_;
  }

  std::uint64_t first_ = 0;
  std::uint64_t second_ = 0;
};

class Soak : public PortsTest {
 protected:
  // All lengths come once in kLengths frames, in an order without a pattern a cache could like.
  static constexpr std::uint64_t kLengths = kLongestFrame - kShortestFrame + 1;
  static std::uint32_t Length(std::uint64_t number) {
    return static_cast<std::uint32_t>(kShortestFrame + number * 611 % kLengths);
  }
  static_assert(kLengths % 13 != 0 && kLengths % 47 != 0,
                "611 = 13 * 47 must generate all lengths");

  struct Direction {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    Checksum sent_sum;
    Checksum received_sum;
  };

  void SendBatch(unsigned from, const Stream& stream, std::size_t count, Direction& direction) {
    std::vector<PacketBuffer*> batch(count);
    for (PacketBuffer*& frame : batch) {
      frame = Make(from, stream, direction.sent, Length(direction.sent));
      direction.sent_sum.Add(frame->frame());
      ++direction.sent;
    }
    SendAll(from, batch);
  }

  void ReceiveSome(unsigned at, Direction& direction) {
    std::array<PacketBuffer*, 64> batch;
    const std::size_t n = port(at)->Receive(0, batch);
    for (std::size_t i = 0; i < n; ++i) {
      if (Stream::NumberOf(*batch[i]) != direction.received) {
        ADD_FAILURE() << "frame " << Stream::NumberOf(*batch[i]) << " in place of "
                      << direction.received;
      }
      direction.received_sum.Add(batch[i]->frame());
      ++direction.received;
    }
    MemoryPool::Free(std::span(batch).first(n));
  }
};

TEST_F(Soak, EveryFrameArrivesOnceInOrderUnchanged) {
  constexpr std::array<std::size_t, 13> kBatches = {1,  2,  3,   7,   16,  31, 32,
                                                    33, 64, 100, 128, 255, 256};
  const std::uint64_t total = CurrentSession().soak_packets.value_or(can().soak_packets);
  const std::uint64_t each = std::max<std::uint64_t>(total / 2, 2 * kLengths);
  OpenBoth({.receive_descriptors = 512, .transmit_descriptors = 512});
  const std::array<Stream, 2> streams = {StreamFrom(0), StreamFrom(1)};
  std::array<Direction, 2> directions;  // by sender

  for (std::size_t round = 0; directions[0].sent < each; ++round) {
    for (unsigned from : {0u, 1u}) {
      const std::size_t batch =
          std::min<std::size_t>(kBatches[(round + from) % kBatches.size()], RingSize(512) / 2);
      ASSERT_NO_FATAL_FAILURE(SendBatch(from, streams[from], batch, directions[from]));
    }
    for (unsigned from : {0u, 1u}) {
      Direction& direction = directions[from];
      ASSERT_TRUE(target().Until(
          [&] {
            ReceiveSome(1 - from, direction);
            return direction.received >= direction.sent || HasFailure();
          },
          kDeadline))
          << direction.received << " of " << direction.sent << " frames from port " << from;
      ASSERT_FALSE(HasFailure());
      ASSERT_EQ(direction.received, direction.sent);
      ASSERT_TRUE(direction.received_sum == direction.sent_sum)
          << "the checksum is wrong within the last " << kBatches.back() << " frames before "
          << direction.sent << " from port " << from;
    }
  }
  RecordProperty("packets", std::to_string(directions[0].received + directions[1].received));
  for (unsigned p : {0u, 1u}) {
    ExpectQuiet(p);
    EXPECT_EQ(port(p)->ReadStatistics().missed_packets, 0u);
    EXPECT_EQ(port(p)->ReadStatistics().transmitted_packets, directions[p].sent);
    EXPECT_EQ(port(p)->ReadStatistics().received_packets, directions[1 - p].received);
  }
}

}  // namespace
}  // namespace ixylab::conformance
