#include "hil/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ixylab::hil {
namespace {

using testing::HasSubstr;
using testing::Not;

Report TwoTargets() {
  Report report;
  report.AddTarget("model:82599");
  report.Add({.name = "A.One", .outcome = Outcome::kPassed, .milliseconds = 12, .output = {"x"}});
  report.Add({.name = "A.Two", .outcome = Outcome::kFailed, .output = {"a.cc:7: Failure"}});
  report.AddTarget("other");
  report.Add({.name = "A.One", .outcome = Outcome::kSkipped, .output = {}});
  return report;
}

TEST(ReportTest, TableHasARowForEachTestAndAColumnForEachTarget) {
  EXPECT_EQ(TwoTargets().Table(),
            "test   model:82599  other\n"
            "-----  -----------  --------\n"
            "A.One  12 ms        skipped\n"
            "A.Two  FAILED       -\n");
}

TEST(ReportTest, FailuresComeWithTheirOutput) {
  const std::string text = TwoTargets().Failures();
  EXPECT_THAT(text, HasSubstr("FAILED on model:82599: A.Two\n    a.cc:7: Failure\n"));
  EXPECT_THAT(text, Not(HasSubstr("A.One")));
}

TEST(ReportTest, SummaryCountsAllTargets) {
  EXPECT_EQ(TwoTargets().Summary(), "1 passed, 1 failed, 1 skipped");
  EXPECT_EQ(Report().Summary(), "0 passed, 0 failed, 0 skipped");
}

}  // namespace
}  // namespace ixylab::hil
