// The receive ring against descriptors that the test writes as the chip does, by the numbers of
// sections 7.1.5.1 (read format) and 7.1.5.2 (write-back format).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
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

constexpr std::uint32_t kEntries = 64;
constexpr std::uint64_t kDd = 1;
constexpr std::uint64_t kEop = 2;

class ReceiveQueueTest : public testing::Test {
 protected:
  ReceiveQueueTest() {
    const std::span<std::byte> memory = dma_.last();
    words_ = {reinterpret_cast<std::uint64_t*>(memory.data()), 2 * kEntries};
  }

  std::uint64_t& low(std::size_t i) { return words_[2 * (i % kEntries)]; }
  std::uint64_t& high(std::size_t i) { return words_[2 * (i % kEntries) + 1]; }

  /// The chip has written `length` bytes to descriptor `i`'s buffer.
  void Complete(std::size_t i, std::uint64_t length, std::uint64_t status = kDd | kEop) {
    low(i) = 0xAAAA'5555'1234'5678;  // RSS hash and packet type
    high(i) = length << 32 | status;
  }

  std::size_t Receive(std::size_t limit) {
    received_.assign(limit, nullptr);
    const std::size_t n = queue_.Receive(received_);
    received_.resize(n);
    return n;
  }
  void FreeReceived() {
    MemoryPool::Free(received_);
    received_.clear();
  }

  ScriptedDma dma_;
  MemoryPool pool_{dma_, kEntries + 32};
  std::vector<std::uint32_t> tails_;
  ReceiveQueue<RecordedTail> queue_{
      dma_, {.receive_descriptors = kEntries}, pool_, RecordedTail{&tails_}};
  std::span<std::uint64_t> words_;
  std::vector<PacketBuffer*> received_;
};

TEST_F(ReceiveQueueTest, EachDescriptorHasABufferOfItsOwn) {
  EXPECT_EQ(pool_.available(), 32u);
  EXPECT_EQ(queue_.ring().bytes(), 16 * kEntries);
  std::vector<std::uint64_t> iovas;
  for (std::size_t i = 0; i < kEntries; ++i) {
    iovas.push_back(low(i));
    EXPECT_EQ(high(i), 0u);
  }
  for (PacketBuffer* buffer : pool_.Take(32)) iovas.push_back(buffer->iova);
  // Those in the ring and those in the pool are all there are.
  queue_.Clear();
  std::vector<std::uint64_t> all;
  for (PacketBuffer* buffer : pool_.Take(kEntries)) all.push_back(buffer->iova);
  EXPECT_THAT(std::vector(iovas.begin(), iovas.begin() + kEntries),
              testing::UnorderedElementsAreArray(all));
  std::ranges::sort(iovas);
  EXPECT_EQ(std::ranges::adjacent_find(iovas), iovas.end()) << "a buffer is in two places";
}

TEST_F(ReceiveQueueTest, OneDescriptorIsKeptBackAtTheStart) {
  EXPECT_THAT(tails_, IsEmpty());
  queue_.Start();
  EXPECT_THAT(tails_, ElementsAre(63));
}

TEST_F(ReceiveQueueTest, EmptyRing) {
  EXPECT_EQ(Receive(8), 0u);
  EXPECT_EQ(Receive(0), 0u);
  EXPECT_THAT(tails_, IsEmpty());
  EXPECT_EQ(pool_.available(), 32u);
}

TEST_F(ReceiveQueueTest, OneFrame) {
  const std::uint64_t iova = low(0);
  Complete(0, 1514);
  ASSERT_EQ(Receive(8), 1u);
  EXPECT_EQ(received_[0]->iova, iova);
  EXPECT_EQ(received_[0]->size, 1514u);
  // Another buffer has taken its place, and the chip has the descriptor back.
  EXPECT_NE(low(0), iova);
  EXPECT_EQ(high(0), 0u);
  EXPECT_EQ(pool_.available(), 31u);
  EXPECT_THAT(tails_, ElementsAre(0));
  FreeReceived();
  queue_.Clear();
  EXPECT_EQ(pool_.available(), pool_.size());
}

TEST_F(ReceiveQueueTest, Lengths) {
  // Bits 48-63 are the VLAN tag, 20-31 errors, 2-19 other status.
  const std::uint64_t noise = 0xFFFF'0000'FFFF'FFFC;
  const std::array<std::uint32_t, 5> lengths = {1, 60, 255, 1518, 2048};
  for (std::size_t i = 0; i < lengths.size(); ++i) Complete(i, lengths[i], noise | kDd | kEop);
  ASSERT_EQ(Receive(8), lengths.size());
  for (std::size_t i = 0; i < lengths.size(); ++i) EXPECT_EQ(received_[i]->size, lengths[i]);
}

TEST_F(ReceiveQueueTest, BatchesStopAtTheLimitAndAtTheFirstMissingFrame) {
  std::vector<std::uint64_t> iovas;
  for (std::size_t i = 0; i < 7; ++i) {
    iovas.push_back(low(i));
    Complete(i, 100 + i);
  }
  Complete(8, 200);  // 7 is not there yet: 8 must wait
  ASSERT_EQ(Receive(5), 5u);
  EXPECT_THAT(tails_, ElementsAre(4));
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(received_[i]->size, 100 + i);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(received_[i]->iova, iovas[i]);
  ASSERT_EQ(Receive(5), 2u);
  EXPECT_THAT(tails_, ElementsAre(4, 6));
  EXPECT_EQ(received_[1]->iova, iovas[6]);
  ASSERT_EQ(Receive(5), 0u);
  EXPECT_EQ(high(8) & kDd, kDd);
  Complete(7, 107);
  ASSERT_EQ(Receive(5), 2u);
  EXPECT_EQ(received_[1]->size, 200u);
  EXPECT_THAT(tails_, ElementsAre(4, 6, 8));
}

TEST_F(ReceiveQueueTest, RoundAndRound) {
  for (std::size_t i = 0; i < 10 * kEntries;) {
    const std::size_t batch = 1 + i % 29;
    std::vector<std::uint64_t> iovas;
    for (std::size_t k = 0; k < batch; ++k) {
      iovas.push_back(low(i + k));
      ASSERT_EQ(high(i + k), 0u);
      Complete(i + k, 64 + k);
    }
    ASSERT_EQ(Receive(batch + 3), batch);
    for (std::size_t k = 0; k < batch; ++k) {
      ASSERT_EQ(received_[k]->iova, iovas[k]);
      ASSERT_EQ(received_[k]->size, 64 + k);
    }
    FreeReceived();
    i += batch;
    ASSERT_EQ(tails_.back(), (i - 1) % kEntries) << "one descriptor is kept back";
  }
}

TEST_F(ReceiveQueueTest, AnEmptyPoolHoldsFramesBackAndLosesNone) {
  for (std::size_t i = 0; i < 40; ++i) Complete(i, 100 + i);
  std::vector<PacketBuffer*> held(30);
  ASSERT_EQ(pool_.Allocate(held), 30u);
  ASSERT_EQ(Receive(40), 2u);
  const std::vector<PacketBuffer*> first = received_;
  EXPECT_EQ(pool_.available(), 0u);
  ASSERT_EQ(Receive(40), 0u);
  EXPECT_THAT(tails_, ElementsAre(1));
  MemoryPool::Free(held);
  ASSERT_EQ(Receive(40), 30u);
  EXPECT_EQ(received_[0]->size, 102u);
  EXPECT_EQ(received_[29]->size, 131u);
  MemoryPool::Free(first);
  FreeReceived();
  ASSERT_EQ(Receive(40), 8u);
  EXPECT_EQ(received_[7]->size, 139u);
}

// Each descriptor takes the longest frame that the MAC lets through.
TEST_F(ReceiveQueueTest, AFrameInFragmentsIsAnError) {
  Complete(0, 60);
  Complete(1, 2048, kDd);
  Complete(2, 10);
  ASSERT_EQ(Receive(8), 1u) << "what came before it is received";
  FreeReceived();
  try {
    Receive(8);
    FAIL() << "half a frame was received";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a frame in several descriptors"));
  }
  EXPECT_EQ(pool_.available(), 32u);
}

TEST_F(ReceiveQueueTest, ClearGivesEveryBufferBack) {
  for (std::size_t i = 0; i < 20; ++i) Complete(i, 60);
  ASSERT_EQ(Receive(20), 20u);
  FreeReceived();
  queue_.Clear();
  EXPECT_EQ(pool_.available(), pool_.size());
}

}  // namespace
}  // namespace ixylab::ixgbe
