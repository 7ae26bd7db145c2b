// The receive queue against a device that writes raw descriptors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/driver/virtio/queue_test.h"

namespace ixylab::virtio {
namespace {

constexpr std::uint32_t kHeader = 12;

template <typename Format>
class ReceiveQueueTest : public QueueTest<Format> {
 protected:
  using Base = QueueTest<Format>;
  using Base::kSize;
  using typename Base::Ring;

  void Start(bool event_index = false, bool mergeable = true) {
    queue_.emplace(this->MakeRing({.entries = kSize,
                                   .buffers = kSize,
                                   .event_index = event_index,
                                   .receive_bytes = kHeader + 2048}),
                   this->pool_, NetHeader{.mergeable = mergeable}, this->notifier());
    queue_->Start();
    Take();
  }
  void TearDown() override {
    MemoryPool::Free(received_);
    queue_->Clear();
    EXPECT_EQ(this->pool_.available(), this->pool_.size());
  }

  /// The device looks for new buffers.
  std::size_t Take() {
    const std::vector<Available> taken = this->side().Take();
    posted_.insert(posted_.end(), taken.begin(), taken.end());
    return taken.size();
  }
  /// The device receives a frame of `size` bytes whose first is `mark`, in the `n`-th buffer that
  /// it has.
  void Arrive(std::uint32_t size, unsigned mark = 0, std::uint16_t buffers = 1, std::size_t n = 0) {
    const Available buffer = posted_.at(n);
    posted_.erase(posted_.begin() + static_cast<std::ptrdiff_t>(n));
    std::byte* const data = this->BufferAt(buffer.elements[0].address, kHeader).data();
    std::memcpy(data - 2, &buffers, 2);
    data[0] = static_cast<std::byte>(mark);
    this->side().Use(buffer, kHeader + size);
  }
  std::size_t Receive(std::size_t limit) {
    MemoryPool::Free(received_);
    received_.assign(limit, nullptr);
    received_.resize(queue_->Receive(received_));
    return received_.size();
  }
  unsigned mark(std::size_t i) { return std::to_integer<unsigned>(received_[i]->data()[0]); }

  std::optional<ReceiveQueue<Ring>> queue_;
  std::vector<Available> posted_;
  std::vector<PacketBuffer*> received_;
};

TYPED_TEST_SUITE(ReceiveQueueTest, Formats, FormatNames);

TYPED_TEST(ReceiveQueueTest, EachBufferIsThereOnceWithItsHeaderInFront) {
  this->Start();
  EXPECT_TRUE(this->Rung());
  EXPECT_EQ(this->in_use(), 64u);
  ASSERT_EQ(this->posted_.size(), 64u);
  std::set<std::uint64_t> seen;
  for (const Available& buffer : this->posted_) {
    ASSERT_EQ(buffer.elements.size(), 1u);
    EXPECT_EQ(buffer.elements[0].length, 2048u + 12);
    EXPECT_EQ(buffer.elements[0].flags, 2u);
    EXPECT_TRUE(this->buffers_.contains(buffer.elements[0].address + 12));
    EXPECT_TRUE(seen.insert(buffer.elements[0].address).second);
  }
}

TYPED_TEST(ReceiveQueueTest, NoInterrupts) {
  this->Start();
  EXPECT_TRUE(this->side().driver_wants_no_interrupt());
}

TYPED_TEST(ReceiveQueueTest, Lengths) {
  this->Start();
  const std::vector<std::uint32_t> lengths = {1, 60, 255, 1514, 2048};
  for (const std::uint32_t length : lengths) this->Arrive(length);
  ASSERT_EQ(this->Receive(8), lengths.size());
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    EXPECT_EQ(this->received_[i]->size, lengths[i]);
  }
  EXPECT_EQ(this->queue_->statistics().packets, 5u);
  EXPECT_EQ(this->queue_->statistics().bytes, 1u + 60 + 255 + 1514 + 2048);
  EXPECT_EQ(this->queue_->statistics().errors, 0u);
}

TYPED_TEST(ReceiveQueueTest, NothingThere) {
  this->Start();
  EXPECT_EQ(this->Receive(8), 0u);
  EXPECT_EQ(this->Receive(0), 0u);
  this->Arrive(60);
  EXPECT_EQ(this->Receive(0), 0u);
  EXPECT_EQ(this->Receive(1), 1u);
}

// More than 65,536 frames: the indices of a split ring and the laps of a packed one go round.
TYPED_TEST(ReceiveQueueTest, RoundAndRound) {
  this->Start();
  unsigned sent = 0;
  unsigned next = 0;
  for (std::size_t round = 0; next < 70'000; ++round) {
    const std::size_t batch = 1 + round % 37;
    for (std::size_t i = 0; i < batch && !this->posted_.empty(); ++i)
      this->Arrive(60, sent++ % 251);
    while (this->Receive(1 + round % 41) != 0) {
      for (std::size_t i = 0; i < this->received_.size(); ++i) {
        ASSERT_EQ(this->mark(i), next++ % 251);
      }
    }
    ASSERT_EQ(next, sent);
    this->Take();
    // Up to 31 may wait to be published.
    ASSERT_GE(this->posted_.size(), 33u);
  }
}

TYPED_TEST(ReceiveQueueTest, AnyOrder) {
  this->Start();
  std::mt19937 random(1);
  unsigned sent = 0;
  unsigned next = 0;
  while (next < 5'000) {
    const std::size_t batch = 1 + random() % 30;
    for (std::size_t i = 0; i < batch; ++i) {
      this->Arrive(60, sent++ % 251, 1, random() % this->posted_.size());
    }
    while (this->Receive(1 + random() % 40) != 0) {
      for (std::size_t i = 0; i < this->received_.size(); ++i) {
        ASSERT_EQ(this->mark(i), next++ % 251);
      }
    }
    ASSERT_EQ(next, sent);
    this->Take();
    std::set<std::uint64_t> seen;
    for (const Available& buffer : this->posted_) {
      ASSERT_TRUE(seen.insert(buffer.elements[0].address).second) << "given twice";
      ASSERT_EQ(buffer.elements[0].length, 2048u + 12);
    }
  }
}

TYPED_TEST(ReceiveQueueTest, AnEmptyPoolHoldsFramesBackAndLosesNone) {
  this->Start();
  std::vector<PacketBuffer*> held(this->pool_.available() - 2);
  ASSERT_EQ(this->pool_.Allocate(held), held.size());
  for (unsigned i = 0; i < 40; ++i) this->Arrive(60, i);
  ASSERT_EQ(this->Receive(40), 2u);
  const std::vector<PacketBuffer*> first = std::exchange(this->received_, {});
  ASSERT_EQ(this->Receive(40), 0u);
  MemoryPool::Free(held);
  MemoryPool::Free(first);
  ASSERT_EQ(this->Receive(40), 38u);
  EXPECT_EQ(this->mark(0), 2u);
  EXPECT_EQ(this->mark(37), 39u);
}

TYPED_TEST(ReceiveQueueTest, FramesOverSeveralBuffersAreSkippedWhole) {
  this->Start();
  std::size_t received = 0;
  // At each place in the ring, over its end too, and with frames around.
  for (unsigned round = 0; round < 100; ++round) {
    const std::size_t before = this->queue_->statistics().errors;
    this->Arrive(60, 1);
    this->Arrive(2048, 2, 3);
    this->Arrive(2048 - 12 + 12, 3, 0);  // no header there: these bytes are data
    this->Arrive(10, 4, 77);
    this->Arrive(61, 5);
    std::vector<unsigned> marks;
    for (int calls = 0; calls < 4; ++calls) {
      this->Receive(8);
      for (std::size_t i = 0; i < this->received_.size(); ++i) marks.push_back(this->mark(i));
    }
    ASSERT_THAT(marks, testing::ElementsAre(1, 5)) << "round " << round;
    ASSERT_EQ(this->queue_->statistics().errors, before + 1);
    received += 2;
    ASSERT_EQ(this->queue_->statistics().packets, received);
    this->Take();
    ASSERT_GE(this->posted_.size(), 33u) << "buffers are lost";
  }
}

TYPED_TEST(ReceiveQueueTest, SkippingWaitsForTheRest) {
  this->Start();
  this->Arrive(2048, 1, 3);
  EXPECT_EQ(this->Receive(8), 0u);
  this->Arrive(2048, 2, 1);
  EXPECT_EQ(this->Receive(8), 0u);
  this->Arrive(5, 3, 1);
  this->Arrive(60, 4);
  ASSERT_EQ(this->Receive(8), 1u);
  EXPECT_EQ(this->mark(0), 4u);
  EXPECT_EQ(this->queue_->statistics().errors, 1u);
}

TYPED_TEST(ReceiveQueueTest, LengthsThatCannotBeAreErrors) {
  this->Start();
  for (const std::uint32_t length : {0u, 0u - 1, 0u - 12, 2049u, 0x7FFF'FFFFu}) {
    this->Arrive(length);
    EXPECT_EQ(this->Receive(8), 0u) << length;
  }
  EXPECT_EQ(this->queue_->statistics().errors, 5u);
  EXPECT_EQ(this->queue_->statistics().packets, 0u);
  this->Arrive(60);
  EXPECT_EQ(this->Receive(8), 1u);
}

// num_buffers is garbage before virtio 1.0 (and with QEMU long after) without MRG_RXBUF.
TYPED_TEST(ReceiveQueueTest, NumBuffersCountsOnlyWhereItWasNegotiated) {
  this->Start(false, false);
  this->Arrive(60, 1, 0);
  this->Arrive(60, 2, 7);
  EXPECT_EQ(this->Receive(8), 2u);
}

// An id that is none must not lead out of memory.
TYPED_TEST(ReceiveQueueTest, IdsBeyondTheRing) {
  this->Start();
  for (const unsigned id : {64u, 1000u, 0xFFFFu}) {
    this->side().Use(static_cast<std::uint16_t>(id), 12 + 60);
    this->Receive(8);
  }
}

TYPED_TEST(ReceiveQueueTest, ThirtyTwoBuffersAreNotifiedAtOnce) {
  this->Start();
  EXPECT_TRUE(this->Rung());
  for (unsigned i = 1; i <= 320; ++i) {
    this->Arrive(60);
    ASSERT_EQ(this->Receive(1), 1u);
    ASSERT_EQ(this->Rung(), i % 32 == 0) << i;
    this->Take();
  }
}

TYPED_TEST(ReceiveQueueTest, NotNotifiedWhereTheDeviceLooksItself) {
  this->Start();
  EXPECT_TRUE(this->Rung());
  this->side().SetNoNotify(true);
  for (unsigned i = 1; i <= 100; ++i) {
    this->Arrive(60);
    ASSERT_EQ(this->Receive(1), 1u);
    ASSERT_FALSE(this->Rung());
    this->Take();
  }
  this->side().SetNoNotify(false);
  for (unsigned i = 1; i <= 32; ++i) {
    this->Arrive(60);
    this->Receive(1);
  }
  EXPECT_TRUE(this->Rung());
}

TYPED_TEST(ReceiveQueueTest, ClearBeforeStart) {
  this->queue_.emplace(
      this->MakeRing({.entries = 64, .buffers = 64, .event_index = false, .receive_bytes = 2060}),
      this->pool_, NetHeader{}, this->notifier());
  EXPECT_EQ(this->in_use(), 0u);
}

/// What only split rings have.
class LegacyReceiveQueueTest : public QueueTest<Split> {};

TEST_F(LegacyReceiveQueueTest, RingLargerThanAskedFor) {
  ReceiveQueue<SplitRing> queue(
      MakeRing({.entries = 256, .buffers = 64, .event_index = false, .receive_bytes = 2060}), pool_,
      NetHeader{}, notifier());
  queue.Start();
  EXPECT_EQ(in_use(), 64u);
  std::vector<Available> posted = side().Take();
  ASSERT_EQ(posted.size(), 64u);
  unsigned next = 0;
  for (unsigned i = 0; i < 3000; ++i) {
    std::byte* const data = BufferAt(posted.at(0).elements[0].address, 12).data();
    const std::uint16_t one = 1;
    std::memcpy(data - 2, &one, 2);
    data[0] = static_cast<std::byte>(i % 251);
    side().Use(posted[0], 12 + 60);
    posted.erase(posted.begin());
    if (i % 7 == 0) continue;
    std::array<PacketBuffer*, 16> packets;
    const std::size_t n = queue.Receive(packets);
    for (std::size_t k = 0; k < n; ++k) {
      ASSERT_EQ(std::to_integer<unsigned>(packets[k]->data()[0]), next++ % 251);
    }
    MemoryPool::Free(std::span(packets).first(n));
    const std::vector<Available> more = side().Take();
    posted.insert(posted.end(), more.begin(), more.end());
    ASSERT_GE(posted.size(), 31u);
    ASSERT_LE(posted.size(), 64u);
  }
  queue.Clear();
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(LegacyReceiveQueueTest, HeaderInADescriptorOfItsOwn) {
  ReceiveQueue<SplitRing> queue(MakeRing({.entries = 64,
                                          .buffers = 64,
                                          .event_index = false,
                                          .receive_bytes = 2048,
                                          .separate_header = 10}),
                                pool_, {.bytes = 10, .mergeable = false, .separate = true},
                                notifier());
  queue.Start();
  EXPECT_EQ(in_use(), 32u) << "two descriptors each";
  std::vector<Available> posted = side().Take();
  ASSERT_EQ(posted.size(), 32u);
  std::set<std::uint64_t> headers;
  for (const Available& buffer : posted) {
    ASSERT_EQ(buffer.elements.size(), 2u);
    EXPECT_EQ(buffer.elements[0].length, 10u);
    EXPECT_EQ(buffer.elements[0].flags, 3u);
    EXPECT_EQ(buffer.elements[1].length, 2048u);
    EXPECT_EQ(buffer.elements[1].flags, 2u);
    EXPECT_TRUE(buffers_.contains(buffer.elements[1].address));
    EXPECT_TRUE(headers.insert(buffer.elements[0].address).second);
  }
  for (unsigned i = 0; i < 500; ++i) {
    PacketBuffer* const expected = &BufferAt(posted.at(0).elements[1].address, 0);
    side().Use(posted[0], 10 + 61);
    posted.erase(posted.begin());
    std::array<PacketBuffer*, 4> packets;
    ASSERT_EQ(queue.Receive(packets), 1u);
    EXPECT_EQ(packets[0], expected);
    EXPECT_EQ(packets[0]->size, 61u);
    MemoryPool::Free(packets[0]);
    const std::vector<Available> more = side().Take();
    posted.insert(posted.end(), more.begin(), more.end());
    ASSERT_GE(posted.size(), 16u);
  }
  queue.Clear();
  EXPECT_EQ(in_use(), 0u);
}

}  // namespace
}  // namespace ixylab::virtio
