#include "hil/agent/leftovers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "hil/agent/words.h"
#include "hil/pci/guard.h"
#include "hil/pci/journal.h"
#include "hil/pci/process_identity.h"
#include "hil/pci/sysfs.h"

namespace ixylab::hil {

namespace fs = std::filesystem;

namespace {

using Note = std::function<void(const std::string& line)>;

constexpr std::string_view kLock = "repair";
constexpr std::string_view kRunPrefix = "run-", kAgentPrefix = "agent-", kSuitePrefix = "suite-";
constexpr std::chrono::hours kUnused{7 * 24};

/// What could not be brought back of the journal whose file has this text, or nothing.
std::string BringBackLocked(const Journal& journal, const std::string& text,
                            const StateFolder& folder, const fs::path& root) {
  try {
    const std::array<Descriptor, 2> locks = LockPorts(journal.addresses, root);
    // A guard's last step may have come first.
    if (folder.Read(JournalName(journal.addresses)) != text) return "";
    const std::vector<std::string> failures = BringBack(journal, &folder, root);
    return failures.empty() ? "" : failures.front();
  } catch (const PciError& error) {
    return error.what();
  }
}

std::optional<Leftover> Repair(const std::string& name, const StateFolder& folder,
                               const fs::path& root, const Note& note) {
  const std::optional<std::string> text = folder.Read(name);
  if (!text) return std::nullopt;  // given back this very moment
  Journal journal;
  try {
    journal = ParseJournal(*text);
  } catch (const std::runtime_error&) {
    note("a journal makes no sense and is set aside as " + folder.SetAside(name) +
         "; what its run took of the machine is not known");
    return std::nullopt;
  }
  const auto& processes = journal.processes;
  if (std::ranges::any_of(processes, [&](const auto& p) { return IsAlive(p, root); })) {
    return std::nullopt;  // its guard is at work
  }
  if (folder.Read(name) != text) return std::nullopt;  // it was
  const std::string who = "a run of " + InWords(journal.owner, journal.purpose) + " on " +
                          InWords(journal.addresses) + ", begun " +
                          InWords(std::chrono::system_clock::now() - journal.since) +
                          " ago, died with its guard: ";
  if (processes.empty() || processes.front().boot != BootId(root)) {
    folder.Remove(name);
    note(who + "the machine was restarted since, so nothing is left of it");
    return std::nullopt;
  }
  const std::string failure = BringBackLocked(journal, *text, folder, root);
  note(who + (failure.empty() ? "the machine is as before it now" : "not given back: " + failure));
  if (failure.empty()) return std::nullopt;
  return Leftover{.addresses = journal.addresses, .failure = failure};
}

bool IsOld(const fs::path& file) {
  struct stat status {};
  if (lstat(file.c_str(), &status) != 0) return false;
  const auto changed = std::chrono::system_clock::from_time_t(status.st_mtime);
  return std::chrono::system_clock::now() - changed > kUnused;
}

/// A process runs it.
bool Runs(const fs::path& program) {
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    std::error_code none;
    if (fs::equivalent(it->path() / "exe", program, none)) return true;
  }
  return false;
}

void RemoveFiles(const StateFolder& folder, const fs::path& root) {
  std::error_code none;
  // It is in use: its age counts from now.
  const fs::path own = fs::read_symlink("/proc/self/exe", none);
  if (own.parent_path() == folder.path()) utimensat(AT_FDCWD, own.c_str(), nullptr, 0);
  for (const std::string_view prefix : {kAgentPrefix, kSuitePrefix}) {
    for (const std::string& name : folder.Names(prefix)) {
      const fs::path file = folder.path() / name;
      if (IsOld(file) && !Runs(file)) fs::remove(file, none);
    }
  }
  for (const std::string& name : folder.Names(kRunPrefix)) {
    // "run-PID-START"
    const std::size_t dash = name.rfind('-');
    const ProcessIdentity process{.pid = std::atoi(name.c_str() + kRunPrefix.size()),
                                  .start = std::strtoull(name.c_str() + dash + 1, nullptr, 10),
                                  .boot = BootId(root)};
    if (!IsAlive(process, root)) fs::remove_all(folder.path() / name, none);
  }
}

}  // namespace

std::vector<Leftover> RepairLeftovers(const StateFolder& folder, const fs::path& root,
                                      const Note& note) {
  const Descriptor lock = folder.Lock(kLock);
  std::vector<Leftover> leftovers;
  for (const std::string& name : folder.Names(kJournalPrefix)) {
    if (auto leftover = Repair(name, folder, root, note)) leftovers.push_back(*leftover);
  }
  RemoveFiles(folder, root);
  return leftovers;
}

std::string RepairOwn(const std::array<std::string, 2>& addresses, const StateFolder& folder,
                      const fs::path& root) {
  const std::optional<std::string> text = folder.Read(JournalName(addresses));
  return text ? BringBackLocked(ParseJournal(*text), *text, folder, root) : "";
}

fs::path MakeRunFolder(const StateFolder& folder, const fs::path& root) {
  const ProcessIdentity self = IdentityOf(getpid(), root);
  const fs::path path = folder.path() / (std::string(kRunPrefix) + std::to_string(self.pid) + "-" +
                                         std::to_string(self.start));
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) return path;
  throw PciError("cannot make the folder " + path.string() + ": " + error.message());
}

}  // namespace ixylab::hil
