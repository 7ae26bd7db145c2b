#include "hil/report/suite_output.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace ixylab::hil {

namespace {

constexpr std::string_view kBar = "[==========] ";
constexpr std::string_view kRun = "[ RUN      ] ";

struct Ending {
  std::string_view mark;
  Outcome outcome;
};
constexpr Ending kEndings[] = {
    {"[       OK ] ", Outcome::kPassed},
    {"[  FAILED  ] ", Outcome::kFailed},
    {"[  SKIPPED ] ", Outcome::kSkipped},
};

/// The number at the start of `text`.
std::optional<long> Number(std::string_view text) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace

void SuiteOutput::AddLine(std::string_view line) {
  if (!running_ && line.starts_with(kBar)) {
    const std::string_view text = line.substr(kBar.size());
    constexpr std::string_view kRunning = "Running ";
    if (text.starts_with(kRunning)) {
      started_ = true;
      total_ = static_cast<std::size_t>(Number(text.substr(kRunning.size())).value_or(0));
    } else if (started_ && text.find(" ran.") != text.npos) {
      finished_ = true;
    }
    return;
  }
  if (!running_ && line.starts_with(kRun)) {
    running_ = true;
    test_ = {.name = std::string(line.substr(kRun.size())), .outcome = {}, .output = {}};
    return;
  }
  if (!running_) {
    other_lines_.emplace_back(line);
    return;
  }
  for (const Ending& ending : kEndings) {
    // "Suite.Name, where GetParam() = 64 (12 ms)"
    const std::string_view text = line.substr(std::min(line.size(), ending.mark.size()));
    if (!line.starts_with(ending.mark) || !text.starts_with(test_.name)) continue;
    const std::size_t time = text.rfind(" (");
    running_ = false;
    test_.outcome = ending.outcome;
    if (time != text.npos) test_.milliseconds = Number(text.substr(time + 2)).value_or(0);
    on_result_(test_);
    return;
  }
  test_.output.emplace_back(line);
}

void SuiteOutput::End(const std::vector<std::string>& why) {
  if (!std::exchange(running_, false)) return;
  test_.outcome = Outcome::kFailed;
  test_.output.insert(test_.output.end(), why.begin(), why.end());
  on_result_(test_);
}

}  // namespace ixylab::hil
