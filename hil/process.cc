#include "hil/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace ixylab::hil {

namespace {

constexpr int kCannotExecute = 127;  // as a shell says it

DescriptorPair MakePair(int type) {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) FailWithErrno("socketpair");
  return {.ours = Descriptor(ends[0]), .theirs = Descriptor(ends[1])};
}

}  // namespace

void FailWithErrno(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

void CheckExecutable(const std::string& path) {
  if (access(path.c_str(), X_OK) != 0) FailWithErrno("cannot run " + path);
}

void Descriptor::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

DescriptorPair MakePipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) FailWithErrno("pipe");
  return {.ours = Descriptor(ends[0]), .theirs = Descriptor(ends[1])};
}

DescriptorPair MakeSocketPair() { return MakePair(SOCK_STREAM); }

// The queue of SOCK_DGRAM is ten messages long.
DescriptorPair MakeMessagePair() { return MakePair(SOCK_SEQPACKET); }

SignalsAsEvents::SignalsAsEvents() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  sigprocmask(SIG_BLOCK, &signals, &before_);
  fd_ = Descriptor(signalfd(-1, &signals, SFD_CLOEXEC));
  if (fd_.get() < 0) FailWithErrno("signalfd");
}

void SignalsAsEvents::Consume() const {
  signalfd_siginfo info;
  if (read(fd_.get(), &info, sizeof(info)) < 0) FailWithErrno("signalfd");
}

void Lines::Add(std::string_view bytes) {
  for (std::size_t end; (end = bytes.find('\n')) != bytes.npos; bytes.remove_prefix(end + 1)) {
    pending_.append(bytes.substr(0, end));
    on_line_(std::exchange(pending_, {}));
  }
  pending_.append(bytes);
}

void Lines::End() {
  if (!pending_.empty()) on_line_(std::exchange(pending_, {}));
}

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> split;
  Lines lines([&](std::string_view line) { split.emplace_back(line); });
  lines.Add(text);
  lines.End();
  return split;
}

std::string HostName() {
  std::array<char, 256> name = {};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Child::Child(const std::vector<std::string>& command, int output, std::span<const int> kept,
             const SignalsAsEvents& signals)
    : Child(command, Streams{.output = output, .error = output}, kept, signals) {}

Child::Child(const std::vector<std::string>& command, const Streams& streams,
             std::span<const int> kept, const SignalsAsEvents& signals)
    : on_terminal_(streams.output == kTerminal) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  CheckExecutable(command[0]);
  const Descriptor null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (null.get() < 0) FailWithErrno("/dev/null");

  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) FailWithErrno("fork");
  // By both: whoever comes first, it has its group before Kill or the program itself needs it.
  if (!on_terminal_) setpgid(pid_, pid_);
  if (pid_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotExecute);
  signals.Restore();
  if (!on_terminal_) {
    dup2(streams.input < 0 ? null.get() : streams.input, STDIN_FILENO);
    dup2(streams.output, STDOUT_FILENO);
    dup2(streams.error, STDERR_FILENO);
  }
  for (const int fd : kept) fcntl(fd, F_SETFD, 0);
  execv(arguments[0], arguments.data());
  _exit(kCannotExecute);
}

Child::~Child() {
  Kill();
  Wait();
}

void Child::Kill(int signal) {
  if (pid_ > 0) kill(on_terminal_ ? pid_ : -pid_, signal);
}

int Child::Wait(std::chrono::milliseconds patience) {
  if (pid_ < 0) return status_;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const bool limited = patience != std::chrono::milliseconds::max();
  // Seen but not collected: until then nobody else can get its number.
  siginfo_t info = {};
  while (waitid(P_PID, static_cast<id_t>(pid_), &info,
                WEXITED | WNOWAIT | (limited ? WNOHANG : 0)) != 0 ||
         info.si_pid == 0) {
    if (limited && Clock::now() - start >= patience) break;
    if (limited) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Kill();
  while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status_;
}

}  // namespace ixylab::hil
