#include "hil/report/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ixylab::hil {
namespace {

using testing::HasSubstr;
using testing::Not;

RunRecord TwoTargets() {
  TargetRecord model{.target = "model:82599"};
  model.results = {
      {.name = "A.One", .outcome = Outcome::kPassed, .milliseconds = 12, .output = {"x"}},
      {.name = "A.Two", .outcome = Outcome::kFailed, .output = {"a.cc:7: Failure"}}};
  TargetRecord other{.target = "other"};
  other.results = {{.name = "A.One", .outcome = Outcome::kSkipped}};
  return {.targets = {model, other}};
}

TEST(TextTest, TableHasARowForEachTestAndAColumnForEachTarget) {
  EXPECT_EQ(Table(TwoTargets()),
            "test   model:82599  other\n"
            "-----  -----------  --------\n"
            "A.One  12 ms        skipped\n"
            "A.Two  FAILED       -\n");
}

TEST(TextTest, FailuresComeWithTheirOutput) {
  const std::string text = Failures(TwoTargets());
  EXPECT_THAT(text, HasSubstr("FAILED on model:82599: A.Two\n    a.cc:7: Failure\n"));
  EXPECT_THAT(text, Not(HasSubstr("A.One")));
}

TEST(TextTest, SummaryCountsAllTargets) {
  EXPECT_EQ(Summary(TwoTargets()), "1 passed, 1 failed, 1 skipped");
  EXPECT_EQ(Summary({}), "0 passed, 0 failed, 0 skipped");
}

}  // namespace
}  // namespace ixylab::hil
