#include "tests/conformance/expected_skips.h"

#include <fnmatch.h>

#include <sstream>
#include <stdexcept>

namespace ixylab::conformance {

namespace {

constexpr std::string_view kTable =
#include "tests/conformance/expected_skips.inc"
    ;

bool Matches(const std::string& pattern, const std::string& text) {
  return fnmatch(pattern.c_str(), text.c_str(), FNM_EXTMATCH) == 0;
}

[[noreturn]] void Refuse(int line, const std::string& what) {
  throw std::invalid_argument("expected skips, line " + std::to_string(line) + ": " + what);
}

}  // namespace

ExpectedSkips::ExpectedSkips(std::string_view table, std::string_view target) : target_(target) {
  std::istringstream lines{std::string(table)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line);
    std::string row_target, tests, reason;
    words >> row_target;
    if (row_target.empty() || row_target.starts_with('#')) continue;
    words >> tests >> std::ws;
    std::getline(words, reason);
    if (tests.find('.') == std::string::npos || reason.empty()) {
      Refuse(number, "\"target Suite.Name reason\" expected");
    }
    if (Matches(row_target, target_)) rows_.push_back({number, tests, reason});
  }
}

std::string_view ExpectedSkips::Reason(const std::string& test) const {
  for (const Row& row : rows_) {
    if (Matches(row.tests, test)) return row.reason;
  }
  return {};
}

void ExpectedSkips::CheckAgainst(const std::set<std::string>& tests) const {
  std::set<std::string> seen;
  for (const Row& row : rows_) {
    bool any = false;
    for (const std::string& test : tests) {
      if (!Matches(row.tests, test)) continue;
      any = true;
      if (!seen.insert(test).second) Refuse(row.line, test + " is there twice");
    }
    if (!any) Refuse(row.line, "there is no test " + row.tests);
  }
}

std::string_view BuiltInSkips() { return kTable; }

}  // namespace ixylab::conformance
