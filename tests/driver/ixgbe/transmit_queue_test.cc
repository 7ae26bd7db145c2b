// The transmit ring against what the chip reads and writes, by the numbers of section 7.2.3.2.4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "driver/ixgbe/queue.h"
#include "driver/memory_pool.h"
#include "tests/driver/ixgbe/recorded_tail.h"
#include "tests/driver/scripted_dma.h"

namespace ixylab::ixgbe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kEntries = 64;
constexpr std::size_t kBatch = 32;  // frames that are reported, and freed, together
constexpr std::uint32_t kMaxFrameSize = 1514;
const DeviceConfig kConfig{.transmit_descriptors = kEntries, .max_frame_size = kMaxFrameSize};

// DTYP 3 (bits 20-23), EOP (24), IFCS (25), RS (27), DEXT (29); DD (32).
constexpr std::uint64_t kCommand = 0x23300000;
constexpr std::uint64_t kRs = 0x08000000;
constexpr std::uint64_t kDd = 0x1'00000000;

class TransmitQueueTest : public testing::Test {
 protected:
  TransmitQueueTest()
      : words_(reinterpret_cast<std::uint64_t*>(dma_.last().data()), 2 * kEntries) {}

  std::uint64_t& low(std::size_t i) { return words_[2 * (i % kEntries)]; }
  std::uint64_t& high(std::size_t i) { return words_[2 * (i % kEntries) + 1]; }

  std::vector<PacketBuffer*> Frames(std::size_t count, std::uint32_t size = 60) {
    std::vector<PacketBuffer*> frames(count);
    EXPECT_EQ(pool_.Allocate(frames), count) << "the test needs more buffers";
    for (PacketBuffer* frame : frames) frame->size = size;
    return frames;
  }

  /// Sends `count` frames, and frees those that the ring has no room for.
  std::size_t Send(std::size_t count) {
    const std::vector<PacketBuffer*> frames = Frames(count);
    const std::size_t sent = queue_.Transmit(frames);
    MemoryPool::Free(std::span(frames).subspan(sent));
    return sent;
  }

  /// The chip sends everything up to the tail: DD in each descriptor that asks for a report.
  void CompleteAll() {
    const std::size_t tail = tails_.empty() ? 0 : tails_.back();
    for (; head_ != tail; head_ = (head_ + 1) % kEntries) {
      if ((high(head_) & kRs) != 0) high(head_) = kDd;
    }
  }

  std::size_t in_flight() const { return pool_.size() - pool_.available(); }

  ScriptedDma dma_;
  MemoryPool pool_{dma_, 3 * kEntries};
  std::vector<std::uint32_t> tails_;
  TransmitQueue<RecordedTail> queue_{dma_, kConfig, RecordedTail{&tails_}};
  std::span<std::uint64_t> words_;
  std::size_t head_ = 0;
};

TEST_F(TransmitQueueTest, DescriptorWords) {
  const std::vector<std::uint32_t> sizes = {1, 59, 60, 64, 1000, 1514};
  const std::vector<PacketBuffer*> frames = Frames(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) frames[i]->size = sizes[i];
  ASSERT_EQ(queue_.Transmit(frames), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(low(i), frames[i]->iova);
    // DTALEN in bits 0-15, PAYLEN in bits 46-63.
    EXPECT_EQ(high(i), kCommand | sizes[i] | std::uint64_t{sizes[i]} << 46);
  }
  EXPECT_THAT(tails_, ElementsAre(sizes.size()));
  EXPECT_EQ(queue_.ring().bytes(), 16 * kEntries);
}

TEST_F(TransmitQueueTest, NothingToSend) {
  EXPECT_EQ(queue_.Transmit({}), 0u);
  for (const std::uint32_t tail : tails_) EXPECT_EQ(tail, 0u);
}

TEST_F(TransmitQueueTest, FullRing) {
  EXPECT_EQ(Send(100), kEntries - 1) << "tail = head would be an empty ring";
  EXPECT_EQ(tails_.back(), kEntries - 1);
  EXPECT_EQ(Send(1), 0u);
  EXPECT_EQ(tails_.back(), kEntries - 1);
  EXPECT_EQ(in_flight(), kEntries - 1);
}

TEST_F(TransmitQueueTest, BuffersAreKeptUntilTheyAreReportedSent) {
  ASSERT_EQ(Send(kEntries - 1), kEntries - 1);
  EXPECT_EQ(Send(10), 0u);
  high(kBatch - 1) = kDd;
  EXPECT_EQ(Send(50), kBatch);
  EXPECT_EQ(in_flight(), kEntries - 1);
  EXPECT_EQ(tails_.back(), kBatch - 1);
  EXPECT_EQ(Send(10), 0u) << "the same report, found again";
  high(kEntries - 1) = kDd;
  EXPECT_EQ(Send(50), kBatch);
  EXPECT_EQ(tails_.back(), kEntries - 1);
}

TEST_F(TransmitQueueTest, SendingNothingFreesWhatIsReported) {
  ASSERT_EQ(Send(kBatch + 8), kBatch + 8);
  ASSERT_EQ(Send(kBatch - 9), kBatch - 9);
  EXPECT_EQ(queue_.Transmit({}), 0u);
  EXPECT_EQ(in_flight(), 2 * kBatch - 1);
  CompleteAll();
  EXPECT_EQ(queue_.Transmit({}), 0u);
  EXPECT_EQ(in_flight(), kBatch - 1) << "the second clean batch is not whole";
  ASSERT_EQ(Send(1), 1u);
  CompleteAll();
  EXPECT_EQ(queue_.Transmit({}), 0u);
  EXPECT_EQ(in_flight(), 0u);
  EXPECT_EQ(tails_.back(), 0u);
}

TEST_F(TransmitQueueTest, RoundAndRound) {
  std::size_t total = 0;
  for (std::size_t batch = 1; total < 20 * kEntries; batch = batch % 31 + 1) {
    ASSERT_EQ(Send(batch), batch);
    total += batch;
    ASSERT_EQ(tails_.back(), total % kEntries);
    ASSERT_LE(in_flight(), kEntries - 1);
    CompleteAll();
  }
}

// From each place in the ring, each number of frames.
TEST_F(TransmitQueueTest, EachCleanBatchIsReportedAtItsEnd) {
  for (std::size_t start = 0; start < kEntries; ++start) {
    for (std::size_t count = 1; count < kEntries; ++count) {
      std::vector<std::uint32_t> tails;
      TransmitQueue<RecordedTail> queue(dma_, kConfig, RecordedTail{&tails});
      auto* const words = reinterpret_cast<std::uint64_t*>(dma_.last().data());
      const auto send = [&](std::size_t n) {
        const std::vector<PacketBuffer*> frames = Frames(n);
        const std::size_t sent = queue.Transmit(frames);
        MemoryPool::Free(std::span(frames).subspan(sent));
        return sent;
      };
      ASSERT_EQ(send(start), start);
      if (start >= kBatch) words[2 * (kBatch - 1) + 1] = kDd;
      // Frames after the last report stay in the ring.
      const std::size_t room = kEntries - 1 - start % kBatch;
      const std::size_t sent = send(count);
      ASSERT_EQ(sent, std::min(count, room)) << "from " << start;
      for (std::size_t i = start; i < start + sent; ++i) {
        const std::uint64_t report = (i + 1) % kBatch == 0 ? kRs : 0;
        ASSERT_EQ(words[2 * (i % kEntries) + 1], kCommand | report | 60 | std::uint64_t{60} << 46)
            << "descriptor " << i % kEntries << " of " << count << " from " << start;
      }
      ASSERT_EQ(tails.back(), (start + sent) % kEntries);
      queue.Clear();
      ASSERT_EQ(in_flight(), 0u);
    }
  }
}

TEST_F(TransmitQueueTest, BuffersGoBackToTheirOwnPools) {
  MemoryPool other(dma_, 40);
  std::vector<PacketBuffer*> frames;
  for (std::size_t i = 0; i < kBatch; ++i) {
    frames.push_back((i % 3 == 0 ? other : pool_).Allocate());
    frames.back()->size = 60;
  }
  ASSERT_EQ(queue_.Transmit(frames), kBatch);
  EXPECT_EQ(other.available(), 29u);
  CompleteAll();
  queue_.Transmit({});
  EXPECT_EQ(other.available(), 40u);
  EXPECT_EQ(in_flight(), 0u);
}

TEST_F(TransmitQueueTest, FramesOfTheWrongSizeAreRefusedAndThoseBeforeAreSent) {
  for (const std::uint32_t bad : {0u, kMaxFrameSize + 1, 2048u, 0xFFFF'FFFFu}) {
    const std::size_t sent = tails_.empty() ? 0 : tails_.back();
    const std::vector<PacketBuffer*> frames = Frames(5);
    frames[3]->size = bad;
    try {
      queue_.Transmit(frames);
      FAIL() << "a frame of " << bad << " bytes was taken";
    } catch (const FrameError& error) {
      EXPECT_EQ(error.accepted, 3u);
      EXPECT_THAT(error.what(), HasSubstr("frame 4 of 5 has " + std::to_string(bad) + " bytes"));
    }
    EXPECT_EQ(tails_.back(), sent + 3);
    EXPECT_EQ(low(sent + 2), frames[2]->iova);
    EXPECT_EQ(high(sent + 2) & 0xFFFF, 60u);
    // The rest is still the caller's.
    MemoryPool::Free(std::span(frames).subspan(3));
  }
  EXPECT_EQ(in_flight(), 12u);
}

TEST_F(TransmitQueueTest, ARefusedFrameDoesNotHideTheReportOfThoseBefore) {
  const std::vector<PacketBuffer*> frames = Frames(kBatch + 1);
  frames.back()->size = 0;
  EXPECT_THROW(queue_.Transmit(frames), FrameError);
  EXPECT_EQ(high(kBatch - 1) & kRs, kRs);
  MemoryPool::Free(frames.back());
  CompleteAll();
  queue_.Transmit({});
  EXPECT_EQ(in_flight(), 0u);
}

TEST_F(TransmitQueueTest, ClearFreesWhatIsInFlightAndNothingElse) {
  ASSERT_EQ(Send(60), 60u);
  CompleteAll();
  queue_.Transmit({});
  ASSERT_EQ(Send(20), 20u);
  EXPECT_EQ(in_flight(), 48u);
  queue_.Clear();
  EXPECT_EQ(in_flight(), 0u);
  queue_.Clear();
  EXPECT_EQ(in_flight(), 0u);
}

}  // namespace
}  // namespace ixylab::ixgbe
