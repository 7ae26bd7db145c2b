// Several queues: each keeps its order, and together they lose nothing.
#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

constexpr std::uint32_t kSize = 64;

/// Turns a frame into IPv4 and UDP of flow `flow`, with its number behind the headers.
void MakeUdp(PacketBuffer& buffer, std::uint32_t flow, std::uint64_t number) {
  const auto put = [&](std::size_t at, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      buffer.data()[at + i] = static_cast<std::byte>(value >> 8 * (bytes - 1 - i));
    }
  };
  const std::uint32_t ip_length = buffer.size - 14;
  put(12, 0x0800, 2);
  put(14, 0x45000000 | ip_length, 4);
  put(18, 0, 4);
  put(22, 0x40110000, 4);
  put(26, 0x0A000001 + 7 * flow, 4);
  put(30, 0x0A010001 + flow / 3, 4);
  put(34, 1024 + flow * 13, 2);
  put(36, 53 + flow % 5, 2);
  put(38, ip_length - 20, 2);
  put(40, 0, 2);
  std::uint32_t sum = 0;
  for (std::size_t at = 14; at < 34; at += 2) {
    sum += std::to_integer<std::uint32_t>(buffer.data()[at]) << 8 |
           std::to_integer<std::uint32_t>(buffer.data()[at + 1]);
  }
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  put(24, ~sum & 0xFFFF, 2);
  put(42, flow, 4);
  put(46, number, 8);
}

std::uint64_t Get(const PacketBuffer& buffer, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value = value << 8 | std::to_integer<std::uint64_t>(buffer.data()[at + i]);
  }
  return value;
}

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
  const Stream stream = StreamFrom(0);

  std::map<std::uint64_t, std::uint16_t> queue_of;
  std::map<std::uint64_t, std::uint64_t> next;
  std::uint64_t received = 0;
  const auto receive = [&] {
    std::array<PacketBuffer*, 32> batch;
    for (std::uint16_t queue = 0; queue < queues; ++queue) {
      const std::size_t n = port(1)->Receive(queue, batch);
      for (std::size_t i = 0; i < n; ++i) {
        const std::uint64_t flow = Get(*batch[i], 42, 4);
        EXPECT_EQ(Get(*batch[i], 46, 8), next[flow]++) << "flow " << flow;
        EXPECT_EQ(queue_of.try_emplace(flow, queue).first->second, queue) << "flow " << flow;
        ++received;
      }
      MemoryPool::Free(std::span(batch).first(n));
    }
  };
  for (std::uint64_t number = 0; number < kPerFlow; ++number) {
    std::vector<PacketBuffer*> frames(kFlows);
    for (std::uint32_t flow = 0; flow < kFlows; ++flow) {
      frames[flow] = Make(0, stream, number, 60 + flow);
      MakeUdp(*frames[flow], flow, number);
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

// Two threads, each with a port, its queue and its pool; the frames of each go to the other.
TEST_F(Queues, TwoThreadsEachWithAPort) {
  if (!can().threads) GTEST_SKIP() << "the target is single-threaded";
  // A target that is slow says so by a short soak.
  const std::uint64_t frames = std::min<std::uint64_t>(20'000, can().soak_packets / 50);
  constexpr std::uint64_t kWindow = 128;
  OpenBoth();
  std::array<std::atomic<std::uint64_t>, 2> received{};
  std::array<std::uint64_t, 2> wrong{};
  const Nanoseconds end = target().bus(0).Now() + kDeadline;
  const auto run = [&](unsigned me) {
    const unsigned other = 1 - me;
    const Stream outgoing = StreamFrom(me);
    const Stream incoming = StreamFrom(other);
    std::uint64_t sent = 0;
    while (received[me] < frames || sent < frames) {
      if (target().bus(me).Now() > end) return;
      if (sent < frames && sent - received[other] < kWindow) {
        PacketBuffer* frame = Make(me, outgoing, sent, kSize);
        const bool taken = port(me)->Transmit(0, {&frame, 1}) == 1;
        if (!taken) MemoryPool::Free(frame);
        sent += taken;
      }
      std::array<PacketBuffer*, 32> batch;
      const std::size_t n = port(me)->Receive(0, batch);
      for (std::size_t i = 0; i < n; ++i) {
        if (!incoming.Matches(*batch[i], received[me] + i, kSize)) ++wrong[me];
      }
      MemoryPool::Free(std::span(batch).first(n));
      received[me] += n;
      if (n == 0) std::this_thread::yield();
    }
  };
  std::thread second(run, 1u);
  run(0);
  second.join();
  for (unsigned p : {0u, 1u}) {
    EXPECT_EQ(received[p], frames)
        << "port " << p << "; the other one: "
        << testing::PrintToString(port(1 - p)->ReadStatistics());
    EXPECT_EQ(wrong[p], 0u) << "port " << p;
  }
}

}  // namespace
}  // namespace ixylab::conformance
