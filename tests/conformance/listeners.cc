#include "tests/conformance/listeners.h"

#include <cinttypes>
#include <cstdio>

#include "tests/conformance/session.h"

namespace ixylab::conformance {

namespace {

std::string FullName(const testing::TestInfo& info) {
  return std::string(info.test_suite_name()) + "." + info.name();
}

}  // namespace

void FailureContext::OnTestStart(const testing::TestInfo& info) { running_ = FullName(info); }

void FailureContext::OnTestEnd(const testing::TestInfo&) { running_.clear(); }

void FailureContext::OnTestPartResult(const testing::TestPartResult& result) {
  if (!result.failed()) return;
  const Session& session = CurrentSession();
  if (session.open != nullptr) {
    std::printf("Last register accesses:\n");
    for (const std::string& line : session.open->last_accesses()) {
      std::printf("  %s\n", line.c_str());
    }
  }
  if (!running_.empty()) {
    std::printf("Again: bazel run //hil -- run --target=%s --seed=%" PRIu64 " --filter='%s'\n",
                session.name.c_str(), session.seed, running_.c_str());
  }
  std::fflush(stdout);
}

void SkipGuard::OnTestEnd(const testing::TestInfo& info) {
  const std::string name = FullName(info);
  const testing::TestResult& result = *info.result();
  if (result.Failed()) return;
  const std::string_view reason = expected_.Reason(name);
  if (result.Skipped() && reason.empty()) {
    ADD_FAILURE() << "unexpected skip: " << name << " is not in the table of expected skips for "
                  << expected_.target();
  } else if (!result.Skipped() && !reason.empty()) {
    ADD_FAILURE() << "unexpected pass: " << name << " is in the table of expected skips for "
                  << expected_.target() << " (" << reason << ")";
  }
}

}  // namespace ixylab::conformance
