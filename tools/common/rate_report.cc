#include "tools/common/rate_report.h"

#include <cinttypes>
#include <cstdio>

namespace ixylab::tools {

void RateReport::LookNow() {
  const Clock::time_point now = Clock::now();
  const std::chrono::duration<double> elapsed = now - since_;
  if (elapsed < std::chrono::seconds(1)) return;
  const Totals totals = read_();
  const double per_microsecond = 1e-6 / elapsed.count();
  std::fprintf(stderr, "%s: %.3f Mpps, %.0f Mbit/s, %" PRIu64 " missed\n", label_.c_str(),
               static_cast<double>(totals.packets - last_.packets) * per_microsecond,
               static_cast<double>(totals.bytes - last_.bytes) * 8 * per_microsecond,
               totals.missed - last_.missed);
  last_ = totals;
  since_ = now;
}

}  // namespace ixylab::tools
