// The groups of benchmarks, each in a file of its own.
#ifndef TOOLS_BENCH_BENCHMARKS_H_
#define TOOLS_BENCH_BENCHMARKS_H_

#include <cstddef>

namespace ixylab::bench {

void RegisterDriverBenchmarks();
void RegisterModelBenchmarks();

/// Prints a table: instructions a packet by batch size, counted by valgrind in runs of this very
/// program. Returns the exit status.
int PrintInstructions();
/// What such a run does: forwards `packets` packets in batches of `batch` (a divisor).
int ForwardToBeCounted(std::size_t batch, std::size_t packets);

}  // namespace ixylab::bench

#endif  // TOOLS_BENCH_BENCHMARKS_H_
