// The one boot that the tests of ethtool judge (guest/ethtool.sh).
#ifndef TESTS_INTEROP_ETHTOOL_RUN_H_
#define TESTS_INTEROP_ETHTOOL_RUN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "tests/interop/guest_run.h"

namespace ixylab::hil {

/// Whether the kernel is told to leave MSI and MSI-X alone: then the guest does the self-tests,
/// ping and one transfer, and that is all.
bool Intx();

const GuestRun& TheRun();

/// What a line "NAME: WHAT=NUMBER WHAT=NUMBER ..." of a section says; nothing of what is not there.
class Facts {
 public:
  Facts(const std::string& section, const std::string& name);
  /// -1 if the line does not say.
  std::int64_t operator[](const std::string& what) const;

 private:
  std::string text_;
};

/// The number after "NAME: " in a section.
std::optional<std::uint64_t> Count(const std::string& section, const std::string& name);

inline constexpr const char* kAllFive = "5 packets transmitted, 5 received, 0% packet loss";

}  // namespace ixylab::hil

#endif  // TESTS_INTEROP_ETHTOOL_RUN_H_
