// Every register access of a run, in words, in a file: under each test's name, what it did.
#ifndef TESTS_CONFORMANCE_REGISTER_TRACE_H_
#define TESTS_CONFORMANCE_REGISTER_TRACE_H_

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>

namespace ixylab::conformance {

/// As lines come they go to the file, whose size alone bounds them.
class RegisterTrace final : public testing::EmptyTestEventListener {
 public:
  /// Throws std::runtime_error if the file cannot be written.
  explicit RegisterTrace(const std::string& path);

  void Add(std::string_view line);
  /// Throws std::runtime_error if not all of it is in the file.
  void Close();

 private:
  void OnTestStart(const testing::TestInfo& info) override;

  const std::string path_;
  std::ofstream file_;
};

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_REGISTER_TRACE_H_
