// What changed between two runs: of today and yesterday, or of the model and silicon.
#ifndef HIL_REPORT_COMPARE_H_
#define HIL_REPORT_COMPARE_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "hil/report/run_record.h"

namespace ixylab::hil {

/// When two times of a test that passed both times are different: one is more than `factor` times
/// the other, and the difference more than what a busy machine makes. A factor of 0: never.
struct TimeBound {
  double factor = 3;
  std::chrono::milliseconds at_least{200};

  bool Different(long a_milliseconds, long b_milliseconds) const;
};

/// A test that is not the same in both runs.
struct Change {
  std::string name;
  const TestResult* a = nullptr;  // null: it is not there
  const TestResult* b = nullptr;
  std::string what;  // "broken", "fixed", "new", "gone", "fails elsewhere", ...
};

/// A target of A and the one of B that it is compared with.
struct ComparedTargets {
  const TargetRecord* a = nullptr;
  const TargetRecord* b = nullptr;
  std::size_t tests = 0;  // of either
  std::vector<Change> changes{};
};

struct Comparison {
  TimeBound bound;
  std::vector<ComparedTargets> pairs;
  /// Targets of one run that have no partner in the other.
  std::vector<const TargetRecord*> only_a;
  std::vector<const TargetRecord*> only_b;

  bool changed() const;
  std::size_t changes() const;
};

/// Pairs targets of the same name, and the others in their order. Points into `a` and `b`.
Comparison Compare(const RunRecord& a, const RunRecord& b, const TimeBound& bound = {});

/// "2 of 156 tests changed (times: more than 3 times and 200 ms apart)"
std::string CompareSummary(const Comparison& comparison);

/// A table of the changes for each pair of targets, and one last line that sums up.
std::string CompareText(const Comparison& comparison);

/// The same as a page (html.h), with what failed in either run.
std::string CompareHtml(const Comparison& comparison);

}  // namespace ixylab::hil

#endif  // HIL_REPORT_COMPARE_H_
