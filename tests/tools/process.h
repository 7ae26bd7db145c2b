// Runs a program and waits for it, with a deadline.
#ifndef TESTS_TOOLS_PROCESS_H_
#define TESTS_TOOLS_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace ixylab::testing {

/// How a program ended and what it printed.
struct Result {
  int status = -1;  // exit status; -N if signal N ended it
  std::string out;
  std::string err;
};

/// A child process; killed if it is still there when this goes away.
class Process {
 public:
  /// Starts `arguments`, the program first (looked up in PATH); the environment is this one's with
  /// `environment` in its place where given. Throws std::runtime_error.
  explicit Process(const std::vector<std::string>& arguments,
                   const std::map<std::string, std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Signal(int signal);
  /// What it has printed to stderr so far.
  std::string ErrorSoFar() const;
  /// Waits for its end. Throws std::runtime_error if it takes longer than `deadline`.
  Result Wait(std::chrono::seconds deadline = std::chrono::seconds(60));

 private:
  std::string out_path_;
  std::string err_path_;
  pid_t pid_ = -1;
};

/// The bytes of a file, none if it cannot be read.
std::string ReadFile(const std::string& path);

}  // namespace ixylab::testing

#endif  // TESTS_TOOLS_PROCESS_H_
