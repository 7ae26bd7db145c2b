#include "hil/pci/guard.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <thread>

#include "hil/pci/checks.h"
#include "hil/pci/kernel.h"

namespace ixylab::hil {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// How long a killed suite may take to be gone, and a kernel driver to bring its interface up.
constexpr std::chrono::milliseconds kHolderDeadline = 30s;
constexpr std::chrono::milliseconds kInterfaceDeadline = 10s;

// Of a StateFolder: what all runs of a machine change, one at a time.
constexpr std::string_view kMachineLock = "machine";

/// Closes all other descriptors but the standard ones: the ends of other guards' pipes, and
/// whatever tells somebody that the run has ended.
void KeepOnly(std::vector<int> kept) {
  std::ranges::sort(kept);
  unsigned next = STDERR_FILENO + 1;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > next) close_range(next, number - 1, 0);
    next = std::max(next, number + 1);
  }
  close_range(next, ~0u, 0);
}

void WaitForHolders(const PciFunction& port) {
  const auto end = std::chrono::steady_clock::now() + kHolderDeadline;
  while (port.User() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(20ms);
  }
}

/// Those that make sense, but that of these `addresses`.
std::vector<Journal> OtherJournals(const StateFolder& folder,
                                   const std::array<std::string, 2>& addresses) {
  std::vector<Journal> journals;
  for (const std::string& name : folder.Names(kJournalPrefix)) {
    if (name == JournalName(addresses)) continue;
    try {
      journals.push_back(ParseJournal(folder.Read(name).value_or("")));
    } catch (const std::runtime_error&) {  // to be set aside when the next request comes
    }
  }
  return journals;
}

/// Puts down what is going to change of the machine, and then changes it. Nothing has changed if it
/// throws before the journal is there.
void Prepare(Journal& journal, const LabGuard& lab, const std::filesystem::path& root) {
  const Descriptor lock = lab.folder.Lock(kMachineLock);
  const HugePages pages = ReadHugePages(root);
  std::size_t wanted = pages.all + kHugePages - std::min(pages.free, kHugePages);
  journal.modules = MissingModules(lab.bus, root);
  for (const Journal& other : OtherJournals(lab.folder, journal.addresses)) {
    // What is free is theirs, and how it was before them is for the last of all to bring back.
    wanted = pages.all + kHugePages;
    if (other.huge_pages) journal.huge_pages = other.huge_pages;
    for (const std::string& module : other.modules) {
      if (std::ranges::find(journal.modules, module) == journal.modules.end()) {
        journal.modules.push_back(module);
      }
    }
  }
  if (wanted > pages.all && !journal.huge_pages) journal.huge_pages = pages.all;
  lab.folder.Write(JournalName(journal.addresses), ToText(journal));
  if (wanted > pages.all) SetHugePages(wanted, root);
  LoadModules(lab.bus, root);
}

/// Huge pages and modules, if no other run needs them.
std::vector<std::string> BringBackMachine(const Journal& journal, const StateFolder& folder,
                                          const std::filesystem::path& root) {
  std::vector<std::string> failures;
  const std::vector<Journal> others = OtherJournals(folder, journal.addresses);
  if (others.empty() && journal.huge_pages && ReadHugePages(root).all > *journal.huge_pages) {
    try {
      SetHugePages(*journal.huge_pages, root);
    } catch (const PciError& error) {
      failures.push_back(error.what());
    }
  }
  for (const std::string& module : journal.modules) {
    const bool needed = std::ranges::any_of(others, [&](const Journal& other) {
      return std::ranges::find(other.modules, module) != other.modules.end();
    });
    const std::string failure = needed ? "" : UnloadModule(module, root);
    if (!failure.empty()) failures.push_back(failure);
  }
  return failures;
}

/// The guard process.
class Watch {
 public:
  Watch(const std::array<std::string, 2>& addresses, const std::filesystem::path& root,
        const LabGuard* lab, int report)
      : root_(root), lab_(lab), report_(report), journal_{.addresses = addresses, .ports = {}} {}

  /// Returns the exit code.
  int Run(ProcessIdentity run, int life) {
    setsid();  // no terminal, and no signal that is sent to the run's process group
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ}) {
      std::signal(signal, SIG_IGN);
    }
    if (lab_ != nullptr) {
      // A connection ends with the run. What cannot be brought back is in the journal.
      const Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
      for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null.get(), fd);
      journal_.processes = {IdentityOf(getpid(), root_), std::move(run)};
      journal_.owner = lab_->owner;
      journal_.purpose = lab_->purpose;
      journal_.since = std::chrono::system_clock::now();
    }
    char byte = 0;
    // From the answer on the ports are the run's.
    if (Take() && write(report_, &byte, 1) == 1) {
      while (read(life, &byte, 1) < 0 && errno == EINTR) {
      }
    }
    if (!changed_) return 1;
    for (const std::string& failure : BringBack(journal_, Folder(), root_)) Say(failure);
    return failed_ ? 1 : 0;
  }

  void Say(const std::string& failure) {
    failed_ = true;
    const std::string line = failure + "\n";
    // If the run was killed, nobody reads this: then standard error has to do.
    if (write(report_, line.data(), line.size()) < 0) std::fputs(line.c_str(), stderr);
  }

 private:
  const StateFolder* Folder() const { return lab_ == nullptr ? nullptr : &lab_->folder; }

  bool Take() try {
    for (std::size_t i = 0; i < 2; ++i) {
      journal_.ports[i] = PciFunction(journal_.addresses[i], root_).Read();
    }
    try {
      if (lab_ != nullptr) Prepare(journal_, *lab_, root_);
    } catch (const std::exception&) {
      changed_ = lab_->folder.Read(JournalName(journal_.addresses)).has_value();
      throw;
    }
    changed_ = true;
    for (const std::string& address : journal_.addresses) PciFunction(address, root_).Take();
    return true;
  } catch (const std::exception& error) {
    Say(error.what());
    return false;
  }

  const std::filesystem::path& root_;
  const LabGuard* const lab_;
  const int report_;
  Journal journal_;
  bool changed_ = false;  // there is something to bring back
  bool failed_ = false;
};

}  // namespace

std::array<Descriptor, 2> LockPorts(const std::array<std::string, 2>& addresses,
                                    const std::filesystem::path& root) {
  std::array<Descriptor, 2> locks;
  for (std::size_t i = 0; i < 2; ++i) {
    const PciFunction port(addresses[i], root);
    locks[i] = Descriptor(open(port.LockFile().c_str(), O_RDONLY | O_CLOEXEC));
    if (locks[i].get() < 0) {
      throw PciError(port.address() + ": cannot open " + port.LockFile().string());
    }
    if (flock(locks[i].get(), LOCK_EX | LOCK_NB) == 0) continue;
    throw PciError(port.address() + ": busy: " + port.LockHolder().value_or("another run") +
                   " has it");
  }
  return locks;
}

std::vector<std::string> BringBack(const Journal& journal, const StateFolder* folder,
                                   const std::filesystem::path& root) {
  std::vector<PciFunction> ports;
  for (const std::string& address : journal.addresses) ports.emplace_back(address, root);
  for (const PciFunction& port : ports) WaitForHolders(port);
  std::vector<std::string> failures;
  const auto add = [&](const std::vector<std::string>& more) {
    failures.insert(failures.end(), more.begin(), more.end());
  };
  for (std::size_t i = 0; i < ports.size(); ++i) {
    add(ports[i].Restore(journal.ports[i], kInterfaceDeadline));
  }
  if (folder == nullptr) return failures;
  try {
    const Descriptor lock = folder->Lock(kMachineLock);
    add(BringBackMachine(journal, *folder, root));
    if (failures.empty()) folder->Remove(JournalName(journal.addresses));
  } catch (const PciError& error) {
    failures.push_back(error.what());
  }
  return failures;
}

PortGuard::PortGuard(const std::array<std::string, 2>& addresses, const std::filesystem::path& root,
                     const std::optional<LabGuard>& lab) {
  const std::array<Descriptor, 2> locks = LockPorts(addresses, root);
  const ProcessIdentity run = IdentityOf(getpid(), root);
  DescriptorPair life = MakePipe();
  DescriptorPair report = MakePipe();
  process_ = fork();
  if (process_ < 0) FailWithErrno("cannot start the guard process");
  if (process_ == 0) {
    KeepOnly({locks[0].get(), locks[1].get(), life.ours.get(), report.theirs.get()});
    Watch watch(addresses, root, lab ? &*lab : nullptr, report.theirs.get());
    try {
      _exit(watch.Run(run, life.ours.get()));  // holds the locks
    } catch (const std::exception& error) {
      watch.Say(error.what());
      _exit(1);
    }
  }
  life_ = std::move(life.theirs);
  report_ = std::move(report.ours);
  report.theirs.Close();
  char first = 0;
  ssize_t n;
  while ((n = read(report_.get(), &first, 1)) < 0 && errno == EINTR) {
  }
  if (n == 1 && first == 0) return;
  try {
    GiveBack();
  } catch (const PciError& error) {
    throw n == 1 ? PciError(first + std::string(error.what())) : error;
  }
}

PortGuard::~PortGuard() {
  try {
    GiveBack();
  } catch (const PciError& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

void PortGuard::GiveBack() {
  if (process_ < 0) return;
  life_.Close();
  std::string failures;
  char text[512];
  for (ssize_t n; (n = read(report_.get(), text, sizeof(text))) != 0;) {
    if (n > 0) failures.append(text, static_cast<std::size_t>(n));
    if (n < 0 && errno != EINTR) break;
  }
  int status = 0;
  while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  if (!failures.empty()) throw PciError(failures.substr(0, failures.find('\n')));
  if (status != 0) throw PciError("the guard process ended early; the ports may not be as before");
}

}  // namespace ixylab::hil
