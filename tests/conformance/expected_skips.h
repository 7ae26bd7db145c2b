// The table of tests that a target is known to skip.
#ifndef TESTS_CONFORMANCE_EXPECTED_SKIPS_H_
#define TESTS_CONFORMANCE_EXPECTED_SKIPS_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ixylab::conformance {

/// The rows for one target. A table is text: in each line a target, tests as "Suite.Name" and the
/// reason; empty lines and those that start with # say nothing. Targets and tests are patterns as
/// bash has them for file names: "model:virtio-net*", "model:!(*,threads)", "@(Vlan|Rss).*".
class ExpectedSkips {
 public:
  struct Row {
    int line;
    std::string tests;
    std::string reason;
  };

  /// Throws std::invalid_argument with the line that is wrong.
  ExpectedSkips(std::string_view table, std::string_view target);

  const std::string& target() const { return target_; }
  const std::vector<Row>& rows() const { return rows_; }
  /// Why `test` is skipped; empty if it is not in the table.
  std::string_view Reason(const std::string& test) const;

  /// A row for a test that does not exist would hide that it was renamed, and of two rows for one
  /// test one says nothing: throws std::invalid_argument with the row.
  void CheckAgainst(const std::set<std::string>& tests) const;

 private:
  std::string target_;
  std::vector<Row> rows_;
};

/// The table that is built in: expected_skips.txt.
std::string_view BuiltInSkips();

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_EXPECTED_SKIPS_H_
