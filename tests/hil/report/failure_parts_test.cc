#include "hil/report/failure_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ixylab::hil {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(FailurePartsTest, AssertionsAccessesAndTheRest) {
  const FailureParts parts =
      TakeApart({.name = "A.One",
                 .output = {"before", "a.cc:7: Failure", "Expected: true", "  Actual: false", "",
                            "Last register accesses:", "      1.0 ms  port 0  R  STATUS = 1",
                            "      2.0 ms  port 0  W  CTRL = 2", "Again: hil run", "between",
                            "unknown file: Failure", "C++ exception", "Again: hil run --seed=2",
                            "the suite crashed: Aborted"}});
  ASSERT_EQ(parts.assertions.size(), 2u);
  EXPECT_THAT(parts.assertions[0].lines,
              ElementsAre("a.cc:7: Failure", "Expected: true", "  Actual: false"));
  EXPECT_THAT(parts.assertions[0].accesses,
              ElementsAre("    1.0 ms  port 0  R  STATUS = 1", "    2.0 ms  port 0  W  CTRL = 2"));
  EXPECT_THAT(parts.assertions[1].lines, ElementsAre("unknown file: Failure", "C++ exception"));
  EXPECT_THAT(parts.assertions[1].accesses, IsEmpty());
  EXPECT_EQ(parts.again, "hil run --seed=2");
  EXPECT_THAT(parts.other, ElementsAre("before", "between", "the suite crashed: Aborted"));
}

TEST(FailurePartsTest, CrashAndNothing) {
  const FailureParts crash =
      TakeApart({.name = "A.One", .output = {"Last register accesses:", "  x", "Again: y"}});
  EXPECT_THAT(crash.assertions, IsEmpty());
  EXPECT_THAT(crash.other, ElementsAre("Last register accesses:", "  x", "Again: y"));
  EXPECT_THAT(TakeApart({.name = "A.One"}).other, IsEmpty());
}

TEST(FailurePartsTest, AnAccess) {
  const auto access =
      ParseAccess("    26.552120 ms  port 1  R  RXMPC[1] 0x03FA4 = 0x00000001 {MPC = 1}");
  ASSERT_TRUE(access);
  EXPECT_EQ(access->time, "26.552120 ms");
  EXPECT_EQ(access->port, "1");
  EXPECT_EQ(access->direction, "R");
  EXPECT_EQ(access->name, "RXMPC[1] 0x03FA4");
  EXPECT_EQ(access->value, "0x00000001 {MPC = 1}");
  for (const char* line : {"", "  ", "26 ms  port 1  R", "26 ms  port 1  X  A = 1",
                           "26  port 1  R  A = 1", "some words", "  port   = "}) {
    EXPECT_FALSE(ParseAccess(line)) << line;
  }
}

}  // namespace
}  // namespace ixylab::hil
