// The model: what it takes for a 64-byte packet, and driver and model together. Filters and
// statistics are on, the MAC addresses match.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "driver/device.h"
#include "driver/memory_pool.h"
#include "driver/open.h"
#include "hil/target/model_target.h"
#include "tools/bench/benchmarks.h"
#include "tools/bench/core_clock.h"
#include "tools/bench/driver_rig.h"

namespace ixylab::bench {
namespace {

constexpr std::size_t kBatch = 32;
constexpr std::size_t kWindow = 25'600;  // packets between two looks at the median

/// Hands everything on to a port's bus, and adds up the ticks that register writes take: in virtual
/// time a doorbell write runs the model until nothing is pending, so this is the model's time.
class TimedBus final : public Bus {
 public:
  explicit TimedBus(Bus& bus) : bus_(bus) {}

  PciId id() const override { return bus_.id(); }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override {
    return bus_.Read(region, offset, bytes);
  }
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
    const std::uint64_t begin = Ticks();
    bus_.Write(region, offset, bytes, value);
    ticks_ += Ticks() - begin;
  }
  void* MapRegister(unsigned region, std::uint32_t offset) override {
    return bus_.MapRegister(region, offset);
  }
  DmaSpace& dma() override { return bus_.dma(); }
  Interrupts EnableInterrupts(std::uint32_t vectors) override {
    return bus_.EnableInterrupts(vectors);
  }
  bool WaitForInterrupt(std::uint32_t vector, Nanoseconds timeout) override {
    return bus_.WaitForInterrupt(vector, timeout);
  }
  Nanoseconds Now() override { return bus_.Now(); }
  void Sleep(Nanoseconds duration) override { bus_.Sleep(duration); }

  std::uint64_t ticks() const { return ticks_; }

 private:
  Bus& bus_;
  std::uint64_t ticks_ = 0;
};

struct Sink final : emulator::Endpoint {
  void OnFrame(const emulator::Frame&) override { ++frames; }
  std::uint64_t frames = 0;
};

/// A port of the model with its driver and its pool.
class Port {
 public:
  Port(hil::ModelTarget& target, unsigned port)
      : bus_(target.bus(port)),
        pool_(target.dma(), 2048),
        device_(Open(bus_, {.pools = {&pool_}, .promiscuous = false})) {}

  void WaitForLink() {
    if (!device_->WaitForLink(std::chrono::seconds(5))) throw std::runtime_error("no link");
  }

  void Address(const MacAddress& peer) {
    const MacAddress source = mac();
    std::memcpy(addresses_.data(), peer.data(), peer.size());
    std::memcpy(addresses_.data() + peer.size(), source.data(), source.size());
  }

  /// Sends up to a batch of frames to the peer; returns how many.
  std::size_t Generate() {
    std::array<PacketBuffer*, kBatch> packets;
    const std::size_t n = pool_.Allocate(packets);
    for (PacketBuffer* packet : std::span(packets).first(n)) {
      packet->size = kFrameSize;
      std::memcpy(packet->data(), addresses_.data(), addresses_.size());
    }
    const std::size_t sent = device_->Transmit(0, std::span(packets).first(n));
    MemoryPool::Free(std::span(packets).subspan(sent, n - sent));
    return sent;
  }

  /// Receives and frees up to a batch; returns how many.
  std::size_t Drain() {
    std::array<PacketBuffer*, kBatch> packets;
    const std::size_t n = device_->Receive(0, packets);
    MemoryPool::Free(std::span(packets).first(n));
    return n;
  }

  /// Sends what comes back to where it came from.
  void Echo() {
    std::array<PacketBuffer*, kBatch> packets;
    const std::size_t n = device_->Receive(0, packets);
    for (PacketBuffer* packet : std::span(packets).first(n)) {
      std::swap_ranges(packet->data(), packet->data() + 6, packet->data() + 6);
    }
    const std::size_t sent = device_->Transmit(0, std::span(packets).first(n));
    MemoryPool::Free(std::span(packets).subspan(sent, n - sent));
  }

  MacAddress mac() const { return device_->mac_address(); }
  std::uint64_t ticks() const { return bus_.ticks(); }

 private:
  TimedBus bus_;
  MemoryPool pool_;
  std::unique_ptr<Device> device_;
  std::array<std::byte, 12> addresses_{};
};

/// Runs windows; `window` returns the nanoseconds of one. Reports the median and the shortest: with
/// two threads the one tells of the machine's other load, the other of the program.
template <typename Window>
void Run(benchmark::State& state, Window window) {
  window();  // warms up
  std::vector<double> times;
  for ([[maybe_unused]] auto _ : state) times.push_back(window() / kWindow);
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  const double median = times[times.size() / 2];
  state.counters["ns/packet"] = median;
  state.counters["ns/packet_at_best"] = *std::ranges::min_element(times);
  state.counters["Mpps"] = 1e3 / median;
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kWindow));
}

void Check(bool nothing_lost) {
  if (!nothing_lost) throw std::runtime_error("the model lost packets");
}

// From the doorbell to the last frame on the wire.
void Transmit(benchmark::State& state, hil::ModelOptions options) {
  std::array<Sink, 2> sinks;
  options.endpoints = {&sinks[0], &sinks[1]};
  const auto target = hil::OpenModelTarget(options);
  Port port(*target, 0);
  port.WaitForLink();
  port.Address({0x02, 0, 0, 0, 0, 1});
  Run(state, [&] {
    const std::uint64_t ticks = port.ticks();
    const std::uint64_t frames = sinks[0].frames;
    for (std::size_t sent = 0; sent < kWindow;) sent += port.Generate();
    Check(sinks[0].frames - frames == kWindow);
    return static_cast<double>(port.ticks() - ticks) / TicksPerNanosecond();
  });
}

// From the first frame on the wire to the last write-back.
void Receive(benchmark::State& state, hil::ModelOptions options) {
  std::array<Sink, 2> sinks;
  options.endpoints = {&sinks[0], &sinks[1]};
  const auto target = hil::OpenModelTarget(options);
  Port port(*target, 0);
  port.WaitForLink();
  std::array<std::byte, kFrameSize> frame{};
  const MacAddress mac = port.mac();
  std::memcpy(frame.data(), mac.data(), mac.size());
  Run(state, [&] {
    std::uint64_t ticks = 0;
    for (std::size_t n = 0; n < kWindow; n += kBatch) {
      const std::uint64_t begin = Ticks();
      target->host().Inject([&] {
        const unsigned far_end = 1 - target->wire_end(0);
        for (std::size_t i = 0; i < kBatch; ++i) target->wire(0).Send(far_end, {.bytes = frame});
      });
      ticks += Ticks() - begin;
      Check(port.Drain() == kBatch);
    }
    return static_cast<double>(ticks) / TicksPerNanosecond();
  });
}

/// Two ports joined by a wire.
struct Pair {
  explicit Pair(const hil::ModelOptions& options)
      : target(hil::OpenModelTarget(options)), near(*target, 0), far(*target, 1) {
    near.WaitForLink();
    far.WaitForLink();
    near.Address(far.mac());
  }
  std::unique_ptr<hil::ModelTarget> target;
  Port near;
  Port far;
};

// The model's part of the way from one port's doorbell to the other's write-back; that of the
// receiver's doorbell is counted as well.
void TransmitAndReceive(benchmark::State& state, const hil::ModelOptions& options) {
  Pair pair(options);
  Run(state, [&] {
    const std::uint64_t ticks = pair.near.ticks() + pair.far.ticks();
    for (std::size_t n = 0; n < kWindow; n += kBatch) {
      Check(pair.near.Generate() == kBatch);
      Check(pair.far.Drain() == kBatch);
    }
    return static_cast<double>(pair.near.ticks() + pair.far.ticks() - ticks) / TicksPerNanosecond();
  });
}

/// Time of a window of packets that go from `near` to `far`, and with `echo` back again. The
/// drivers run here, the models here or (threaded) on a thread of their own.
double Window(Pair& pair, bool echo) {
  using Clock = std::chrono::steady_clock;
  // Half a ring, so that nothing is missed.
  const std::size_t most_in_flight =
      std::min(512u, pair.target->capabilities().max_descriptors) / 2;
  constexpr std::chrono::seconds kDeadline(20);
  const Clock::time_point begin = Clock::now();
  std::size_t sent = 0;
  std::size_t arrived = 0;
  while (arrived < kWindow) {
    if (sent < kWindow && sent - arrived <= most_in_flight - kBatch) sent += pair.near.Generate();
    if (echo) pair.far.Echo();
    const std::size_t n = (echo ? pair.near : pair.far).Drain();
    arrived += n;
    if (n == 0 && Clock::now() - begin > kDeadline) {
      throw std::runtime_error("the loop stands still: " + std::to_string(sent - arrived) +
                               " packets are missing");
    }
  }
  Check(arrived == sent);
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

void Loop(benchmark::State& state, const hil::ModelOptions& options, bool echo) {
  Pair pair(options);
  Run(state, [&] { return Window(pair, echo); });
}

/// The rows of one kind of device; `name` is in front of each.
void Register(const std::string& name, hil::ModelOptions options) {
  options.log_accesses = false;
  const auto add = [&](const char* what, auto function) {
    return benchmark::RegisterBenchmark((name + what).c_str(),
                                        [=](benchmark::State& state) { function(state, options); });
  };
  add("model/transmit", Transmit);
  add("model/receive", Receive);
  add("model/transmit_and_receive", TransmitAndReceive);
  for (const bool echo : {false, true}) {
    for (const bool threaded : {false, true}) {
      options.threaded = threaded;
      const std::string what = std::string("loop/") + (echo ? "echo" : "one_way") +
                               (threaded ? "/threads:2" : "/threads:1");
      add(what.c_str(), [echo](benchmark::State& state, const hil::ModelOptions& with) {
        Loop(state, with, echo);
      })->UseRealTime();
    }
  }
}

}  // namespace

void RegisterModelBenchmarks() {
  Register("", {});
  Register("virtio-split/", {.nic = hil::Nic::kVirtioNet, .virtio = hil::VirtioKind::kModern});
  Register("virtio-packed/", {.nic = hil::Nic::kVirtioNet, .virtio = hil::VirtioKind::kPacked});
}

}  // namespace ixylab::bench
