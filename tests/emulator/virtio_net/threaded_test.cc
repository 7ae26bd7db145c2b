// Two ports with the models on a thread of their own: for ThreadSanitizer, and for the promises
// that threads add.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

#include "tests/emulator/virtio_net/rig.h"

namespace ixylab::emulator::virtio_net {
namespace {

struct Parameter {
  Mode mode;
  bool polls;
};

class Threaded : public testing::TestWithParam<Parameter> {
 protected:
  Threaded() {
    for (unsigned port : {0u, 1u}) {
      host_.Plug(card_.function(port));
      card_.Connect(port, wire_, port);
    }
    host_.Start();
  }
  ~Threaded() override { host_.Stop(); }

  template <typename Condition>
  bool Until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  static constexpr std::uint16_t kSize = 64;
  /// One queue of a port through the modern interface, and DRIVER_OK.
  std::unique_ptr<TestQueue> Start(unsigned port, std::uint16_t index) {
    const auto set = [&](std::uint32_t offset, unsigned bytes, std::uint32_t value) {
      host_.Write(port, 4, offset, bytes, value);
    };
    const bool packed = GetParam().mode == Mode::kPacked;
    set(kDeviceStatus, 1, kAcknowledge | kDriver);
    set(kDriverFeatureSelect, 4, 1);
    set(kDriverFeature, 4, (VIRTIO_F_VERSION_1 | (packed ? VIRTIO_F_RING_PACKED : 0)) >> 32);
    set(kDeviceStatus, 1, kAcknowledge | kDriver | kFeaturesOk);
    auto queue = std::make_unique<TestQueue>(host_, GetParam().mode, kSize);
    set(kQueueSelect, 2, index);
    set(kQueueSize, 2, kSize);
    set(kQueueVector, 2, 1);
    const std::uint64_t addresses[] = {queue->descriptors(), queue->driver(), queue->device()};
    for (std::uint32_t i = 0; i < 3; ++i) {
      set(kQueueDesc + 8 * i, 4, static_cast<std::uint32_t>(addresses[i]));
      set(kQueueDesc + 8 * i + 4, 4, static_cast<std::uint32_t>(addresses[i] >> 32));
    }
    set(kQueueEnable, 2, 1);
    set(kDeviceStatus, 1, kAcknowledge | kDriver | kFeaturesOk | kDriverOk);
    return queue;
  }
  void Kick(unsigned port, std::uint16_t index) {
    if (!GetParam().polls) host_.Write(port, 4, kNotify + 4u * index, 2, index);
  }

  InProcessHost host_{{.seed = 1, .threaded = true}};
  Wire wire_;
  NetCard card_{
      {.interface = Interface::kModern, .features = kAllFeatures, .polls = GetParam().polls},
      host_};
};

TEST_P(Threaded, FramesArriveInOrderWithTheirData) {
  constexpr std::uint32_t kFrames = 20'000, kMostInFlight = kSize - 1;
  const auto rx = Start(1, 0);
  for (std::uint32_t i = 0; i < kSize; ++i) rx->PutEmpty(i);
  const auto tx = Start(0, 1);

  std::atomic<std::uint32_t> received = 0;
  std::atomic<bool> failed = false;
  std::thread sender([&] {
    std::uint32_t done = 0;
    for (std::uint32_t n = 0; n < kFrames; ++n) {
      if (!Until([&] { return n - received < kMostInFlight || failed; }) || failed) return;
      const auto drained = [&] {
        while (tx->Take()) ++done;
        return n - done < kSize;
      };
      if (!Until(drained)) return;
      Bytes frame(12 + 60 + n % 64);
      std::memcpy(frame.data() + 12 + 14, &n, sizeof n);
      std::ranges::copy(frame, tx->buffer(n % kSize).begin());
      tx->Put({{tx->iova(n % kSize), static_cast<std::uint32_t>(frame.size()), false}});
      Kick(0, 1);
    }
  });
  for (; received < kFrames; ++received) {
    std::optional<UsedBuffer> used;
    if (!Until([&] { return (used = rx->Take()).has_value(); })) break;
    std::uint32_t number = 0;
    std::memcpy(&number, rx->buffer(received % kSize).data() + 12 + 14, sizeof number);
    if (number != received || used->written != 12 + 60 + received % 64) break;
    rx->PutEmpty(received % kSize);
  }
  failed = received < kFrames;
  sender.join();
  EXPECT_EQ(received, kFrames);
  EXPECT_EQ(host_.fault_count(), 0u);
  EXPECT_EQ(host_.log(), std::vector<std::string>());
}

TEST_P(Threaded, AfterReleaseTheModelDoesNotTouchTheMemory) {
  auto rx = Start(1, 0);
  for (std::uint32_t i = 0; i < kSize; ++i) rx->PutEmpty(i);
  const auto tx = Start(0, 1);
  for (std::uint32_t i = 0; i < kSize; ++i) tx->Put({{tx->iova(i), 1526, false}});
  Kick(0, 1);
  rx->Free();  // unmapped for good: an access now would be a crash, not a fault
  std::uint32_t done = 0;
  EXPECT_TRUE(Until([&] {
    while (tx->Take()) ++done;
    return done == kSize;
  }));
}

TEST_P(Threaded, ResetsWhileFramesGo) {
  const auto tx = Start(0, 1);
  for (int round = 0; round < 200; ++round) {
    const auto rx = Start(1, 0);
    for (std::uint32_t i = 0; i < 8; ++i) rx->PutEmpty(i);
    tx->Put({{tx->iova(0), 72, false}});
    Kick(0, 1);
    EXPECT_TRUE(Until([&] { return tx->Take().has_value(); }));
    host_.Write(1, 4, kDeviceStatus, 1, 0);
  }
  EXPECT_EQ(host_.fault_count(), 0u);
}

TEST_P(Threaded, InterruptsWakeAWaiter) {
  const auto rx = Start(1, 0);
  rx->PutEmpty(0);
  const auto tx = Start(0, 1);
  std::uint32_t at = host_.Read(1, kConfigSpace, 0x34, 1);
  while (host_.Read(1, kConfigSpace, at, 1) != 0x11) at = host_.Read(1, kConfigSpace, at + 1, 1);
  host_.Write(1, 1, 16 + 12, 4, 0);
  host_.Write(1, kConfigSpace, at + 2, 2, 0x8000);
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(5));
    tx->Put({{tx->iova(0), 72, false}});
    Kick(0, 1);
  });
  EXPECT_TRUE(host_.WaitForVector(1, 1, std::chrono::seconds(10)));
  other.join();
  EXPECT_FALSE(host_.WaitForVector(1, 1, milliseconds(5)));
}

TEST_P(Threaded, NothingIsMapped) {
  for (const unsigned region : {0u, 1u, 4u}) EXPECT_EQ(host_.MapRegister(0, region, 0), nullptr);
}

INSTANTIATE_TEST_SUITE_P(
    Rings, Threaded,
    testing::Values(Parameter{Mode::kModern, true}, Parameter{Mode::kModern, false},
                    Parameter{Mode::kPacked, true}, Parameter{Mode::kPacked, false}),
    [](const auto& info) {
      return ModeName(info.param.mode) + (info.param.polls ? "Polled" : "Notified");
    });

}  // namespace
}  // namespace ixylab::emulator::virtio_net
