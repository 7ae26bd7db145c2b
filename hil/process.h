// What running other programs needs: descriptors, signals as events, lines, and a child that does
// not outlive this process.
#ifndef HIL_PROCESS_H_
#define HIL_PROCESS_H_

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ixylab::hil {

/// Throws std::runtime_error: `what` and what errno says.
[[noreturn]] void FailWithErrno(const std::string& what);

/// Throws std::runtime_error in one line if there is no program at `path` that may be run.
void CheckExecutable(const std::string& path);

/// The user pressed Ctrl-C, or this process was told to end.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

/// An open file descriptor, or none (-1).
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { Close(); }
  int get() const { return fd_; }
  void Close();

 private:
  int fd_ = -1;
};

/// Two ends; closed when a program is executed, unless Child is told to keep one.
struct DescriptorPair {
  Descriptor ours;
  Descriptor theirs;
};
DescriptorPair MakePipe();        // theirs is written, ours read
DescriptorPair MakeSocketPair();  // a stream, both ways
/// Messages both ways: the socket keeps their bounds and order, and loses none.
DescriptorPair MakeMessagePair();

/// While it lives, SIGINT, SIGTERM and SIGHUP can be read from a descriptor and do nothing else.
class SignalsAsEvents {
 public:
  SignalsAsEvents();
  ~SignalsAsEvents() { Restore(); }
  SignalsAsEvents(const SignalsAsEvents&) = delete;
  SignalsAsEvents& operator=(const SignalsAsEvents&) = delete;
  int get() const { return fd_.get(); }
  /// Takes the signal, so that it does not wait for Restore.
  void Consume() const;
  void Restore() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
  Descriptor fd_;
};

/// Cuts what comes in into lines.
class Lines {
 public:
  using OnLine = std::function<void(std::string_view line)>;
  explicit Lines(OnLine on_line) : on_line_(std::move(on_line)) {}
  void Add(std::string_view bytes);
  /// Hands on the last line if no line end came after it.
  void End();

 private:
  const OnLine on_line_;
  std::string pending_;
};

/// The lines of `text`, without their ends.
std::vector<std::string> SplitLines(std::string_view text);

/// This machine, as it calls itself; empty if it does not say.
std::string HostName();

/// A program that runs as a child, in a process group of its own: Ctrl-C reaches this process
/// alone. It is killed, with its group, when this object or this process ends.
class Child {
 public:
  /// In place of an output: the child uses this process's terminal and belongs to its group.
  static constexpr int kTerminal = -1;

  /// Runs `command` (a path and its arguments) without a shell. Its standard output and error are
  /// `output`, its standard input /dev/null; it keeps the descriptors `kept` under their numbers.
  /// Throws std::runtime_error if it cannot run.
  Child(const std::vector<std::string>& command, int output, std::span<const int> kept,
        const SignalsAsEvents& signals);
  /// The same with an input and an error output of their own.
  struct Streams {
    int input = -1;  // /dev/null
    int output;
    int error;
  };
  Child(const std::vector<std::string>& command, const Streams& streams, std::span<const int> kept,
        const SignalsAsEvents& signals);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  /// Sends `signal`, to the whole group if it is its own; nothing after Wait.
  void Kill(int signal = SIGKILL);
  /// Waits for the end, kills what the program has left of its group, and gives the status as
  /// waitpid does. A program that does not end within `patience` is killed.
  int Wait(std::chrono::milliseconds patience = std::chrono::milliseconds::max());

 private:
  const bool on_terminal_;
  pid_t pid_ = -1;
  int status_ = 0;
};

}  // namespace ixylab::hil

#endif  // HIL_PROCESS_H_
