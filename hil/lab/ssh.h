// Commands on a lab machine, by the OpenSSH client or a program that takes the same arguments.
#ifndef HIL_LAB_SSH_H_
#define HIL_LAB_SSH_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hil/lab/lab_file.h"
#include "hil/process.h"

namespace ixylab::hil {

/// A command that runs on a lab machine, with its standard input and output here. It ends with this
/// object at the latest.
class SshChannel {
 public:
  SshChannel(const std::vector<std::string>& command, const SignalsAsEvents& signals);

  /// Is sent while Wait waits.
  void Write(std::string_view bytes) { to_send_ += bytes; }
  /// Once all of that is sent.
  void CloseInput() { close_input_ = true; }

  enum class Wake {
    kBytes,   // came, and were handed on
    kClosed,  // the command has closed its output
    kSignal,  // for this process
    kTime,    // `until` has come
  };
  using OnBytes = std::function<void(std::string_view bytes)>;
  Wake Wait(std::chrono::steady_clock::time_point until, const OnBytes& on_bytes);

  /// After kClosed: ssh's exit code. It is the command's, or kSshFailed.
  int End();
  /// What ssh and the command wrote to their standard error, without warnings: the last lines.
  const std::vector<std::string>& said() const { return said_; }

 private:
  bool Sent() const { return sent_ == to_send_.size(); }
  void Send();
  void ReadError();

  const SignalsAsEvents& signals_;
  DescriptorPair stream_;
  DescriptorPair error_;
  Child child_;
  std::string to_send_;
  std::size_t sent_ = 0;  // of that
  bool close_input_ = false;
  std::vector<std::string> said_;
  Lines error_lines_;
};

class Ssh {
 public:
  /// `program` as the user gave it: a name or a path. Throws LabError in one line if there is none,
  /// or if the machine's key cannot be read.
  Ssh(const LabMachine& machine, const std::string& program, const SignalsAsEvents& signals);

  const LabMachine& machine() const { return machine_; }

  /// Runs `script` there, for a shell; with sudo if the machine needs it.
  SshChannel Open(const std::string& script) const;

  /// What a short `script` prints. Throws LabError: the machine, that it cannot do `what`, and why;
  /// Interrupted.
  std::string Run(const std::string& what, const std::string& script,
                  std::chrono::milliseconds deadline) const;
  /// Makes the program `path` of this machine the program `there` of that one: whole, or not at
  /// all. Throws as Run does.
  void Copy(const std::string& path, const std::string& there,
            std::chrono::milliseconds deadline) const;

  /// Throws LabError, "lab machine NAME: why".
  [[noreturn]] void Fail(const std::string& why) const;

 private:
  std::string Finish(SshChannel& channel, const std::string& what,
                     std::chrono::milliseconds deadline) const;

  const LabMachine& machine_;
  const SignalsAsEvents& signals_;
  std::vector<std::string> command_;  // up to what runs there
};

}  // namespace ixylab::hil

#endif  // HIL_LAB_SSH_H_
