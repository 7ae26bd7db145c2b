#include "hil/report/json.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "hil/report/time.h"

namespace ixylab::hil {

namespace {

// Members keep their order, so that people can read the file.
using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "ixylab run 1";
constexpr Outcome kOutcomes[] = {Outcome::kPassed, Outcome::kFailed, Outcome::kSkipped};

/// A value of the file, and where it stands, for what is said of it.
class Value {
 public:
  Value(const Json& json, std::string place) : json_(json), place_(std::move(place)) {}

  [[noreturn]] void Fail(const std::string& what) const {
    throw std::runtime_error(place_ + ": " + what);
  }

  Value Member(const char* key) const {
    if (!json_.is_object()) Fail("not an object");
    const auto member = json_.find(key);
    if (member == json_.end()) Fail("\"" + std::string(key) + "\" is missing");
    return {*member, place_ + ": " + key};
  }

  template <typename T, typename Convert>
  std::vector<T> List(const Convert& convert) const {
    if (!json_.is_array()) Fail("not a list");
    std::vector<T> list;
    for (const Json& element : json_) {
      list.push_back(convert(Value(element, place_ + "[" + std::to_string(list.size()) + "]")));
    }
    return list;
  }

  std::string Text() const {
    if (!json_.is_string()) Fail("not a text");
    return json_.get<std::string>();
  }

  bool Flag() const {
    if (!json_.is_boolean()) Fail("neither true nor false");
    return json_.get<bool>();
  }

  std::uint64_t Number() const {
    if (!json_.is_number_unsigned()) Fail("not a whole number from 0 on");
    return json_.get<std::uint64_t>();
  }

  /// Milliseconds: up to 2^53, so that sums of them stay numbers.
  long Milliseconds() const {
    const std::uint64_t number = Number();
    if (number >> 53 != 0) Fail(std::to_string(number) + " ms is too long");
    return static_cast<long>(number);
  }

 private:
  const Json& json_;
  const std::string place_;
};

std::string Text(const Value& value) { return value.Text(); }

Outcome ReadOutcome(const Value& value) {
  const std::string name = value.Text();
  for (const Outcome outcome : kOutcomes) {
    if (OutcomeName(outcome) == name) return outcome;
  }
  value.Fail("neither passed nor failed nor skipped");
}

TestResult ReadResult(const Value& value) {
  return {.name = value.Member("name").Text(),
          .outcome = ReadOutcome(value.Member("outcome")),
          .milliseconds = value.Member("milliseconds").Milliseconds(),
          .output = value.Member("output").List<std::string>(Text)};
}

std::chrono::system_clock::time_point ReadTime(const Value& value) {
  const auto time = ParseUtcTime(value.Text());
  if (!time) value.Fail("not a time such as 2026-03-01T14:05:09.123Z");
  return *time;
}

TargetRecord ReadTarget(const Value& value) {
  return {.target = value.Member("target").Text(),
          .machine = value.Member("machine").Text(),
          .seed = value.Member("seed").Number(),
          .begin = ReadTime(value.Member("begin")),
          .duration = std::chrono::milliseconds(value.Member("milliseconds").Milliseconds()),
          .results = value.Member("results").List<TestResult>(ReadResult),
          .kernel_log = value.Member("kernel_log").List<std::string>(Text)};
}

Json Write(const TargetRecord& target) {
  Json results = Json::array();
  for (const TestResult& result : target.results) {
    results.push_back({{"name", result.name},
                       {"outcome", OutcomeName(result.outcome)},
                       {"milliseconds", static_cast<std::uint64_t>(result.milliseconds)},
                       {"output", result.output}});
  }
  return {{"target", target.target},
          {"machine", target.machine},
          {"seed", target.seed},
          {"begin", UtcTime(target.begin)},
          {"milliseconds", static_cast<std::uint64_t>(target.duration.count())},
          {"results", std::move(results)},
          {"kernel_log", target.kernel_log}};
}

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  constexpr std::string_view kNames[] = {"passed", "failed", "skipped"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::string ToJson(const RunRecord& run) {
  Json targets = Json::array();
  for (const TargetRecord& target : run.targets) targets.push_back(Write(target));
  const Json json = {{"format", kFormat},
                     {"command", run.command},
                     {"interrupted", run.interrupted},
                     {"targets", std::move(targets)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

RunRecord FromJson(std::string_view json, const std::string& name) {
  Json parsed;
  try {
    parsed = Json::parse(json);
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    const std::string_view what = error.what();
    throw std::runtime_error(
        name +
        ": no JSON:" + std::string(what.substr(std::min(what.find(']'), what.size() - 1) + 1)));
  }
  const Value root(parsed, name);
  const Value format = root.Member("format");
  if (format.Text() != kFormat) format.Fail("not \"" + std::string(kFormat) + "\"");
  return {.command = root.Member("command").Text(),
          .interrupted = root.Member("interrupted").Flag(),
          .targets = root.Member("targets").List<TargetRecord>(ReadTarget)};
}

}  // namespace ixylab::hil
