// A program run as a child, line by line.
#ifndef HIL_SUBPROCESS_H_
#define HIL_SUBPROCESS_H_

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ixylab::hil {

struct ChildResult {
  enum class End {
    kExited,
    kSignalled,    // by a signal that did not come from here: it crashed
    kDeadline,     // killed here after the deadline
    kInterrupted,  // killed here because the user pressed Ctrl-C or this process was told to end
  };
  End end = End::kExited;
  int code = 0;  // exit code or signal
};

/// Runs `command` (a path and its arguments) without a shell and hands each line that it writes to
/// standard output or standard error to `on_line`. SIGINT and SIGTERM, the deadline and the death
/// of this process end the child and what it has started. Throws std::runtime_error if it cannot
/// run.
ChildResult RunChild(const std::vector<std::string>& command, std::chrono::seconds deadline,
                     const std::function<void(std::string_view line)>& on_line);

}  // namespace ixylab::hil

#endif  // HIL_SUBPROCESS_H_
