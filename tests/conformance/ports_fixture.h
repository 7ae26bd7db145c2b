// The fixture of all conformance tests: a freshly opened target, its two ports, and what moves
// frames between them. Nothing here or in a test knows what the target is.
#ifndef TESTS_CONFORMANCE_PORTS_FIXTURE_H_
#define TESTS_CONFORMANCE_PORTS_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "driver/bus.h"
#include "driver/device.h"
#include "driver/memory_pool.h"
#include "hil/target/target.h"
#include "tests/conformance/session.h"
#include "tests/conformance/stream.h"

namespace ixylab::conformance {

using namespace std::chrono_literals;  // NOLINT: deadlines in tests

/// How long anything may take that has to happen. Long, so that a loaded machine does not fail a
/// test; on a target with virtual time it costs next to nothing.
inline constexpr Nanoseconds kDeadline = 20s;
/// How long a test looks for what must not happen. What comes later disturbs the next step.
inline constexpr Nanoseconds kMoment = 5ms;

struct PortOptions {
  std::uint32_t receive_descriptors = 512;
  std::uint32_t transmit_descriptors = 512;
  bool promiscuous = true;
  std::size_t queues = 1;
  std::size_t buffers = 0;  // in each queue's pool; 0: for both rings and 1,024 more
  // As in DeviceConfig.
  bool checksum_offload = false;
  bool vlan_offload = false;
  std::uint32_t max_frame_size = kLongestFrame;
  Nanoseconds receive_wait{0};
  Nanoseconds interrupt_interval{0};
  Bus* bus = nullptr;  // around the target's, which a test wants to watch
};

/// An open port. The pools stay when it is closed.
struct Port {
  std::vector<std::unique_ptr<MemoryPool>> pools;  // one for each queue
  std::unique_ptr<Device> device;

  MemoryPool& pool(std::size_t queue = 0) { return *pools[queue]; }
  Device* operator->() { return device.get(); }
};

class PortsTest : public testing::Test {
 protected:
  PortsTest();
  ~PortsTest() override;
  /// After every test: all buffers are back in their pools, and no device reached for memory that
  /// is not its own. A test frees what it holds.
  void TearDown() override;

  hil::Target& target() { return *target_; }
  const hil::Capabilities& can() const { return target_->capabilities(); }
  Port& port(unsigned number) { return ports_[number]; }
  std::mt19937_64& random() { return random_; }
  std::uint32_t RandomLength();  // 60..1514

  /// How the target's devices are opened: the caller fills in the rest.
  DeviceConfig Config() const {
    DeviceConfig config;
    config.virtio_legacy = can().virtio_legacy;
    return config;
  }
  /// Descriptors of a ring for which `asked` were asked.
  std::uint32_t RingSize(std::uint32_t asked) const {
    return std::min(asked, can().max_descriptors);
  }

  /// New pools and a device on them. Throws DeviceError.
  void Open(unsigned port, const PortOptions& options = {});
  /// Opens both ports and waits for their links.
  void OpenBoth(const PortOptions& options = {});
  /// The same device again, on the pools of the last time.
  void Reopen(unsigned port);
  void Close(unsigned port) { ports_[port].device.reset(); }
  void WaitForLinks();

  /// The conversation that `from` sends to the other port; made anew when addresses change.
  Stream StreamFrom(unsigned from);

  /// A buffer of the port's pool with frame `number` of `stream`.
  PacketBuffer* Make(unsigned port, const Stream& stream, std::uint64_t number,
                     std::uint32_t length, std::size_t queue = 0);
  /// A buffer of the port's pool with these bytes, at most its capacity.
  PacketBuffer* MakeFrame(unsigned port, std::span<const std::byte> bytes, std::size_t queue = 0);
  /// Lets the target's quiet time pass: what is under way has come where it goes to.
  void Settle() {
    target().Until([] { return false; }, can().quiet);
  }
  /// Offers `frames` until the port has taken all, or none for the target's quiet time: how many.
  std::size_t Offer(unsigned port, std::span<PacketBuffer* const> frames);
  /// Sends all of `frames`, in as many calls as it takes.
  void SendAll(unsigned port, std::span<PacketBuffer* const> frames, std::uint16_t queue = 0);
  /// Receives until there are `count` frames: fewer after the deadline.
  std::vector<PacketBuffer*> Collect(unsigned port, std::size_t count, std::uint16_t queue = 0);
  /// Receives until nothing came for the target's quiet time.
  std::vector<PacketBuffer*> CollectRest(unsigned port);
  /// Waits until the port has counted `packets` as transmitted: they are no longer under way.
  void WaitUntilSent(unsigned port, std::uint64_t packets);
  /// Nothing arrives within a moment.
  void ExpectQuiet(unsigned port);

  struct Exchange {
    std::uint64_t count = 1;
    std::size_t batch = 32;    // frames in a call of Transmit
    std::size_t window = 128;  // frames under way at most; and half of the receiver's ring
    std::function<std::uint32_t(std::uint64_t number)> length = [](std::uint64_t) {
      return kShortestFrame;
    };
  };
  /// Sends frames from `from` to the other port and checks each: all arrive, whole and in order.
  void Send(unsigned from, const Exchange& exchange);
  /// Sends chains (chains.h) from `from` to the other port, which is open for them too: all arrive,
  /// whole and in order.
  void SendChains(unsigned from, std::span<PacketBuffer* const> frames);
  /// As Send, in both directions, with random lengths.
  void ExpectTraffic(std::uint64_t count = 100);

  /// ReadStatistics() is `expected`, at the latest after the deadline.
  void ExpectStatistics(unsigned port, const Statistics& expected);

 private:
  std::unique_ptr<hil::Target> target_;
  std::mt19937_64 random_;
  std::array<PortOptions, 2> options_;
  std::array<Port, 2> ports_;
};

}  // namespace ixylab::conformance

namespace ixylab {

/// GoogleTest shows statistics in one line.
void PrintTo(const Statistics& statistics, std::ostream* out);

}  // namespace ixylab

#endif  // TESTS_CONFORMANCE_PORTS_FIXTURE_H_
