// Waiting for frames: a Receive that finds nothing sleeps until an interrupt, none of which is
// lost, and polls under load.
#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "tests/conformance/flows.h"
#include "tests/conformance/toeplitz.h"
#include "tests/conformance/waiting_fixture.h"

namespace ixylab::conformance {
namespace {

TEST_F(Waiting, EndsAtItsTime) {
  constexpr Nanoseconds kWait = 20ms;
  OpenToWait({.receive_wait = kWait});
  // The first may find what bringing up the link left behind.
  PacketBuffer* frame = nullptr;
  EXPECT_EQ(port(1)->Receive(0, {&frame, 1}), 0u);
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t waits = watched().waits();
    const Nanoseconds start = target().bus(1).Now();
    EXPECT_EQ(port(1)->Receive(0, {&frame, 1}), 0u);
    const Nanoseconds elapsed = target().bus(1).Now() - start;
    EXPECT_GT(watched().waits(), waits) << "it did not sleep";
    EXPECT_GE(elapsed, kWait);
    EXPECT_LT(elapsed, can().virtual_time ? kWait + 100us : kDeadline);
  }
}

TEST_F(Waiting, EndsWithTheFrame) {
  OpenToWait({.receive_wait = kLongWait});
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t waits = watched().waits();
    watched().ActAt(~0u, 500us, [this] { SendOne(); });
    const Nanoseconds elapsed = ReceiveOne();
    ASSERT_GT(watched().waits(), waits) << "it did not sleep";
    EXPECT_GE(elapsed, 500us);
    EXPECT_LT(elapsed, can().virtual_time ? 600us : kLongWait / 2);
    ASSERT_FALSE(HasFailure());
  }
}

// The frame comes before each step of the driver on its way to sleep, and a little later; by
// chance, since what a step does depends on how the sleep before it ended: with an interrupt or
// without.
TEST_F(Waiting, NoWakeUpIsLost) {
  constexpr unsigned kSteps = 8;  // more than there are: the last ones are in the sleep
  OpenToWait({.receive_wait = kLongWait});
  const std::uint64_t waits_wanted = Waits(100);
  std::uint64_t round = 0;
  for (std::uint64_t slept = 0; slept < waits_wanted;) {
    const auto step = static_cast<unsigned>(random()() % kSteps);
    ++round;
    const std::uint64_t waits = watched().waits();
    const Nanoseconds later(round % 3 == 0 ? random()() % 10'000 : 0);
    watched().ActAt(step, Nanoseconds(random()() % 5'000), [&] {
      SendOne();
      if (later > 0ns) Spin(later);
    });
    ASSERT_LT(ReceiveOne(), kLongWait / 2) << "lost in round " << round << ", before step " << step;
    ASSERT_FALSE(HasFailure());
    slept += watched().waits() > waits ? 1 : 0;
    ASSERT_LT(round, 10 * waits_wanted) << "it hardly ever sleeps: " << slept << " times";
  }
}

TEST_F(Waiting, NoWakeUpIsLostBetweenThreads) {
  if (!can().threads) GTEST_SKIP() << "the target is single-threaded";
  // Where the run shortens the soak, in VMs, a wait takes milliseconds.
  const std::uint64_t waits = Waits(CurrentSession().soak_packets ? 200 : 20);
  OpenToWait({.receive_wait = kLongWait});
  std::atomic<std::uint64_t> received = 0;
  std::atomic<bool> stop = false;
  std::thread sender([&] {
    std::mt19937_64 delays(CurrentSession().seed);
    while (!stop) {
      if (received == sent_) {
        Spin(Nanoseconds(delays() % 20'000));
        SendOne();
      } else {
        std::this_thread::yield();
      }
    }
  });
  Nanoseconds longest{0};
  while (watched().waits() < waits && longest < kLongWait / 2) {
    const Nanoseconds start = target().bus(1).Now();
    PacketBuffer* frame = nullptr;
    if (port(1)->Receive(0, {&frame, 1}) == 1) {
      MemoryPool::Free(frame);
      ++received;
    }
    longest = std::max(longest, target().bus(1).Now() - start);
  }
  stop = true;
  sender.join();
  EXPECT_LT(longest, kLongWait / 2) << "lost after " << received << " frames";
  MemoryPool::Free(Collect(1, sent_ - received));
}

TEST_F(Waiting, EachQueueHasItsOwn) {
  if (!can().toeplitz) GTEST_SKIP() << "the target does not say which queue a flow is on";
  const std::uint16_t queues = std::min<std::uint16_t>(can().max_queues, 4);
  OpenToWait({.receive_wait = kLongWait});
  if (watched().interrupts() != Interrupts::kMessages)
    GTEST_SKIP() << "all queues have one interrupt";
  OpenToWait({.queues = queues, .receive_wait = kLongWait});
  for (std::uint32_t flow = 0; flow < 64; ++flow) {
    const std::uint16_t queue = QueueOf(RssHash(MakeOfFlow(flow, 0, kSize), true), queues);
    const std::uint64_t waits = watched().waits();
    watched().ActAt(~0u, 10us, [&] { SendOne(flow); });
    ASSERT_LT(ReceiveOne(queue), kLongWait / 2) << "queue " << queue;
    EXPECT_GT(watched().waits(), waits) << "queue " << queue << " did not sleep";
    ASSERT_FALSE(HasFailure());
  }
}

// Each frame comes 5 us after the one before it was received: the interrupts are held back.
TEST_F(Waiting, InterruptsAreAnIntervalApart) {
  constexpr int kFrames = 40;
  for (const Nanoseconds interval : {Nanoseconds(100us), Nanoseconds(500us), Nanoseconds(0)}) {
    OpenToWait({.receive_wait = kLongWait, .interrupt_interval = interval});
    const std::uint64_t waits = watched().waits();
    const Nanoseconds start = target().bus(0).Now();
    for (int i = 0; i <= kFrames; ++i) {
      watched().ActAt(~0u, 5us, [this] { SendOne(); });
      ReceiveOne();
      ASSERT_FALSE(HasFailure());
    }
    const Nanoseconds total = target().bus(0).Now() - start;
    EXPECT_GT(watched().waits() - waits, static_cast<std::uint64_t>(kFrames)) << "it polled";
    EXPECT_GE(total, kFrames * interval);
    if (can().virtual_time) {
      EXPECT_LT(total, kFrames * (interval + 20us));
    }
  }
}

// A frame each 10 us of its sleep: without an interval each wakes it, with one they are gathered.
TEST_F(Waiting, SteadyTrafficIsGathered) {
  constexpr std::uint64_t kFrames = 500;
  for (const Nanoseconds interval : {Nanoseconds(200us), Nanoseconds(0)}) {
    OpenToWait({.receive_wait = kLongWait, .interrupt_interval = interval});
    const std::uint64_t wakes = watched().wakes(), last = sent_ + kFrames;
    const std::function<void()> send = [&] {
      SendOne();
      if (sent_ < last) watched().ActAt(~0u, 10us, send);
    };
    watched().ActAt(~0u, 10us, send);
    const Nanoseconds start = target().bus(0).Now();
    for (std::uint64_t received = 0; received < kFrames;) {
      std::array<PacketBuffer*, 64> frames;
      const std::size_t n = port(1)->Receive(0, frames);
      MemoryPool::Free(std::span(frames).first(n));
      received += n;
      ASSERT_LT(target().bus(0).Now() - start, kLongWait) << received << " frames";
    }
    const std::uint64_t woken = watched().wakes() - wakes;
    if (interval > 0ns) {
      EXPECT_LE(woken, (target().bus(0).Now() - start) / interval + 1);
      EXPECT_GE(woken, 5u);
    } else if (can().virtual_time) {
      EXPECT_GE(woken, kFrames);
    }
  }
}

// With much to do it stops to sleep, and no interrupt is raised meanwhile; with nothing it sleeps
// again.
TEST_F(Waiting, LoadIsPolled) {
  if (!can().virtual_time) GTEST_SKIP() << "how much load there is depends on the machine";
  constexpr std::size_t kBatch = 32;
  constexpr Nanoseconds kPeriod = 10us;
  OpenToWait({.receive_wait = 1ms});
  const Stream stream = StreamFrom(0);
  std::array<PacketBuffer*, kBatch> frames;
  const auto send = [&] {
    for (PacketBuffer*& frame : frames) frame = Make(0, stream, 0, kSize);
    SendAll(0, frames);
  };
  const auto receive = [&] {
    const std::size_t n = port(1)->Receive(0, frames);
    MemoryPool::Free(std::span(frames).first(n));
    return n;
  };
  for (int cycle = 0; cycle < 3; ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle));
    const std::uint64_t at_rest = watched().waits();
    ASSERT_TRUE(target().Until(
        [&] {
          EXPECT_EQ(receive(), 0u);
          return watched().waits() > at_rest;
        },
        kDeadline))
        << "it still polls";

    // A batch comes 10 us after the one before is taken, asleep or not.
    bool polls = false;
    for (int i = 0; i < 2000 && !polls; ++i) {
      watched().ActAt(~0u, kPeriod, send);
      std::size_t received = receive();
      polls = watched().Cancel();
      if (polls) send();
      while (received < kBatch) {
        const std::size_t n = receive();
        ASSERT_GT(n, 0u);
        received += n;
      }
    }
    ASSERT_TRUE(polls) << "it sleeps under load";
    target().bus(1).WaitForInterrupt(0, 1us);  // what is left from before
    send();
    EXPECT_EQ(receive(), kBatch);
    EXPECT_FALSE(target().bus(1).WaitForInterrupt(0, can().quiet)) << "interrupts go on";
  }
}

TEST_F(Waiting, ReopenedPortsWait) {
  for (int i = 0; i < 3; ++i) {
    OpenToWait({.receive_wait = kLongWait});
    for (int j = 0; j < 3; ++j) {
      const std::uint64_t waits = watched().waits();
      watched().ActAt(~0u, 10us, [this] { SendOne(); });
      ASSERT_LT(ReceiveOne(), kLongWait / 2);
      EXPECT_GT(watched().waits(), waits) << "it did not sleep";
      ASSERT_FALSE(HasFailure());
    }
  }
}

TEST_F(Waiting, NobodySleepsWithoutTheOption) {
  OpenToWait({});
  PacketBuffer* frame = nullptr;
  EXPECT_EQ(port(1)->Receive(0, {&frame, 1}), 0u);
  SendOne();
  ReceiveOne();
  EXPECT_FALSE(watched().interrupts().has_value()) << "it has enabled interrupts";
  EXPECT_EQ(watched().waits(), 0u);
}

}  // namespace
}  // namespace ixylab::conformance
