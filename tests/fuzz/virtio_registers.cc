// virtio-net devices, with their legacy and their modern interface, under any sequence of accesses
// to any region, of time, frames, resets and pulled cables.
#include <array>
#include <utility>

#include "tests/fuzz/bench_virtio.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ixylab::fuzz;
  static std::array<BenchVirtio, 3> benches{BenchVirtio(Mode::kLegacy), BenchVirtio(Mode::kModern),
                                            BenchVirtio(Mode::kPacked)};
  Input input(data, size);
  BenchVirtio& bench = benches[input.Byte() % benches.size()];
  while (Operate(bench.machine, bench.function(), input)) {
  }
  bench.ExpectTraffic();
  return 0;
}
