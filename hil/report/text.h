// A run in words: a table with a row for each test and a column for each target, the failures with
// what they printed, and one line that sums up.
#ifndef HIL_REPORT_TEXT_H_
#define HIL_REPORT_TEXT_H_

#include <cstddef>
#include <string>

#include "hil/report/run_record.h"

namespace ixylab::hil {

/// What a table shows of a result: its time, or what it came to; "-" of none.
std::string Cell(const TestResult* result);
/// `text` with blanks to `width`.
std::string Padded(std::string text, std::size_t width);

std::string Table(const RunRecord& run);
std::string Failures(const RunRecord& run);
/// Table and failures on standard output, every byte that tests printed.
void Print(const RunRecord& run);
/// "12 passed, 0 failed, 1 skipped"
std::string Summary(const RunRecord& run);

}  // namespace ixylab::hil

#endif  // HIL_REPORT_TEXT_H_
