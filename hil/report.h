// The report of a run: a table with a row for each test and a column for each target, the failures
// with what they printed, and one line that sums up.
#ifndef HIL_REPORT_H_
#define HIL_REPORT_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "hil/suite_output.h"

namespace ixylab::hil {

class Report {
 public:
  /// Begins a column; results from now on belong to it.
  void AddTarget(std::string name) { columns_.push_back({std::move(name), {}}); }
  void Add(const TestResult& result) { columns_.back().results.push_back(result); }

  std::string Table() const;
  std::string Failures() const;
  /// "12 passed, 0 failed, 1 skipped"
  std::string Summary() const;
  std::size_t Count(Outcome outcome) const;

 private:
  struct Column {
    std::string target;
    std::vector<TestResult> results;
  };
  std::vector<Column> columns_;
};

}  // namespace ixylab::hil

#endif  // HIL_REPORT_H_
