// What is known of a run once it is over: what reports are made of, and what their JSON file keeps.
#ifndef HIL_REPORT_RUN_RECORD_H_
#define HIL_REPORT_RUN_RECORD_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ixylab::hil {

enum class Outcome { kPassed, kFailed, kSkipped };

struct TestResult {
  std::string name;
  Outcome outcome = Outcome::kFailed;
  long milliseconds = 0;
  std::vector<std::string> output{};  // what it printed

  /// Why it was skipped, as it said; or nothing.
  std::string_view SkipReason() const;
};

/// The suite on one target: a column of the report.
struct TargetRecord {
  std::string target;     // "lab:rack1"
  std::string machine{};  // where it ran, as that machine calls itself
  std::uint64_t seed = 1;
  std::chrono::system_clock::time_point begin{};
  std::chrono::milliseconds duration{0};
  std::vector<TestResult> results{};
  /// What the kernel of the machine or guest said meanwhile: the last lines.
  std::vector<std::string> kernel_log{};
  /// The driver's register accesses by name, if they were asked for; a file of its own.
  std::string register_trace{};

  std::size_t Count(Outcome outcome) const;
};

struct RunRecord {
  std::string command{};     // that the user gave, to repeat it
  bool interrupted = false;  // what is here is not the whole
  std::vector<TargetRecord> targets{};

  std::size_t Count(Outcome outcome) const;
};

}  // namespace ixylab::hil

#endif  // HIL_REPORT_RUN_RECORD_H_
