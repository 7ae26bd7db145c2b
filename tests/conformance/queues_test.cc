// Several queues: each keeps its order, and together they lose nothing.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "tests/conformance/flows.h"
#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

class Queues : public PortsTest {
 protected:
  std::uint16_t Several() const { return std::min<std::uint16_t>(can().max_queues, 4); }
};

TEST_F(Queues, EachTransmitQueueKeepsItsOrder) {
  const std::uint16_t queues = Several();
  if (queues < 2) GTEST_SKIP() << "the target has one queue";
  Open(0, {.transmit_descriptors = 64, .queues = queues});
  Open(1, {.receive_descriptors = 4096});
  WaitForLinks();
  const Stream stream = StreamFrom(0);

  // Frame `number` of queue q carries number * queues + q. Each round gives every queue a batch of
  // another size, over more than ten rings.
  std::vector<std::uint64_t> sent(queues), received(queues);
  for (std::size_t round = 0; round < 120; ++round) {
    std::size_t in_round = 0;
    for (std::uint16_t queue = 0; queue < queues; ++queue) {
      std::vector<PacketBuffer*> batch(1 + (7 * round + 5 * queue) % 32);
      for (PacketBuffer*& frame : batch) {
        frame = Make(0, stream, sent[queue]++ * queues + queue, 60 + round, queue);
      }
      ASSERT_NO_FATAL_FAILURE(SendAll(0, batch, queue));
      in_round += batch.size();
    }
    const std::vector<PacketBuffer*> frames = Collect(1, in_round);
    for (PacketBuffer* frame : frames) {
      const std::uint64_t number = Stream::NumberOf(*frame);
      const std::uint64_t queue = number % queues;
      EXPECT_EQ(number / queues, received[queue]++) << "queue " << queue;
      EXPECT_TRUE(stream.Matches(*frame, number, 60 + round));
    }
    MemoryPool::Free(frames);
    ASSERT_EQ(frames.size(), in_round);
    ASSERT_FALSE(HasFailure());
  }
  for (std::uint16_t queue = 0; queue < queues; ++queue) EXPECT_GT(sent[queue], 640u);
}

TEST_F(Queues, EachTransmitQueueReturnsItsOwnBuffers) {
  const std::uint16_t queues = Several();
  if (queues < 2) GTEST_SKIP() << "the target has one queue";
  OpenBoth({.queues = queues});
  const Stream stream = StreamFrom(0);
  for (std::uint16_t queue = 0; queue < queues; ++queue) {
    for (std::uint64_t number = 0; number < 1000; ++number) {
      PacketBuffer* frame = Make(0, stream, number, 60, queue);
      ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}, queue));
      const std::vector<PacketBuffer*> received = Collect(1, 1);
      ASSERT_EQ(received.size(), 1u);
      MemoryPool::Free(received);
    }
  }
  // TearDown counts every pool.
}

TEST_F(Queues, FlowsStickToTheirQueueInOrder) {
  if (!can().has_rss) GTEST_SKIP() << "the target does not spread received flows over queues";
  constexpr std::uint32_t kFlows = 64;
  constexpr std::uint64_t kPerFlow = 50;
  const std::uint16_t queues = Several();
  Open(0);
  Open(1, {.queues = queues});
  WaitForLinks();

  std::map<std::uint32_t, std::uint16_t> queue_of;
  std::map<std::uint32_t, std::uint64_t> next;
  std::uint64_t received = 0;
  const auto receive = [&] {
    std::array<PacketBuffer*, 32> batch;
    for (std::uint16_t queue = 0; queue < queues; ++queue) {
      const std::size_t n = port(1)->Receive(queue, batch);
      for (std::size_t i = 0; i < n; ++i) {
        const std::uint32_t flow = FlowOf(*batch[i]);
        EXPECT_EQ(NumberInFlow(*batch[i]), next[flow]++) << "flow " << flow;
        EXPECT_EQ(queue_of.try_emplace(flow, queue).first->second, queue) << "flow " << flow;
        ++received;
      }
      MemoryPool::Free(std::span(batch).first(n));
    }
  };
  for (std::uint64_t number = 0; number < kPerFlow; ++number) {
    std::vector<PacketBuffer*> frames(kFlows);
    for (std::uint32_t flow = 0; flow < kFlows; ++flow) {
      frames[flow] = port(0).pool().Allocate();
      FillOfFlow(*frames[flow], flow, number, 60 + flow);
    }
    ASSERT_NO_FATAL_FAILURE(SendAll(0, frames));
    ASSERT_TRUE(target().Until(
        [&] {
          receive();
          return received >= (number + 1) * kFlows || HasFailure();
        },
        kDeadline))
        << received << " of " << (number + 1) * kFlows << " frames";
    ASSERT_FALSE(HasFailure());
  }
  std::set<std::uint16_t> used;
  for (const auto& [flow, queue] : queue_of) used.insert(queue);
  EXPECT_EQ(queue_of.size(), kFlows);
  EXPECT_GE(used.size(), 2u) << "all flows went to queue " << *used.begin();
  ExpectQuiet(1);
}

TEST_F(Queues, FramesWithoutFlowAllArrive) {
  const std::uint16_t queues = Several();
  if (queues < 2) GTEST_SKIP() << "the target has one queue";
  OpenBoth({.queues = queues});
  const Stream stream = StreamFrom(0);
  std::uint64_t received = 0;
  for (std::uint64_t number = 0; number < 1000; ++number) {
    PacketBuffer* frame = Make(0, stream, number, RandomLength());
    const std::uint32_t length = frame->size;
    ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
    ASSERT_TRUE(target().Until(
        [&] {
          std::array<PacketBuffer*, 4> batch;
          for (std::uint16_t queue = 0; queue < queues; ++queue) {
            const std::size_t n = port(1)->Receive(queue, batch);
            for (std::size_t i = 0; i < n; ++i) {
              EXPECT_TRUE(stream.Matches(*batch[i], received++, length));
            }
            MemoryPool::Free(std::span(batch).first(n));
          }
          return received > number;
        },
        kDeadline))
        << "frame " << number;
  }
}

}  // namespace
}  // namespace ixylab::conformance
