#include "tests/conformance/expected_skips.h"

#include <sstream>
#include <stdexcept>

namespace ixylab::conformance {

namespace {

constexpr std::string_view kTable =
#include "tests/conformance/expected_skips.inc"
    ;

}  // namespace

ExpectedSkips::ExpectedSkips(std::string_view table, std::string_view target) : target_(target) {
  std::istringstream lines{std::string(table)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line);
    std::string row_target, test, reason;
    words >> row_target;
    if (row_target.empty() || row_target.starts_with('#')) continue;
    words >> test >> std::ws;
    std::getline(words, reason);
    if (test.find('.') == std::string::npos || reason.empty()) {
      throw std::invalid_argument("expected skips, line " + std::to_string(number) +
                                  ": \"target Suite.Name reason\" expected");
    }
    if (row_target == target_ && !reasons_.emplace(test, reason).second) {
      throw std::invalid_argument("expected skips, line " + std::to_string(number) + ": " + test +
                                  " is there twice");
    }
  }
}

std::string_view BuiltInSkips() { return kTable; }

}  // namespace ixylab::conformance
