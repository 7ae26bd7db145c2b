// What stands under a failed assertion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/listeners.h"
#include "tests/conformance/session.h"

namespace ixylab::conformance {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::uint32_t kStatus = 0x8;

TEST(FailureContextTest, AccessesAndTheCommandThatRepeatsIt) {
  const auto target = hil::OpenTarget("model:82599", 5);
  Session& session = CurrentSession();
  session.target = session.name = target->name();
  session.seed = 5;
  session.open = target.get();
  for (int i = 0; i < 40; ++i) target->bus(i % 2).Read32(kStatus);

  FailureContext context;
  testing::TestEventListener& listener = context;
  const testing::TestPartResult good(testing::TestPartResult::kSuccess, "a.cc", 1, "");
  const testing::TestPartResult bad(testing::TestPartResult::kNonFatalFailure, "a.cc", 2, "");
  testing::internal::CaptureStdout();
  listener.OnTestStart(*testing::UnitTest::GetInstance()->current_test_info());
  listener.OnTestPartResult(good);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");

  testing::internal::CaptureStdout();
  listener.OnTestPartResult(bad);
  const std::string text = testing::internal::GetCapturedStdout();
  session.open = nullptr;
  EXPECT_THAT(text, AllOf(HasSubstr("port 0  R  STATUS 0x00008 = 0x"), HasSubstr("port 1  R"),
                          HasSubstr("--target=model:82599 --seed=5"),
                          HasSubstr("FailureContextTest.AccessesAndTheCommandThatRepeatsIt")));
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = text.find("STATUS 0x00008", at)) != text.npos; ++at) ++lines;
  EXPECT_EQ(lines, 32u);
}

}  // namespace
}  // namespace ixylab::conformance
