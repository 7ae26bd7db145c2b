// Points and lengths of time as reports write them.
#ifndef HIL_REPORT_TIME_H_
#define HIL_REPORT_TIME_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ixylab::hil {

/// "2026-03-01T14:05:09.123Z"
std::string UtcTime(std::chrono::system_clock::time_point time);

/// The inverse, or nothing if it is none.
std::optional<std::chrono::system_clock::time_point> ParseUtcTime(std::string_view text);

/// "12 ms", "1.2 s", "3 min 20 s"
std::string Length(std::chrono::milliseconds length);

}  // namespace ixylab::hil

#endif  // HIL_REPORT_TIME_H_
