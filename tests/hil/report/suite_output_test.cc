#include "hil/report/suite_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ixylab::hil {
namespace {

using testing::ElementsAre;

struct Fixture : testing::Test {
  std::vector<TestResult> results;
  SuiteOutput output{[this](const TestResult& result) { results.push_back(result); }};

  void Add(std::initializer_list<const char*> lines) {
    for (const char* line : lines) output.AddLine(line);
  }
};

using SuiteOutputTest = Fixture;

TEST_F(SuiteOutputTest, PassedFailedSkipped) {
  Add({"Target model:82599, seed 1", "Note: Google Test filter = *",
       "[==========] Running 3 tests from 1 test suite.", "[----------] Global test set-up.",
       "[ RUN      ] A.One", "[       OK ] A.One (12 ms)",  //
       "[ RUN      ] A.Two", "a.cc:7: Failure", "Expected equality", "[  FAILED  ] A.Two (3 ms)",
       "[ RUN      ] A.Three", "a.cc:9: Skipped", "no cable", "", "[  SKIPPED ] A.Three (0 ms)"});
  EXPECT_TRUE(output.started());
  EXPECT_FALSE(output.finished());
  EXPECT_EQ(output.total(), 3u);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].name, "A.One");
  EXPECT_EQ(results[0].outcome, Outcome::kPassed);
  EXPECT_EQ(results[0].milliseconds, 12);
  EXPECT_THAT(results[0].output, ElementsAre());
  EXPECT_EQ(results[1].outcome, Outcome::kFailed);
  EXPECT_THAT(results[1].output, ElementsAre("a.cc:7: Failure", "Expected equality"));
  EXPECT_EQ(results[2].outcome, Outcome::kSkipped);
  EXPECT_EQ(results[2].SkipReason(), "no cable");
}

TEST_F(SuiteOutputTest, ListOfFailuresAtTheEndIsNoResult) {
  Add({"[==========] Running 1 test from 1 test suite.", "[ RUN      ] A.One",
       "[  FAILED  ] A.One (3 ms)", "[==========] 1 test from 1 test suite ran. (4 ms total)",
       "[  FAILED  ] 1 test, listed below:", "[  FAILED  ] A.One"});
  EXPECT_EQ(results.size(), 1u);
  EXPECT_TRUE(output.finished());
}

TEST_F(SuiteOutputTest, ParameterIsNotPartOfTheName) {
  Add({"[==========] Running 1 test from 1 test suite.", "[ RUN      ] Of/Rings.Wrap/64",
       "[  FAILED  ] Of/Rings.Wrap/64, where GetParam() = 64 (8 ms)"});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].name, "Of/Rings.Wrap/64");
  EXPECT_EQ(results[0].milliseconds, 8);
}

TEST_F(SuiteOutputTest, LinesThatLookLikeResultsOfOtherTestsAreOutput) {
  Add({"[==========] Running 1 test from 1 test suite.", "[ RUN      ] A.One",
       "[       OK ] B.Other (1 ms)", "[==========] Running 9 tests", "[       OK ] A.One (1 ms)"});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].output.size(), 2u);
  EXPECT_EQ(output.total(), 1u);
}

TEST_F(SuiteOutputTest, TestThatNeverEndsHasFailed) {
  Add({"[==========] Running 2 tests from 1 test suite.", "[ RUN      ] A.One", "some words"});
  output.End({"the suite crashed"});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].outcome, Outcome::kFailed);
  EXPECT_THAT(results[0].output, ElementsAre("some words", "the suite crashed"));
  output.End({"again"});
  EXPECT_EQ(results.size(), 1u);
}

TEST_F(SuiteOutputTest, ProgramThatDoesNotStart) {
  Add({"conformance: unknown target \"x\""});
  EXPECT_FALSE(output.started());
  EXPECT_THAT(output.other_lines(), ElementsAre("conformance: unknown target \"x\""));
}

TEST_F(SuiteOutputTest, NonsenseIsNoResult) {
  Add({"[==========] Running", "[ RUN      ] ", "[       OK ] ", "[  FAILED  ] (", "[", ""});
  EXPECT_LE(results.size(), 1u);
}

}  // namespace
}  // namespace ixylab::hil
