#include "tests/conformance/expected_skips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace ixylab::conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(ExpectedSkipsTest, OnlyTheTargetsOwnRowsCount) {
  const ExpectedSkips skips(
      "# a comment\n\n"
      "model   A.One  no cable here\n"
      "other   A.Two  no time\n"
      "  model A.Three   no   threads\n",
      "model");
  EXPECT_THAT(skips.reasons(),
              ElementsAre(Pair("A.One", "no cable here"), Pair("A.Three", "no   threads")));
  EXPECT_TRUE(skips.Has("A.One"));
  EXPECT_FALSE(skips.Has("A.Two"));
  EXPECT_EQ(skips.Reason("A.One"), "no cable here");
}

TEST(ExpectedSkipsTest, BadRowsAreNamed) {
  for (const char* bad : {"model\n", "model A.One\n", "model One reason\n", "other A.One\n",
                          "model A.One a\nmodel A.One b\n"}) {
    try {
      ExpectedSkips(std::string("# first\n") + bad, "model");
      ADD_FAILURE() << bad;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr("line "));
    }
  }
}

TEST(ExpectedSkipsTest, BuiltInTableIsGood) {
  EXPECT_FALSE(ExpectedSkips(BuiltInSkips(), "model:82599").reasons().empty());
}

}  // namespace
}  // namespace ixylab::conformance
