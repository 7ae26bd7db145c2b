// The 82599 under any sequence of accesses to any of its regions, of time, frames, resets and
// pulled cables.
#include "tests/fuzz/bench_82599.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ixylab::fuzz;
  static Bench82599 bench;
  Input input(data, size);
  // With a trace on, each access is put into words.
  const bool described = input.Byte() == 'T';
  bench.machine.on_access = nullptr;
  if (described) {
    bench.machine.on_access = [](unsigned region, std::uint32_t offset, unsigned bytes,
                                 std::uint32_t value) {
      Require(!bench.chip->Describe(region, offset, bytes, value).empty(), "accesses have a name");
      bench.chip->Provenance(region, offset);
    };
  }
  while (Operate(bench.machine, bench.function(), input)) {
  }
  bench.BringUp();
  return 0;
}
