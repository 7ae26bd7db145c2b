#include "tests/conformance/expected_skips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace ixylab::conformance {
namespace {

using testing::HasSubstr;

void ExpectRefused(const std::function<void()>& what, const std::string& message) {
  try {
    what();
    ADD_FAILURE() << "is no error: " << message;
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(ExpectedSkipsTest, OnlyTheTargetsOwnRowsCount) {
  const ExpectedSkips skips(
      "# a comment\n\n"
      "model   A.One  no cable here\n"
      "other   A.Two  no time\n"
      "  model A.Three   no   threads\n",
      "model");
  EXPECT_EQ(skips.rows().size(), 2u);
  EXPECT_EQ(skips.Reason("A.One"), "no cable here");
  EXPECT_EQ(skips.Reason("A.Two"), "");
  EXPECT_EQ(skips.Reason("A.Three"), "no   threads");
}

TEST(ExpectedSkipsTest, TargetsAndTestsArePatterns) {
  constexpr const char* kTable =
      "*:virtio*         Vlan.*  no tags\n"
      "model:virtio,one  A.*Two  no time\n"
      "model:!(*,one)    A.Four  no one\n";
  const ExpectedSkips both(kTable, "model:virtio,one");
  EXPECT_EQ(both.Reason("Vlan.In"), "no tags");
  EXPECT_EQ(both.Reason("NoVlan.In"), "");
  EXPECT_EQ(both.Reason("A.OneTwo"), "no time");
  EXPECT_EQ(both.Reason("A.OneTwoThree"), "");
  EXPECT_EQ(both.Reason("A.Four"), "");
  EXPECT_EQ(ExpectedSkips(kTable, "model:other").Reason("A.Four"), "no one");
  EXPECT_EQ(ExpectedSkips(kTable, "vm:virtio").rows().size(), 1u);
  EXPECT_TRUE(ExpectedSkips(kTable, "vm:other").rows().empty());
}

TEST(ExpectedSkipsTest, BadRowsAreNamed) {
  for (const char* bad : {"model\n", "model A.One\n", "model One reason\n", "other A.One\n"}) {
    ExpectRefused([&] { ExpectedSkips(std::string("# first\n") + bad, "model"); }, "line 2");
  }
}

TEST(ExpectedSkipsTest, EachRowHasTestsOfItsOwn) {
  const auto check = [](const char* table) {
    ExpectedSkips(table, "model").CheckAgainst({"A.One", "A.Two", "B.One"});
  };
  check("model A.* a\nmodel B.One b\nother C.One c\n");
  ExpectRefused([&] { check("model A.One a\nmodel C.* c\n"); }, "line 2: there is no test C.*");
  ExpectRefused([&] { check("model A.* a\nmodel *.Two b\n"); }, "line 2: A.Two is there twice");
}

TEST(ExpectedSkipsTest, BuiltInTableIsGood) {
  EXPECT_FALSE(ExpectedSkips(BuiltInSkips(), "model:82599").rows().empty());
}

}  // namespace
}  // namespace ixylab::conformance
