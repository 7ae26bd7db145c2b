// The table of tests that a target is known to skip.
#ifndef TESTS_CONFORMANCE_EXPECTED_SKIPS_H_
#define TESTS_CONFORMANCE_EXPECTED_SKIPS_H_

#include <map>
#include <string>
#include <string_view>

namespace ixylab::conformance {

/// The rows for one target. A table is text: in each line a target, a test as "Suite.Name" and the
/// reason; empty lines and those that start with # say nothing.
class ExpectedSkips {
 public:
  /// Throws std::invalid_argument with the line that is wrong.
  ExpectedSkips(std::string_view table, std::string_view target);

  const std::string& target() const { return target_; }
  bool Has(const std::string& test) const { return reasons_.contains(test); }
  /// Of a test that the table has.
  const std::string& Reason(const std::string& test) const { return reasons_.at(test); }
  const std::map<std::string, std::string>& reasons() const { return reasons_; }

 private:
  std::string target_;
  std::map<std::string, std::string> reasons_;
};

/// The table that is built in: expected_skips.txt.
std::string_view BuiltInSkips();

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_EXPECTED_SKIPS_H_
