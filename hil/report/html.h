// A run as one HTML page: tests as rows, targets as columns.
#ifndef HIL_REPORT_HTML_H_
#define HIL_REPORT_HTML_H_

#include <string>

#include "hil/report/run_record.h"

namespace ixylab::hil {

/// The fragments #failed, #skipped and #different show those tests alone; #failure-T-N is the Nth
/// result of the target T, #console-T the kernel's log there.
std::string ToHtml(const RunRecord& run);

}  // namespace ixylab::hil

#endif  // HIL_REPORT_HTML_H_
