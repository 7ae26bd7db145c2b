// The groups of benchmarks, each in a file of its own.
#ifndef TOOLS_BENCH_BENCHMARKS_H_
#define TOOLS_BENCH_BENCHMARKS_H_

#include <cstddef>
#include <string_view>

namespace ixylab::bench {

void RegisterDriverBenchmarks();
void RegisterModelBenchmarks();

/// Prints a table for each driver: instructions a packet by batch size, counted by valgrind in runs
/// of this very program. Returns the exit status.
int PrintInstructions();
/// What such a run does: forwards `packets` packets in batches of `batch` (a divisor) with
/// `driver`: "ixgbe", "virtio-split" or "virtio-packed". False if there is no such driver.
bool ForwardToBeCounted(std::string_view driver, std::size_t batch, std::size_t packets);

}  // namespace ixylab::bench

#endif  // TOOLS_BENCH_BENCHMARKS_H_
