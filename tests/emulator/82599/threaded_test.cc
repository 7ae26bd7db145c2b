// Two ports of a chip with the models on a thread of their own: for ThreadSanitizer, and for the
// promises that threads add.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

std::uint64_t LoadAcquire(std::uint64_t& word) {
  return std::atomic_ref(word).load(std::memory_order_acquire);
}

class Threaded : public testing::Test {
 protected:
  void SetUp() override {
    for (unsigned port : {0u, 1u}) {
      host_.Plug(chip_.function(port));
      chip_.Connect(port, wire_, port);
    }
    host_.Start();
    ASSERT_TRUE(
        Until([&] { return (host_.Read32(0, kLinks) & host_.Read32(1, kLinks) & kLinkUp) != 0; }));
  }
  void TearDown() override { host_.Stop(); }

  template <typename Condition>
  bool Until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  void Set(unsigned port, std::uint32_t offset, std::uint32_t bits) {
    host_.Write32(port, offset, host_.Read32(port, offset) | bits);
  }
  void StartRx(unsigned port, const TestRing& ring) {
    for (std::uint32_t i = 0; i < ring.size(); ++i) {
      ring.word(i, 0) = ring.buffer_iova(i);
      ring.word(i, 1) = 0;
    }
    host_.Write32(port, kRdbal, static_cast<std::uint32_t>(ring.iova()));
    host_.Write32(port, kRdbah, static_cast<std::uint32_t>(ring.iova() >> 32));
    host_.Write32(port, kRdlen, ring.size() * 16);
    host_.Write32(port, kSrrctl, 0x02000002);  // no DROP_EN: nothing is lost
    host_.Write32(port, kRxdctl, kEnable);
    ASSERT_TRUE(Until([&] { return (host_.Read32(port, kRxdctl) & kEnable) != 0; }));
    std::atomic_ref(*host_.MapRegister(port, kRdt))
        .store(ring.size() - 1, std::memory_order_release);
    Set(port, kRdrxctl, 2);
    Set(port, kFctrl, 1u << 10);
    host_.Write32(port, kRxctrl, 1);
  }
  void StartTx(unsigned port, const TestRing& ring) {
    host_.Write32(port, kTdbal, static_cast<std::uint32_t>(ring.iova()));
    host_.Write32(port, kTdbah, static_cast<std::uint32_t>(ring.iova() >> 32));
    host_.Write32(port, kTdlen, ring.size() * 16);
    Set(port, kDmatxctl, 1);
    host_.Write32(port, kTxdctl, kEnable);
    ASSERT_TRUE(Until([&] { return (host_.Read32(port, kTxdctl) & kEnable) != 0; }));
  }

  InProcessHost host_{{.seed = 1, .threaded = true}};
  Wire wire_;
  Chip chip_{{}, host_};
};

TEST_F(Threaded, FramesArriveInOrderWithTheirData) {
  constexpr std::uint32_t kFrames = 20'000, kRing = 64;
  TestRing tx(host_, kRing);
  TestRing rx(host_, kRing);
  StartRx(1, rx);
  StartTx(0, tx);

  // The packet buffer keeps what the receiver is behind by, up to 512 KiB.
  constexpr std::uint32_t kMostInFlight = 1000;
  std::atomic<std::uint32_t> received = 0;
  std::atomic<bool> failed = false;
  std::thread sender([&] {
    std::uint32_t* const tail = host_.MapRegister(0, kTdt);
    for (std::uint32_t n = 0; n < kFrames; ++n) {
      const std::uint32_t slot = n % kRing;
      if (!Until([&] { return n - received < kMostInFlight || failed; }) || failed) return;
      if (n >= kRing - 1) {  // wait for the oldest one
        std::uint64_t& oldest = tx.word((n + 1) % kRing, 1);
        if (!Until([&] { return (LoadAcquire(oldest) & kTxDone) != 0; })) return;
      }
      const Bytes frame = MakeFrame(60 + n % 64);
      std::ranges::copy(frame, tx.buffer(slot).begin());
      std::memcpy(tx.buffer(slot).data() + 14, &n, sizeof n);
      tx.word(slot, 0) = tx.buffer_iova(slot);
      tx.word(slot, 1) = 0x2B300000 | frame.size() | std::uint64_t{frame.size()} << 46;
      std::atomic_ref(*tail).store((slot + 1) % kRing, std::memory_order_release);
    }
  });
  std::uint32_t* const tail = host_.MapRegister(1, kRdt);
  for (; received < kFrames; ++received) {
    const std::uint32_t slot = received % kRing;
    std::uint64_t status = 0;
    if (!Until([&] { return ((status = LoadAcquire(rx.word(slot, 1))) & 1) != 0; })) break;
    std::uint32_t number = 0;
    std::memcpy(&number, rx.buffer(slot).data() + 14, sizeof number);
    if (number != received || (status >> 32 & 0xFFFF) != 60 + received % 64) break;
    rx.word(slot, 0) = rx.buffer_iova(slot);
    std::atomic_ref(rx.word(slot, 1)).store(0, std::memory_order_relaxed);
    std::atomic_ref(*tail).store(slot, std::memory_order_release);
  }
  failed = received < kFrames;
  sender.join();
  EXPECT_EQ(received, kFrames);
  EXPECT_EQ(host_.Read32(1, kQprc), kFrames);
  EXPECT_EQ(host_.fault_count(), 0u);
}

TEST_F(Threaded, AfterReleaseTheModelDoesNotTouchTheMemory) {
  auto rx = std::make_unique<TestRing>(host_, 64);
  TestRing tx(host_, 64);
  StartRx(1, *rx);
  StartTx(0, tx);
  for (std::uint32_t i = 0; i < 63; ++i) Rig::PutTx(tx, i, MakeFrame(1514));
  std::atomic_ref(*host_.MapRegister(0, kTdt)).store(63, std::memory_order_release);
  rx->Free();  // unmapped for good: an access now would be a crash, not a fault
  EXPECT_TRUE(Until([&] { return host_.Read32(0, kTdh) == 63; }));
}

TEST_F(Threaded, InterruptsWakeAWaiter) {
  host_.Write(0, NicFunction::kConfigSpace, 0x72, 2, 0x8000);  // MSI-X, with vector 7
  host_.Write(0, 4, 16 * 7 + 12, 4, 0);
  host_.Write32(0, kGpie, 1u << 4);
  host_.Write32(0, kEims, 1u << 7);
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(5));
    host_.Write32(0, kEics, 1u << 7);
  });
  EXPECT_TRUE(host_.WaitForVector(0, 7, std::chrono::seconds(10)));
  other.join();
  EXPECT_FALSE(host_.WaitForVector(0, 7, milliseconds(5)));
}

TEST_F(Threaded, RegisterPollingDoesNotStarveTheModel) {
  std::atomic<bool> stop = false;
  std::thread poller([&] {
    while (!stop.load(std::memory_order_relaxed)) host_.Read32(1, kStatus);
  });
  for (int i = 0; i < 10; ++i) {
    host_.Write32(0, kEerd, 1 | 0x3F << 2);
    EXPECT_TRUE(Until([&] { return (host_.Read32(0, kEerd) & 2) != 0; }));
  }
  stop = true;
  poller.join();
}

TEST_F(Threaded, OnlyTailsAreMapped) {
  EXPECT_NE(host_.MapRegister(0, kRdt), nullptr);
  EXPECT_NE(host_.MapRegister(0, kTdt + 0x40 * 127), nullptr);
  EXPECT_EQ(host_.MapRegister(0, kRdh), nullptr);
  EXPECT_EQ(host_.MapRegister(0, 0x1FFFC), nullptr);
  EXPECT_EQ(host_.MapRegister(0, kRdt + 1), nullptr);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
