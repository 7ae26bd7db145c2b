// The fixture of tests that wait for frames: port 0 polls, port 1 waits on a watched bus.
#ifndef TESTS_CONFORMANCE_WAITING_FIXTURE_H_
#define TESTS_CONFORMANCE_WAITING_FIXTURE_H_

#include <algorithm>
#include <optional>

#include "tests/conformance/flows.h"
#include "tests/conformance/ports_fixture.h"
#include "tests/conformance/watched_bus.h"

namespace ixylab::conformance {

inline constexpr std::uint32_t kSize = 100;
// What a lost wake-up costs, far more than a loaded machine does.
inline constexpr Nanoseconds kLongWait = 10s;

class Waiting : public PortsTest {
 protected:
  void SetUp() override {
    if (!can().interrupts) GTEST_SKIP() << "the target has no interrupts";
    watched_.emplace(target().bus(1));
  }
  // Its device ends before it.
  void TearDown() override {
    PortsTest::TearDown();
    watched_.reset();
  }

  WatchedBus& watched() { return *watched_; }

  /// How often it takes to be sure: a part of the soak, by which a target that is slow, or in a VM,
  /// says so.
  std::uint64_t Waits(std::uint64_t part_of_soak) const {
    const std::uint64_t soak = CurrentSession().soak_packets.value_or(can().soak_packets);
    return std::min<std::uint64_t>(100'000, soak / part_of_soak);
  }

  /// Port 0 polls, port 1 waits.
  void OpenToWait(PortOptions options) {
    Open(0);
    options.bus = &watched();
    Open(1, options);
    WaitForLinks();
  }

  void SendOne(std::uint32_t flow = 0) {
    PacketBuffer* frame = port(0).pool().Allocate();
    ASSERT_NE(frame, nullptr);
    FillOfFlow(*frame, flow, sent_++, kSize);
    SendAll(0, {&frame, 1});
  }

  /// Passes the time without sleeping.
  void Spin(Nanoseconds duration) {
    const Nanoseconds end = target().bus(0).Now() + duration;
    while (target().bus(0).Now() < end) {
    }
  }

  /// Receives the next frame of `queue`, which may have to be called for several times, and returns
  /// how long that took. Fails if it is not the one that was sent last.
  Nanoseconds ReceiveOne(std::uint16_t queue = 0) {
    const Nanoseconds start = target().bus(0).Now();
    PacketBuffer* frame = nullptr;
    while (port(1)->Receive(queue, {&frame, 1}) == 0) {
      if (watched().Cancel()) SendOne();  // it did not sleep
      if (target().bus(0).Now() - start > kLongWait) break;
    }
    if (frame == nullptr) {
      ADD_FAILURE() << "frame " << sent_ - 1 << " does not come";
    } else {
      EXPECT_EQ(NumberInFlow(*frame), sent_ - 1);
      MemoryPool::Free(frame);
    }
    return target().bus(0).Now() - start;
  }

  std::uint64_t sent_ = 0;

 private:
  std::optional<WatchedBus> watched_;
};

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_WAITING_FIXTURE_H_
