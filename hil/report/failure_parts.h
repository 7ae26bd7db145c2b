// What a failed test printed, taken apart by the marks of GoogleTest and of the conformance suite
// (tests/conformance/listeners.cc).
#ifndef HIL_REPORT_FAILURE_PARTS_H_
#define HIL_REPORT_FAILURE_PARTS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hil/report/run_record.h"

namespace ixylab::hil {

/// One assertion that failed.
struct FailedAssertion {
  std::vector<std::string> lines;     // the first says where: "a_test.cc:7: Failure"
  std::vector<std::string> accesses;  // the last register accesses before it, oldest first
};

struct FailureParts {
  std::vector<FailedAssertion> assertions;
  std::string again;               // the command that runs this test alone, or nothing
  std::vector<std::string> other;  // what else the test printed, or how it ended: a crash, ...
};

FailureParts TakeApart(const TestResult& failure);

/// A line of FailedAssertion::accesses.
struct AccessLine {
  std::string_view time;       // "1.234567 ms"
  std::string_view port;       // "0"
  std::string_view direction;  // "R" or "W"
  std::string_view name;       // "SRRCTL[0] 0x01014"
  std::string_view value;      // "0x12000402 {...}", with its fields
};
/// Views of `line`; nothing if it is none.
std::optional<AccessLine> ParseAccess(std::string_view line);

}  // namespace ixylab::hil

#endif  // HIL_REPORT_FAILURE_PARTS_H_
