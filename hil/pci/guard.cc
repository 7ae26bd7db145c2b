#include "hil/pci/guard.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>
#include <vector>

namespace ixylab::hil {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// How long a killed suite may take to be gone, and a kernel driver to bring its interface up.
constexpr std::chrono::milliseconds kHolderDeadline = 30s;
constexpr std::chrono::milliseconds kInterfaceDeadline = 10s;

/// Against other runs: ends with the last process that has the descriptor.
Descriptor Lock(const PciFunction& port) {
  Descriptor file(open(port.LockFile().c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw PciError(port.address() + ": cannot open " + port.LockFile().string());
  if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  throw PciError(port.address() + ": busy: " + port.LockHolder().value_or("another run") +
                 " has it");
}

void WaitForHolders(const PciFunction& port) {
  const auto end = std::chrono::steady_clock::now() + kHolderDeadline;
  while (port.User() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(20ms);
  }
}

/// The guard process. Does not return.
[[noreturn]] void Watch(const std::vector<PciFunction>& ports, const std::vector<PortState>& before,
                        int life, int report) {
  setsid();  // no terminal, and no signal that is sent to the run's process group
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
    std::signal(signal, SIG_IGN);
  }
  char byte = 0;
  if (write(report, &byte, 1) != 1) _exit(1);  // from now on this process is safe
  while (read(life, &byte, 1) < 0 && errno == EINTR) {
  }
  int failures = 0;
  for (const PciFunction& port : ports) WaitForHolders(port);
  for (std::size_t i = 0; i < ports.size(); ++i) {
    for (const std::string& failure : ports[i].Restore(before[i], kInterfaceDeadline)) {
      ++failures;
      const std::string line = failure + "\n";
      // If the run was killed, nobody reads this: then standard error has to do.
      if (write(report, line.data(), line.size()) < 0) std::fputs(line.c_str(), stderr);
    }
  }
  _exit(failures == 0 ? 0 : 1);
}

}  // namespace

PortGuard::PortGuard(const std::array<std::string, 2>& addresses,
                     const std::filesystem::path& root) {
  std::vector<PciFunction> ports;
  std::vector<Descriptor> locks;
  std::vector<PortState> before;
  for (const std::string& address : addresses) ports.emplace_back(address, root);
  for (const PciFunction& port : ports) locks.push_back(Lock(port));
  for (const PciFunction& port : ports) before.push_back(port.Read());

  DescriptorPair life = MakePipe();
  DescriptorPair report = MakePipe();
  process_ = fork();
  if (process_ < 0) FailWithErrno("cannot start the guard process");
  if (process_ == 0) {
    life.theirs.Close();
    report.ours.Close();
    Watch(ports, before, life.ours.get(), report.theirs.get());  // holds the locks
  }
  life_ = std::move(life.theirs);
  report_ = std::move(report.ours);
  report.theirs.Close();
  char ready;
  if (read(report_.get(), &ready, 1) != 1) throw PciError("the guard process does not start");
  try {
    for (const PciFunction& port : ports) port.Take();
  } catch (const PciError&) {
    try {
      GiveBack();
    } catch (const PciError&) {  // the first reason is the one to tell
    }
    throw;
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
