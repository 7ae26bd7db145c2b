// Threads, each with a port or a queue of its own.
#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "tests/conformance/flows.h"
#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

constexpr std::uint32_t kSize = 64;
constexpr std::uint64_t kWindow = 128;  // frames under way

class Threads : public PortsTest {
 protected:
  // A target that is slow, or in a VM, says so by a short soak.
  std::uint64_t Frames() const {
    const std::uint64_t soak = CurrentSession().soak_packets.value_or(can().soak_packets);
    return std::min<std::uint64_t>(20'000, soak / 50);
  }
};

// The frames of each go to the other.
TEST_F(Threads, EachWithAPort) {
  if (!can().threads) GTEST_SKIP() << "the target is single-threaded";
  const std::uint64_t frames = Frames();
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
        << "port " << p
        << "; the other one: " << testing::PrintToString(port(1 - p)->ReadStatistics());
    EXPECT_EQ(wrong[p], 0u) << "port " << p;
  }
}

// Thread q sends on queue q of port 0 what is in no other thread's flows, and receives on queue q
// of port 1 whatever is sent there. Every flow stays in its order and on its queue.
TEST_F(Threads, EachWithAQueue) {
  if (!can().threads) GTEST_SKIP() << "the target is single-threaded";
  if (!can().has_rss) GTEST_SKIP() << "the target does not spread received flows over queues";
  const std::uint16_t queues = std::min<std::uint16_t>(can().max_queues, 3);
  constexpr std::uint32_t kFlows = 16;  // of each thread
  const std::uint64_t total = Frames() / queues * queues;
  OpenBoth({.queues = queues});

  struct PerThread {
    std::map<std::uint32_t, std::uint64_t> next;  // of each flow that came here
    std::uint64_t wrong = 0;
  };
  std::vector<PerThread> threads(queues);
  std::atomic<std::uint64_t> sent = 0, received = 0;
  const Nanoseconds end = target().bus(0).Now() + kDeadline;
  const auto run = [&](std::uint16_t me) {
    PerThread& mine = threads[me];
    std::uint64_t number = 0;
    while (received < total) {
      if (target().bus(1).Now() > end) return;
      if (number < total / queues && sent - received < kWindow) {
        PacketBuffer* frame = port(0).pool(me).Allocate();
        const std::uint32_t flow = me * kFlows + number % kFlows;
        FillOfFlow(*frame, flow, number / kFlows, kSize);
        if (port(0)->Transmit(me, {&frame, 1}) == 1) {
          ++number;
          ++sent;
        } else {
          MemoryPool::Free(frame);
        }
      }
      std::array<PacketBuffer*, 32> batch;
      const std::size_t n = port(1)->Receive(me, batch);
      for (PacketBuffer* frame : std::span(batch).first(n)) {
        if (NumberInFlow(*frame) != mine.next[FlowOf(*frame)]++) ++mine.wrong;
      }
      MemoryPool::Free(std::span(batch).first(n));
      received += n;
      if (n == 0) std::this_thread::yield();
    }
  };
  std::vector<std::thread> others;
  for (std::uint16_t queue = 1; queue < queues; ++queue) others.emplace_back(run, queue);
  run(0);
  for (std::thread& thread : others) thread.join();

  EXPECT_EQ(received, total) << testing::PrintToString(port(1)->ReadStatistics());
  std::map<std::uint32_t, std::uint16_t> queue_of;
  for (std::uint16_t queue = 0; queue < queues; ++queue) {
    EXPECT_EQ(threads[queue].wrong, 0u) << "queue " << queue << ": frames out of order";
    EXPECT_FALSE(threads[queue].next.empty()) << "nothing came to queue " << queue;
    for (const auto& [flow, count] : threads[queue].next) {
      EXPECT_TRUE(queue_of.try_emplace(flow, queue).second) << "flow " << flow << " on two queues";
    }
  }
  EXPECT_EQ(queue_of.size(), queues * kFlows);
}

}  // namespace
}  // namespace ixylab::conformance
