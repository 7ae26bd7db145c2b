// The transmit queue against a device that reads raw descriptors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/driver/virtio/queue_test.h"

namespace ixylab::virtio {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kMaxFrameSize = 1514;

template <typename Format>
class TransmitQueueTest : public QueueTest<Format> {
 protected:
  using Base = QueueTest<Format>;
  using Base::kSize;
  using typename Base::Ring;

  TransmitQueueTest() {
    queue_.emplace(this->MakeRing({.entries = kSize, .buffers = kSize, .event_index = false}),
                   kMaxFrameSize, NetHeader{}, this->notifier());
  }
  void TearDown() override {
    queue_->Clear();
    EXPECT_EQ(this->pool_.available(), this->pool_.size());
  }

  std::vector<PacketBuffer*> Frames(std::size_t count, std::uint32_t size = 60) {
    std::vector<PacketBuffer*> frames(count);
    EXPECT_EQ(this->pool_.Allocate(frames), count) << "the test needs more buffers";
    for (PacketBuffer* frame : frames) frame->size = size;
    return frames;
  }
  /// Sends `count` frames, and frees those that the ring has no room for.
  std::size_t Send(std::size_t count) {
    const std::vector<PacketBuffer*> frames = Frames(count);
    const std::size_t sent = queue_->Transmit(frames);
    MemoryPool::Free(std::span(frames).subspan(sent));
    return sent;
  }
  /// The device looks for new frames.
  std::size_t Take() {
    const std::vector<Available> taken = this->side().Take();
    at_device_.insert(at_device_.end(), taken.begin(), taken.end());
    return taken.size();
  }
  void Use(std::size_t n = 0) {
    this->side().Use(at_device_.at(n), 0);
    at_device_.erase(at_device_.begin() + static_cast<std::ptrdiff_t>(n));
  }
  void UseAll() {
    Take();
    while (!at_device_.empty()) Use();
  }

  std::optional<TransmitQueue<Ring>> queue_;
  std::vector<Available> at_device_;
};

TYPED_TEST_SUITE(TransmitQueueTest, Formats, FormatNames);

TYPED_TEST(TransmitQueueTest, DescriptorsWithAHeaderOfZeros) {
  const std::vector<std::uint32_t> sizes = {1, 59, 60, 64, 1000, 1514};
  const std::vector<PacketBuffer*> frames = this->Frames(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    frames[i]->size = sizes[i];
    std::ranges::fill(frames[i]->headroom, std::byte{0xA5});
  }
  ASSERT_EQ(this->queue_->Transmit(frames), sizes.size());
  ASSERT_EQ(this->Take(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    ASSERT_EQ(this->at_device_[i].elements.size(), 1u);
    const Element& element = this->at_device_[i].elements[0];
    EXPECT_EQ(element.address, frames[i]->iova - 12);
    EXPECT_EQ(element.length, sizes[i] + 12);
    EXPECT_EQ(element.flags, 0u);
    EXPECT_TRUE(std::all_of(frames[i]->data() - 12, frames[i]->data(),
                            [](std::byte b) { return b == std::byte{0}; }));
    EXPECT_EQ(*(frames[i]->data() - 13), std::byte{0xA5});
  }
  EXPECT_TRUE(this->side().driver_wants_no_interrupt());
}

TYPED_TEST(TransmitQueueTest, NothingToSend) {
  EXPECT_EQ(this->queue_->Transmit({}), 0u);
  EXPECT_EQ(this->Take(), 0u);
  EXPECT_FALSE(this->Rung());
}

TYPED_TEST(TransmitQueueTest, FullRing) {
  EXPECT_EQ(this->Send(100), 64u);
  EXPECT_TRUE(this->Rung());
  EXPECT_EQ(this->Send(1), 0u);
  EXPECT_FALSE(this->Rung());
  EXPECT_EQ(this->Take(), 64u);
  this->Use();
  EXPECT_EQ(this->Send(3), 1u);
  EXPECT_EQ(this->in_use(), 64u);
}

TYPED_TEST(TransmitQueueTest, EachCallIsNotified) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(this->Send(3), 3u);
    EXPECT_TRUE(this->Rung());
  }
  this->side().SetNoNotify(true);
  EXPECT_EQ(this->Send(3), 3u);
  EXPECT_FALSE(this->Rung());
  EXPECT_EQ(this->Take(), 33u);
  this->side().SetNoNotify(false);
  EXPECT_EQ(this->Send(3), 3u);
  EXPECT_TRUE(this->Rung());
}

// More than 65,536 frames, used in any order.
TYPED_TEST(TransmitQueueTest, RoundAndRoundInAnyOrder) {
  std::mt19937 random(1);
  std::size_t sent = 0;
  while (sent < 70'000) {
    sent += this->Send(1 + random() % 50);
    ASSERT_LE(this->in_use(), 64u);
    this->Take();
    std::set<std::uint64_t> seen;
    for (const Available& buffer : this->at_device_) {
      ASSERT_TRUE(seen.insert(buffer.elements[0].address).second) << "two frames in one buffer";
      ASSERT_EQ(buffer.elements[0].length, 72u);
    }
    for (std::size_t n = random() % (this->at_device_.size() + 1); n != 0; --n) {
      this->Use(random() % 4 == 0 ? random() % this->at_device_.size() : 0);
    }
  }
  this->UseAll();
  this->queue_->Reclaim();
  EXPECT_EQ(this->in_use(), 0u);
  EXPECT_EQ(this->queue_->statistics().packets, sent);
  EXPECT_EQ(this->queue_->statistics().bytes, 60 * sent);
}

TYPED_TEST(TransmitQueueTest, CountedWhenUsedAndNotBefore) {
  ASSERT_EQ(this->Send(10), 10u);
  this->queue_->Reclaim();
  EXPECT_EQ(this->queue_->statistics().packets, 0u);
  this->Take();
  for (int i = 0; i < 4; ++i) this->Use();
  this->queue_->Reclaim();
  EXPECT_EQ(this->queue_->statistics().packets, 4u);
  EXPECT_EQ(this->queue_->statistics().bytes, 240u);
  EXPECT_EQ(this->in_use(), 6u);
}

TYPED_TEST(TransmitQueueTest, SendingFreesWhatIsUsed) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(this->Send(5), 5u);
    this->UseAll();
    ASSERT_LE(this->in_use(), 64u);
  }
  EXPECT_EQ(this->queue_->Transmit({}), 0u);
  EXPECT_EQ(this->in_use(), 0u);
}

TYPED_TEST(TransmitQueueTest, BuffersGoBackToTheirOwnPools) {
  MemoryPool other(this->dma_, 40);
  std::vector<PacketBuffer*> frames;
  for (std::size_t i = 0; i < 32; ++i) {
    frames.push_back((i % 3 == 0 ? other : this->pool_).Allocate());
    frames.back()->size = 60;
  }
  ASSERT_EQ(this->queue_->Transmit(frames), 32u);
  EXPECT_EQ(other.available(), 29u);
  this->UseAll();
  this->queue_->Reclaim();
  EXPECT_EQ(other.available(), 40u);
  EXPECT_EQ(this->in_use(), 0u);
}

// In each place of the ring, in calls that reach over several clean batches too.
TYPED_TEST(TransmitQueueTest, FramesOfTheWrongSizeAreRefusedAndThoseBeforeAreSent) {
  std::size_t sent = 0;
  for (std::size_t round = 0; round < 500; ++round) {
    const std::uint32_t bad = std::array{0u, 1515u, 2048u, 65'596u, 0xFFFF'FFFFu}[round % 5];
    const std::size_t place = round % 50;
    const std::vector<PacketBuffer*> frames = this->Frames(place + 4);
    frames[place]->size = bad;
    try {
      this->queue_->Transmit(frames);
      FAIL() << "a frame of " << bad << " bytes was taken";
    } catch (const FrameError& error) {
      ASSERT_EQ(error.accepted, place);
      EXPECT_THAT(error.what(), HasSubstr(" has " + std::to_string(bad) + " bytes"));
    }
    MemoryPool::Free(std::span(frames).subspan(place));
    EXPECT_EQ(this->Rung(), place != 0);
    ASSERT_EQ(this->Take(), place);
    for (std::size_t i = 0; i < place; ++i) {
      ASSERT_EQ(this->at_device_[i].elements[0].address, frames[i]->iova - 12);
    }
    this->UseAll();
    ASSERT_EQ(this->Send(3), 3u);
    this->Rung();
    this->UseAll();
    sent += place + 3;
  }
  this->queue_->Reclaim();
  EXPECT_EQ(this->queue_->statistics().packets, sent);
  EXPECT_EQ(this->in_use(), 0u);
}

// A device that uses a buffer twice gets no other: nothing is freed twice.
TYPED_TEST(TransmitQueueTest, ABufferThatIsUsedTwiceIsFreedOnce) {
  ASSERT_EQ(this->Send(4), 4u);
  this->Take();
  this->side().Use(this->at_device_[1], 0);
  this->side().Use(this->at_device_[1], 0);
  this->queue_->Reclaim();
  this->queue_->Reclaim();
  EXPECT_EQ(this->queue_->statistics().packets, 1u);
  EXPECT_EQ(this->in_use(), 3u);
}

TYPED_TEST(TransmitQueueTest, IdsBeyondTheRing) {
  ASSERT_EQ(this->Send(4), 4u);
  for (const unsigned id : {64u + 2, 0xFFF0u, 0xFFFFu}) {
    this->side().Use(static_cast<std::uint16_t>(id), 0);
  }
  this->queue_->Reclaim();
  EXPECT_LE(this->queue_->statistics().packets, 3u);
}

TYPED_TEST(TransmitQueueTest, ClearFreesWhatIsInFlightAndNothingElse) {
  ASSERT_EQ(this->Send(60), 60u);
  this->Take();
  for (int i = 0; i < 40; ++i) this->Use();
  this->queue_->Reclaim();
  EXPECT_EQ(this->in_use(), 20u);
  this->queue_->Clear();
  EXPECT_EQ(this->in_use(), 0u);
  this->queue_->Clear();
  EXPECT_EQ(this->in_use(), 0u);
}

/// What only split rings have.
class LegacyTransmitQueueTest : public QueueTest<Split> {};

TEST_F(LegacyTransmitQueueTest, RingLargerThanAskedFor) {
  TransmitQueue<SplitRing> queue(MakeRing({.entries = 256, .buffers = 64, .event_index = false}),
                                 kMaxFrameSize, NetHeader{}, notifier());
  std::vector<Available> at_device;
  for (unsigned i = 0; i < 1000; ++i) {
    std::array<PacketBuffer*, 20> frames;
    ASSERT_EQ(pool_.Allocate(frames), 20u);
    for (PacketBuffer* frame : frames) frame->size = 60;
    const std::size_t sent = queue.Transmit(frames);
    MemoryPool::Free(std::span(frames).subspan(sent));
    ASSERT_LE(in_use(), 64u);
    const std::vector<Available> taken = side().Take();
    ASSERT_EQ(taken.size(), sent);
    for (std::size_t k = 0; k < sent; ++k) {
      ASSERT_EQ(taken[k].elements[0].address, frames[k]->iova - 12);
    }
    at_device.insert(at_device.end(), taken.begin(), taken.end());
    for (unsigned k = 0; k < 17 && !at_device.empty(); ++k) {
      const std::size_t which = (i + k) % at_device.size();
      side().Use(at_device[which], 0);
      at_device.erase(at_device.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }
  queue.Clear();
  EXPECT_EQ(in_use(), 0u);
}

TEST_F(LegacyTransmitQueueTest, HeaderInADescriptorOfItsOwn) {
  TransmitQueue<SplitRing> queue(
      MakeRing({.entries = 64, .buffers = 64, .event_index = false, .separate_header = 10}),
      kMaxFrameSize, {.bytes = 10, .mergeable = false, .separate = true}, notifier());
  std::vector<PacketBuffer*> frames(40);
  for (int round = 0; round < 100; ++round) {
    ASSERT_EQ(pool_.Allocate(frames), 40u);
    for (PacketBuffer* frame : frames) frame->size = 77;
    ASSERT_EQ(queue.Transmit(frames), 32u) << "two descriptors each";
    MemoryPool::Free(std::span(frames).subspan(32));
    const std::vector<Available> taken = side().Take();
    ASSERT_EQ(taken.size(), 32u);
    for (std::size_t i = 0; i < taken.size(); ++i) {
      ASSERT_EQ(taken[i].elements.size(), 2u);
      EXPECT_EQ(taken[i].elements[0].length, 10u);
      EXPECT_EQ(taken[i].elements[0].flags, 1u);
      EXPECT_EQ(taken[i].elements[1].address, frames[i]->iova);
      EXPECT_EQ(taken[i].elements[1].length, 77u);
      EXPECT_EQ(taken[i].elements[1].flags, 0u);
    }
    for (std::size_t i = taken.size(); i-- != 0;) side().Use(taken[i], 0);
  }
  queue.Reclaim();
  EXPECT_EQ(in_use(), 0u);
  EXPECT_EQ(queue.statistics().packets, 3200u);
}

}  // namespace
}  // namespace ixylab::virtio
