#include "hil/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace ixylab::hil {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCannotExecute = 127;  // as a shell says it

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

/// While it lives, SIGINT and SIGTERM can be read from a descriptor and do nothing else.
class SignalsAsEvents {
 public:
  SignalsAsEvents() : fd_(Block(&before_)) {}
  ~SignalsAsEvents() { Restore(); }
  int get() const { return fd_.get(); }
  /// Takes the signal, so that it does not wait for Restore.
  void Consume() const {
    signalfd_siginfo info;
    if (read(fd_.get(), &info, sizeof(info)) < 0) Fail("signalfd");
  }
  void Restore() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  static int Block(sigset_t* before) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, before);
    const int fd = signalfd(-1, &signals, SFD_CLOEXEC);
    if (fd < 0) Fail("signalfd");
    return fd;
  }

  sigset_t before_;
  Descriptor fd_;
};

/// Cuts what comes in into lines.
class Lines {
 public:
  explicit Lines(const std::function<void(std::string_view)>& on_line) : on_line_(on_line) {}
  void Add(std::string_view bytes) {
    for (std::size_t end; (end = bytes.find('\n')) != bytes.npos; bytes.remove_prefix(end + 1)) {
      pending_.append(bytes.substr(0, end));
      on_line_(pending_);
      pending_.clear();
    }
    pending_.append(bytes);
  }
  void End() {
    if (!pending_.empty()) on_line_(pending_);
  }

 private:
  const std::function<void(std::string_view)>& on_line_;
  std::string pending_;
};

}  // namespace

void CheckExecutable(const std::string& path) {
  if (access(path.c_str(), X_OK) != 0) Fail("cannot run " + path);
}

ChildResult RunChild(const std::vector<std::string>& command, std::chrono::seconds deadline,
                     const std::function<void(std::string_view line)>& on_line) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  CheckExecutable(command[0]);

  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) Fail("pipe");
  Descriptor output(ends[0]);
  Descriptor input(ends[1]);
  const SignalsAsEvents signals;

  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) Fail("fork");
  if (child == 0) {
    // A group of its own: Ctrl-C reaches this process alone, which then ends the whole group.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(kCannotExecute);
    signals.Restore();
    dup2(input.get(), STDOUT_FILENO);
    dup2(input.get(), STDERR_FILENO);
    execv(arguments[0], arguments.data());
    _exit(kCannotExecute);
  }
  input.Close();

  ChildResult result;
  Lines lines(on_line);
  const Clock::time_point end = Clock::now() + deadline;
  for (bool open = true; open;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    std::array<pollfd, 2> events = {{{.fd = output.get(), .events = POLLIN, .revents = 0},
                                     {.fd = signals.get(), .events = POLLIN, .revents = 0}}};
    const int ready = poll(events.data(), events.size(),
                           static_cast<int>(std::clamp<decltype(left)>(left, 0, 1'000'000)));
    if (ready < 0 && errno != EINTR) Fail("poll");
    if (events[1].revents != 0) {
      signals.Consume();
      result.end = ChildResult::End::kInterrupted;
      break;
    }
    if (Clock::now() >= end) {
      result.end = ChildResult::End::kDeadline;
      break;
    }
    if (events[0].revents != 0) {
      std::array<char, 4096> bytes;
      const ssize_t n = read(output.get(), bytes.data(), bytes.size());
      open = n > 0;
      if (open) lines.Add({bytes.data(), static_cast<std::size_t>(n)});
    }
  }
  lines.End();

  if (result.end != ChildResult::End::kExited) kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (result.end != ChildResult::End::kExited) return result;
  if (WIFSIGNALED(status)) return {ChildResult::End::kSignalled, WTERMSIG(status)};
  return {ChildResult::End::kExited, WEXITSTATUS(status)};
}

}  // namespace ixylab::hil
