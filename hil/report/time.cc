#include "hil/report/time.h"

#include <cstdio>
#include <ctime>

namespace ixylab::hil {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::system_clock;

}  // namespace

std::string UtcTime(system_clock::time_point time) {
  const auto since = std::chrono::floor<milliseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const std::time_t clock = seconds.count();
  std::tm parts{};
  gmtime_r(&clock, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03dZ",
                static_cast<int>((since - seconds).count()));
  return text;
}

std::optional<system_clock::time_point> ParseUtcTime(std::string_view text) {
  std::tm parts{};
  int thousandths = 0;
  int size = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &thousandths,
                  &size) != 7) {
    return std::nullopt;
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  const auto time = system_clock::from_time_t(timegm(&parts)) + milliseconds(thousandths);
  // What is no date (a 31st of June), has signs, blanks or an end of its own comes back otherwise.
  return UtcTime(time) == text ? std::optional(time) : std::nullopt;
}

std::string Length(milliseconds length) {
  const long count = length.count();
  char text[40];
  if (count < 1000) {
    std::snprintf(text, sizeof text, "%ld ms", count);
  } else if (count < 60'000) {
    std::snprintf(text, sizeof text, "%ld.%ld s", count / 1000, count % 1000 / 100);
  } else {
    std::snprintf(text, sizeof text, "%ld min %ld s", count / 60'000, count / 1000 % 60);
  }
  return text;
}

}  // namespace ixylab::hil
