// How a machine was before a run took ports of it: what the guard brings back, and what a file says
// until it has.
#ifndef HIL_PCI_JOURNAL_H_
#define HIL_PCI_JOURNAL_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hil/pci/process_identity.h"
#include "hil/pci/sysfs.h"

namespace ixylab::hil {

struct Journal {
  std::array<std::string, 2> addresses;
  std::array<PortState, 2> ports;
  /// How many huge pages of 2 MiB there were before the first of the runs under way raised them;
  /// nothing: none has.
  std::optional<std::size_t> huge_pages{};
  /// Kernel modules that were not there before the first of the runs under way needed them.
  std::vector<std::string> modules{};
  /// The guard and the run: while one of them lives, the loan is theirs.
  std::vector<ProcessIdentity> processes{};
  std::string owner{};
  std::string purpose{};
  std::chrono::system_clock::time_point since{};
};

/// Its file in a StateFolder: kJournalPrefix and the addresses.
inline constexpr std::string_view kJournalPrefix = "journal-";
std::string JournalName(const std::array<std::string, 2>& addresses);

std::string ToText(const Journal& journal);
/// Throws std::runtime_error if `text` is none.
Journal ParseJournal(std::string_view text);

}  // namespace ixylab::hil

#endif  // HIL_PCI_JOURNAL_H_
