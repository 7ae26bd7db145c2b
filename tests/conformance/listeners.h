// What the run adds to GoogleTest's own reporting.
#ifndef TESTS_CONFORMANCE_LISTENERS_H_
#define TESTS_CONFORMANCE_LISTENERS_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "tests/conformance/expected_skips.h"

namespace ixylab::conformance {

/// Under each failed assertion: the last register accesses, and how to run the test again.
class FailureContext final : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo& info) override;
  void OnTestPartResult(const testing::TestPartResult& result) override;
  void OnTestEnd(const testing::TestInfo& info) override;

  // GoogleTest holds its lock during OnTestPartResult: it cannot be asked there.
  std::string running_;
};

/// Fails a test that was skipped and is not in the table, or is in the table and was not skipped.
class SkipGuard final : public testing::EmptyTestEventListener {
 public:
  explicit SkipGuard(ExpectedSkips expected) : expected_(std::move(expected)) {}

 private:
  void OnTestEnd(const testing::TestInfo& info) override;

  const ExpectedSkips expected_;
};

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_LISTENERS_H_
