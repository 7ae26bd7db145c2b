// A run as JUnit XML, which CI servers read (Jenkins, GitLab).
#ifndef HIL_REPORT_JUNIT_H_
#define HIL_REPORT_JUNIT_H_

#include <string>

#include "hil/report/run_record.h"

namespace ixylab::hil {

/// A test suite for each target: its machine, seed and begin, its tests with the reason of a skip
/// or what a failed one printed, and the kernel's log.
std::string ToJunit(const RunRecord& run);

}  // namespace ixylab::hil

#endif  // HIL_REPORT_JUNIT_H_
