#include "hil/report/failure_parts.h"

namespace ixylab::hil {

namespace {

constexpr std::string_view kFailure = ": Failure";
constexpr std::string_view kAccesses = "Last register accesses:";
constexpr std::string_view kIndent = "  ";
constexpr std::string_view kAgain = "Again: ";

std::string_view WithoutBlanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

/// What stands before `mark`, which goes as well; nothing, and nothing goes, if there is no mark.
std::string_view Take(std::string_view& text, std::string_view mark) {
  const std::size_t end = text.find(mark);
  if (end == text.npos) return {};
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end + mark.size());
  return WithoutBlanks(taken);
}

}  // namespace

FailureParts TakeApart(const TestResult& failure) {
  enum class Part { kOther, kAssertion, kAccesses };
  FailureParts parts;
  Part part = Part::kOther;
  for (const std::string& line : failure.output) {
    if (line.ends_with(kFailure)) {
      part = Part::kAssertion;
      parts.assertions.emplace_back();
    } else if (part == Part::kAssertion && line == kAccesses) {
      part = Part::kAccesses;
      continue;
    } else if (part != Part::kOther && line.starts_with(kAgain)) {
      part = Part::kOther;
      parts.again = line.substr(kAgain.size());
      continue;
    } else if (part == Part::kAccesses && !line.starts_with(kIndent)) {
      part = Part::kOther;
    }
    switch (part) {
      case Part::kAssertion:
        parts.assertions.back().lines.push_back(line);
        break;
      case Part::kAccesses:
        parts.assertions.back().accesses.push_back(line.substr(kIndent.size()));
        break;
      case Part::kOther:
        parts.other.push_back(line);
        break;
    }
  }
  // GoogleTest ends its messages with an empty line.
  for (FailedAssertion& assertion : parts.assertions) {
    while (assertion.lines.back().empty()) assertion.lines.pop_back();
  }
  return parts;
}

std::optional<AccessLine> ParseAccess(std::string_view line) {
  AccessLine access;
  access.time = Take(line, "  port ");
  access.port = Take(line, "  ");
  access.direction = Take(line, "  ");
  access.name = Take(line, " = ");
  access.value = WithoutBlanks(line);
  const bool whole = access.time.ends_with(" ms") && !access.port.empty() &&
                     (access.direction == "R" || access.direction == "W") && !access.name.empty();
  return whole ? std::optional(access) : std::nullopt;
}

}  // namespace ixylab::hil
