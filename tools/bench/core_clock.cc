#include "tools/bench/core_clock.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace ixylab::bench {

double CyclesPerTick() {
  constexpr int kChains = 20;
  constexpr int kRounds = 20'000;
  constexpr int kAddsARound = 8;
  // The shortest: the others were interrupted.
  std::uint64_t shortest = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t sum = 0;
  const std::uint64_t one = 1;
  for (int chain = 0; chain < kChains; ++chain) {
    const std::uint64_t begin = Ticks();
    for (int round = 0; round < kRounds; ++round) {
      asm volatile(
          "add %1, %0; add %1, %0; add %1, %0; add %1, %0;"
          "add %1, %0; add %1, %0; add %1, %0; add %1, %0"
          : "+r"(sum)
          : "r"(one));
    }
    shortest = std::min(shortest, Ticks() - begin);
  }
  return double{kRounds} * kAddsARound / static_cast<double>(shortest);
}

double TicksPerNanosecond() {
  static const double result = [] {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    const std::uint64_t ticks = Ticks();
    while (Clock::now() - begin < std::chrono::milliseconds(10)) {
    }
    const std::chrono::duration<double, std::nano> time = Clock::now() - begin;
    return static_cast<double>(Ticks() - ticks) / time.count();
  }();
  return result;
}

std::uint64_t TicksOverhead() {
  std::uint64_t shortest = std::numeric_limits<std::uint64_t>::max();
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t begin = Ticks();
    shortest = std::min(shortest, Ticks() - begin);
  }
  return shortest;
}

}  // namespace ixylab::bench
