// The driver alone, on null devices: first by batch size, then one thing at a time from batch 32,
// 512 descriptors, a stride of 2,176 bytes, 2 MiB pages and a clean batch of 32.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/bench/benchmarks.h"
#include "tools/bench/core_clock.h"
#include "tools/bench/driver_rig.h"

namespace ixylab::bench {
namespace {

constexpr std::size_t kBatch = 32;

/// One iteration is a window of some 25,000 packets; the counter is the median of the windows,
/// because others may be using the machine.
template <typename Rig>
void ForwardPackets(benchmark::State& state, std::size_t batch, const RigOptions& options) {
  Rig rig(options);
  // Several calls between two looks at the clock, and no ring filled more than half.
  const std::size_t at_once = std::max<std::size_t>(batch, std::min(options.entries / 2, 64u));
  const int rounds = static_cast<int>(25'600 / at_once);
  const std::size_t window = at_once * static_cast<std::size_t>(rounds);
  const double cycles_per_tick = CyclesPerTick();
  TicksOfForwarding(rig, batch, at_once, rounds);  // warms up
  std::vector<double> cycles;
  for ([[maybe_unused]] auto _ : state) {
    const auto ticks = static_cast<double>(TicksOfForwarding(rig, batch, at_once, rounds));
    cycles.push_back(ticks * cycles_per_tick / static_cast<double>(window));
  }
  std::ranges::nth_element(cycles, cycles.begin() + static_cast<std::ptrdiff_t>(cycles.size() / 2));
  state.counters["core_cycles/packet"] = cycles[cycles.size() / 2];
  state.counters["core_GHz"] = cycles_per_tick * TicksPerNanosecond();
  state.counters["huge_MiB"] = static_cast<double>(PlainMemory::HugePageBytes() >> 20);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(window));
}

template <typename Rig = IxgbeRig>
void Register(const std::string& name, std::size_t batch, const RigOptions& options) {
  benchmark::RegisterBenchmark(("forward/" + name).c_str(), [=](benchmark::State& state) {
    ForwardPackets<Rig>(state, batch, options);
  });
}

}  // namespace

void RegisterDriverBenchmarks() {
  for (std::size_t batch = 1; batch <= kLargestBatch; batch *= 2) {
    Register("batch:" + std::to_string(batch), batch, {});
  }
  for (std::size_t batch = 1; batch <= kLargestBatch; batch *= 2) {
    Register<SplitRig>("virtio-split/batch:" + std::to_string(batch), batch, {});
    Register<PackedRig>("virtio-packed/batch:" + std::to_string(batch), batch, {});
  }
  for (const std::uint32_t entries : {64u, 128u, 256u, 512u, 1024u, 2048u, 4096u}) {
    Register("ring:" + std::to_string(entries), kBatch, {.entries = entries});
  }
  // 2,048 itself is no choice: header and buffer take 2,112. 4,096 is what it stands for, a power
  // of two.
  for (const std::size_t stride : {2112u, 2176u, 2240u, 2304u, 3072u, 4096u}) {
    Register("stride:" + std::to_string(stride), kBatch, {.stride = stride});
    Register("batch:256/stride:" + std::to_string(stride), kLargestBatch, {.stride = stride});
  }
  // Pages of the kernel, then those of the device as well: there, a buffer has a page to itself,
  // and the stride is 4,096.
  Register("page:2MiB", kBatch, {});
  Register("page:4KiB", kBatch, {.huge = false});
  Register("page:4KiB/device:4KiB", kBatch, {.page_size = 4 << 10, .huge = false});
  Register<QueueRig<1>>("clean_batch:1", kBatch, {});
  Register<QueueRig<8>>("clean_batch:8", kBatch, {});
  Register<QueueRig<16>>("clean_batch:16", kBatch, {});
  Register<QueueRig<32>>("clean_batch:32", kBatch, {});
  Register<QueueRig<64>>("clean_batch:64", kBatch, {});
  Register<QueueRig<128>>("clean_batch:128", kBatch, {});
}

}  // namespace ixylab::bench
