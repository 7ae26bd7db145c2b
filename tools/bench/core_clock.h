// Core cycles where there are no hardware counters, as in a virtual machine: the time stamp counter
// counts at a fixed rate, and a chain of dependent additions, one cycle each, tells how many core
// cycles a tick is worth.
#ifndef TOOLS_BENCH_CORE_CLOCK_H_
#define TOOLS_BENCH_CORE_CLOCK_H_

#include <x86intrin.h>

#include <cstdint>

namespace ixylab::bench {

inline std::uint64_t Ticks() { return __rdtsc(); }

/// Core cycles a tick, now: the clock follows load and temperature. Takes about 1 ms.
double CyclesPerTick();

/// Ticks a nanosecond, by the system's clock over some 10 ms; measured once.
double TicksPerNanosecond();

/// What a pair of Ticks() calls costs itself, in ticks.
std::uint64_t TicksOverhead();

}  // namespace ixylab::bench

#endif  // TOOLS_BENCH_CORE_CLOCK_H_
