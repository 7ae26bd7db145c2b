// What goes through in each second.
#ifndef TOOLS_COMMON_RATE_REPORT_H_
#define TOOLS_COMMON_RATE_REPORT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace ixylab::tools {

/// Prints "LABEL: 0.940 Mpps, 451 Mbit/s, 0 missed" to stderr, once in a second of wall time.
class RateReport {
 public:
  struct Totals {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  // without FCS
    std::uint64_t missed = 0;
  };

  RateReport(std::string label, std::function<Totals()> read)
      : label_(std::move(label)), read_(std::move(read)) {}

  /// To be called after each batch: looks at the time once in a few calls, since in a VM that may
  /// be an exit to the hypervisor.
  void Look() {
    if (++calls_ % kCallsPerLook == 0) LookNow();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::uint64_t kCallsPerLook = 16;
  void LookNow();

  const std::string label_;
  const std::function<Totals()> read_;
  std::uint64_t calls_ = 0;
  Clock::time_point since_ = Clock::now();
  Totals last_;
};

}  // namespace ixylab::tools

#endif  // TOOLS_COMMON_RATE_REPORT_H_
