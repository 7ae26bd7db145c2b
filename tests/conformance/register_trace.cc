#include "tests/conformance/register_trace.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace ixylab::conformance {

namespace {

[[noreturn]] void Fail(const std::string& path) {
  throw std::runtime_error("cannot write the register trace " + path + ": " + strerror(errno));
}

}  // namespace

RegisterTrace::RegisterTrace(const std::string& path) : path_(path), file_(path) {
  if (!file_) Fail(path_);
}

void RegisterTrace::Add(std::string_view line) { file_ << line << '\n'; }

void RegisterTrace::OnTestStart(const testing::TestInfo& info) {
  file_ << "# " << info.test_suite_name() << '.' << info.name() << '\n';
}

void RegisterTrace::Close() {
  file_.close();
  if (!file_) Fail(path_);
}

}  // namespace ixylab::conformance
