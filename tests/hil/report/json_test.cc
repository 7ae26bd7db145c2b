#include "hil/report/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace ixylab::hil {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

RunRecord OneOfAll() {
  TargetRecord model{
      .target = "model:82599",
      .machine = "bench",
      .seed = std::numeric_limits<std::uint64_t>::max(),
      .begin = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'772'000'000'123)),
      .duration = std::chrono::milliseconds(4567)};
  model.results = {
      {.name = "A.One", .outcome = Outcome::kPassed, .milliseconds = 12},
      {.name = "A.Two", .outcome = Outcome::kFailed, .output = {"a.cc:7: Failure", "\"x\"\t\\"}},
      {.name = "A.Three", .outcome = Outcome::kSkipped, .output = {"a.cc:9: Skipped", "why"}}};
  model.kernel_log = {"[    1.000000] ixgbe: gone"};
  return {.command = "hil run --seed=7", .interrupted = true, .targets = {model, {.target = "b"}}};
}

/// What is said of `json`.
std::string Complaint(const std::string& json) {
  try {
    FromJson(json, "run.json");
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

/// OneOfAll with `from` (which is there) replaced.
std::string With(const std::string& from, const std::string& to) {
  std::string json = ToJson(OneOfAll());
  const std::size_t place = json.find(from);
  EXPECT_NE(place, json.npos) << from;
  return json.replace(place, from.size(), to);
}

TEST(JsonTest, ComesBackAsItWas) {
  const RunRecord before = OneOfAll();
  const RunRecord after = FromJson(ToJson(before), "run.json");
  EXPECT_EQ(after.command, before.command);
  EXPECT_TRUE(after.interrupted);
  ASSERT_EQ(after.targets.size(), 2u);
  const TargetRecord& target = after.targets[0];
  EXPECT_EQ(target.target, "model:82599");
  EXPECT_EQ(target.machine, "bench");
  EXPECT_EQ(target.seed, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(target.begin, before.targets[0].begin);
  EXPECT_EQ(target.duration, std::chrono::milliseconds(4567));
  EXPECT_THAT(target.kernel_log, ElementsAre("[    1.000000] ixgbe: gone"));
  ASSERT_EQ(target.results.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(target.results[i].name, before.targets[0].results[i].name);
    EXPECT_EQ(target.results[i].outcome, before.targets[0].results[i].outcome);
    EXPECT_EQ(target.results[i].milliseconds, before.targets[0].results[i].milliseconds);
    EXPECT_EQ(target.results[i].output, before.targets[0].results[i].output);
  }
}

TEST(JsonTest, AnyBytesCanBeWrittenAndRead) {
  RunRecord run = OneOfAll();
  run.targets[0].results[0].output = {std::string("\0\x1b\x7f", 3), "\xff\xc3(", "</script>"};
  const auto output = FromJson(ToJson(run), "run.json").targets[0].results[0].output;
  EXPECT_THAT(output, ElementsAre(std::string("\0\x1b\x7f", 3), "\uFFFD\uFFFD(", "</script>"));
}

TEST(JsonTest, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Complaint("[]"), "run.json: not an object");
  EXPECT_EQ(Complaint("{}"), "run.json: \"format\" is missing");
  EXPECT_EQ(Complaint(With("ixylab run 1", "ixylab run 2")),
            "run.json: format: not \"ixylab run 1\"");
  EXPECT_EQ(Complaint(With("\"failed\"", "\"broken\"")),
            "run.json: targets[0]: results[1]: outcome: neither passed nor failed nor skipped");
  EXPECT_EQ(Complaint(With("18446744073709551615", "-1")),
            "run.json: targets[0]: seed: not a whole number from 0 on");
  EXPECT_EQ(Complaint(With(": 4567", ": 99999999999999999")),
            "run.json: targets[0]: milliseconds: 99999999999999999 ms is too long");
  EXPECT_EQ(Complaint(With("\"bench\"", "7")), "run.json: targets[0]: machine: not a text");
  EXPECT_EQ(Complaint(With("true", "1")), "run.json: interrupted: neither true nor false");
  EXPECT_EQ(Complaint(With("\"output\": []", "\"output\": 1")),
            "run.json: targets[0]: results[0]: output: not a list");
  EXPECT_EQ(Complaint(With("2026-", "yesterday ")),
            "run.json: targets[0]: begin: not a time such as 2026-03-01T14:05:09.123Z");
}

TEST(JsonTest, NoJsonIsSaidInOneLine) {
  for (const std::string& text :
       {std::string(), std::string("{\"for\nmat"), std::string("\xff\0", 2), std::string("{} {}"),
        std::string(10'000, '[')}) {
    EXPECT_THAT(Complaint(text), StartsWith("run.json: no JSON: parse error at line ")) << text;
    EXPECT_THAT(Complaint(text), Not(HasSubstr("\n")));
  }
}

}  // namespace
}  // namespace ixylab::hil
