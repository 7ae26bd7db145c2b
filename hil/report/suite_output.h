// Understands what a GoogleTest program prints while it runs.
#ifndef HIL_REPORT_SUITE_OUTPUT_H_
#define HIL_REPORT_SUITE_OUTPUT_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hil/report/run_record.h"

namespace ixylab::hil {

/// Takes the program's lines and calls `on_result` for each test that has ended.
class SuiteOutput {
 public:
  using OnResult = std::function<void(const TestResult& result)>;
  explicit SuiteOutput(OnResult on_result) : on_result_(std::move(on_result)) {}

  void AddLine(std::string_view line);
  /// The program is gone: a test that still runs has failed, for the reason in `why`.
  void End(const std::vector<std::string>& why);

  /// How many tests there are to run, as the program said; 0 before.
  std::size_t total() const { return total_; }
  /// The program has begun to run tests.
  bool started() const { return started_; }
  /// The program reported its own end.
  bool finished() const { return finished_; }
  /// Lines that belong to no test.
  const std::vector<std::string>& other_lines() const { return other_lines_; }

 private:
  const OnResult on_result_;
  std::size_t total_ = 0;
  bool started_ = false;
  bool finished_ = false;
  bool running_ = false;
  TestResult test_;
  std::vector<std::string> other_lines_;
};

}  // namespace ixylab::hil

#endif  // HIL_REPORT_SUITE_OUTPUT_H_
