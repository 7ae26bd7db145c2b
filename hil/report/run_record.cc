#include "hil/report/run_record.h"

#include <algorithm>

namespace ixylab::hil {

std::string_view TestResult::SkipReason() const {
  for (std::size_t i = 0; i + 1 < output.size(); ++i) {
    if (output[i].ends_with(": Skipped")) return output[i + 1];
  }
  return {};
}

std::size_t TargetRecord::Count(Outcome outcome) const {
  return static_cast<std::size_t>(std::ranges::count(results, outcome, &TestResult::outcome));
}

std::size_t RunRecord::Count(Outcome outcome) const {
  std::size_t count = 0;
  for (const TargetRecord& target : targets) count += target.Count(outcome);
  return count;
}

}  // namespace ixylab::hil
