// A run as JSON: the file from which its other reports can be written again.
#ifndef HIL_REPORT_JSON_H_
#define HIL_REPORT_JSON_H_

#include <string>
#include <string_view>

#include "hil/report/run_record.h"

namespace ixylab::hil {

/// What the outcome is called in files and on pages: "passed", "failed", "skipped".
std::string_view OutcomeName(Outcome outcome);

/// The whole run but for the register traces, which are files of their own (run_folder.h). Bytes
/// that are no UTF-8 become U+FFFD.
std::string ToJson(const RunRecord& run);

/// The inverse. Throws std::runtime_error in one line: `name` (of the file), where in it, what is
/// wrong there.
RunRecord FromJson(std::string_view json, const std::string& name);

}  // namespace ixylab::hil

#endif  // HIL_REPORT_JSON_H_
