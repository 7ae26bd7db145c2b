// A script's run in a guest: what it said, by section, for tests to judge.
#ifndef TESTS_INTEROP_GUEST_RUN_H_
#define TESTS_INTEROP_GUEST_RUN_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hil/vm/vm.h"

namespace ixylab::hil {

struct GuestRun {
  /// Lines by section; a line "=== NAME" begins one. What comes before the first one is in "".
  std::map<std::string, std::vector<std::string>> sections;
  VmResult result;

  /// The lines of a section; a line that says so if there is none.
  const std::vector<std::string>& Section(const std::string& name) const;
  /// What comes after "NAME: " in a section.
  std::string Value(const std::string& section, const std::string& name) const;
};

/// Runs `command` as RunInVm does, and prints what guest, kernel, QEMU and NIC process say. A test
/// failure, not an exception, where no VM can be had or the guest does not run to its end.
GuestRun RunGuest(const VmOptions& options, const std::vector<GuestProgram>& programs,
                  const std::vector<std::string>& command);

/// The lines of `log` (dmesg -r) from the one with `begin` on that are warnings or worse, or tell
/// of trouble at any level, but for the clocks of an emulated machine that was kept waiting. A line
/// that says so if there is no `begin`.
std::vector<std::string> WarningsIn(const std::vector<std::string>& log, std::string_view begin);

}  // namespace ixylab::hil

#endif  // TESTS_INTEROP_GUEST_RUN_H_
