// Benchmarks of the driver and of the model. See README.md for what each figure means.
//
//   bench                    all, as a table; takes Google Benchmark's flags
//   bench --instructions     instructions a packet by batch size (needs valgrind)
#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "tools/bench/benchmarks.h"
#include "tools/bench/driver_rig.h"

namespace ixylab::bench {
namespace {

int Main(int argc, char** argv) {
  constexpr std::string_view kCount = "--count=";
  const std::string_view first = argc == 2 ? argv[1] : "";
  if (first == "--instructions") return PrintInstructions();
  if (first.starts_with(kCount)) {
    std::array<char, 16> driver{};
    std::size_t batch = 0;
    std::size_t packets = 0;
    if (std::sscanf(argv[1] + kCount.size(), "%15[^,],%zu,%zu", driver.data(), &batch, &packets) !=
            3 ||
        batch == 0 || batch > kLargestBatch || !ForwardToBeCounted(driver.data(), batch, packets)) {
      std::fprintf(stderr, "bench: --count=DRIVER,BATCH,PACKETS: a batch of 1 to %zu\n",
                   kLargestBatch);
      return 2;
    }
    return 0;
  }
  benchmark::Initialize(&argc, argv);
  if (argc > 1) {
    std::fprintf(stderr, "bench: unknown argument %s; there are --instructions and --benchmark_*\n",
                 argv[1]);
    return 2;
  }
  RegisterDriverBenchmarks();
  RegisterModelBenchmarks();
  if (benchmark::RunSpecifiedBenchmarks() == 0) {
    std::fprintf(stderr, "bench: no benchmark has such a name; see --benchmark_list_tests\n");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace ixylab::bench

int main(int argc, char** argv) {
  try {
    return ixylab::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench: %s\n", error.what());
    return 1;
  }
}
