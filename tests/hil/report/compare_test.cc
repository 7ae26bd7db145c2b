#include "hil/report/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ixylab::hil {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

TestResult Passed(const std::string& name, long milliseconds = 10) {
  return {.name = name, .outcome = Outcome::kPassed, .milliseconds = milliseconds};
}
TestResult Failed(const std::string& name, const std::string& place = "a.cc:7: Failure") {
  return {.name = name, .outcome = Outcome::kFailed, .output = {place, "Expected: true"}};
}
TestResult Skipped(const std::string& name, const std::string& reason = "no cable") {
  return {.name = name, .outcome = Outcome::kSkipped, .output = {"a.cc:9: Skipped", reason}};
}
RunRecord RunOn(const std::string& target, std::vector<TestResult> results) {
  return {.targets = {{.target = target, .machine = "bench", .results = std::move(results)}}};
}

/// Name and what changed, of the first pair.
std::vector<std::pair<std::string, std::string>> Changes(const Comparison& comparison) {
  std::vector<std::pair<std::string, std::string>> changes;
  for (const Change& change : comparison.pairs.at(0).changes) {
    changes.emplace_back(change.name, change.what);
  }
  return changes;
}

TEST(CompareTest, NothingChanged) {
  const RunRecord run = RunOn(
      "model:82599", {Passed("A.One"), Failed("A.Two"), Skipped("A.Three"), Passed("A.Four", 0)});
  const Comparison comparison = Compare(run, run);
  EXPECT_FALSE(comparison.changed());
  EXPECT_EQ(comparison.pairs.at(0).tests, 4u);
  EXPECT_THAT(CompareText(comparison),
              HasSubstr("\n0 of 4 tests changed (times: more than 3 times and 200 ms apart)\n"));
}

TEST(CompareTest, Outcomes) {
  const RunRecord a = RunOn(
      "model:82599", {Passed("A.Breaks"), Failed("A.Fixed"), Passed("A.Skips"), Failed("A.Hides"),
                      Skipped("A.Runs"), Passed("A.Gone"), Passed("A.Same")});
  const RunRecord b = RunOn(
      "lab:rack1", {Passed("A.New"), Failed("A.Breaks"), Passed("A.Fixed"), Skipped("A.Skips"),
                    Skipped("A.Hides"), Passed("A.Runs"), Passed("A.Same")});
  const Comparison comparison = Compare(a, b);
  EXPECT_TRUE(comparison.changed());
  EXPECT_EQ(comparison.pairs.at(0).tests, 8u);
  EXPECT_THAT(Changes(comparison),
              ElementsAre(Pair("A.Breaks", "broken"), Pair("A.Fixed", "fixed"),
                          Pair("A.Skips", "now skipped"), Pair("A.Hides", "now skipped, failed"),
                          Pair("A.Runs", "no longer skipped"), Pair("A.Gone", "gone"),
                          Pair("A.New", "new")));
  const std::string text = CompareText(comparison);
  EXPECT_THAT(text, HasSubstr("A  model:82599 on bench, "));
  EXPECT_THAT(text, HasSubstr("\nA.Breaks  10 ms      FAILED     broken\n"));
  EXPECT_THAT(text, HasSubstr("\nA.Gone    10 ms      -          gone\n"));
  EXPECT_THAT(text, Not(HasSubstr("A.Same")));
  EXPECT_THAT(text, HasSubstr("\n7 of 8 tests changed"));
}

TEST(CompareTest, ReasonsAndPlaces) {
  const RunRecord a = RunOn("t", {Failed("A.One"), Skipped("A.Two")});
  const RunRecord b =
      RunOn("t", {Failed("A.One", "a.cc:8: Failure"), Skipped("A.Two", "no VLANs")});
  EXPECT_THAT(Changes(Compare(a, b)), ElementsAre(Pair("A.One", "fails elsewhere"),
                                                  Pair("A.Two", "skipped for another reason")));
}

TEST(CompareTest, TimesBeyondTheBound) {
  const RunRecord a = RunOn("t", {Passed("A.Slower", 100), Passed("A.Faster", 4000),
                                  Passed("A.JustNot", 100), Passed("A.Little", 0)});
  const RunRecord b = RunOn("t", {Passed("A.Slower", 301), Passed("A.Faster", 250),
                                  Passed("A.JustNot", 300), Passed("A.Little", 200)});
  EXPECT_THAT(Changes(Compare(a, b)), ElementsAre(Pair("A.Slower", "3.0 times as long"),
                                                  Pair("A.Faster", "16 times as fast")));
  EXPECT_FALSE(Compare(a, b, {.factor = 0}).changed());
  EXPECT_THAT(CompareText(Compare(a, b, {.factor = 0})), HasSubstr("times were not looked at"));
}

TEST(CompareTest, TargetsArePairedByNameAndThenInOrder) {
  RunRecord a{.targets = {{.target = "x"}, {.target = "y"}, {.target = "z"}}};
  RunRecord b{.targets = {{.target = "lab:1"}, {.target = "x"}}};
  const auto pairs = [](const Comparison& comparison) {
    std::map<std::string, std::string> names;
    for (const auto& pair : comparison.pairs) names[pair.a->target] = pair.b->target;
    return names;
  };
  const Comparison comparison = Compare(a, b);
  EXPECT_THAT(pairs(comparison), ElementsAre(Pair("x", "x"), Pair("y", "lab:1")));
  ASSERT_EQ(comparison.only_a.size(), 1u);
  EXPECT_EQ(comparison.only_a[0]->target, "z");
  EXPECT_THAT(comparison.only_b, IsEmpty());
  EXPECT_TRUE(comparison.changed());
  EXPECT_THAT(CompareText(comparison), HasSubstr("only in A: z\n"));
  EXPECT_THAT(CompareText(Compare(b, a)), HasSubstr("only in B: z\n"));
}

}  // namespace
}  // namespace ixylab::hil
