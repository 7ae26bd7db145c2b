// The lab machine's side of a request (hil/lab/protocol.h).
#ifndef HIL_AGENT_SERVE_H_
#define HIL_AGENT_SERVE_H_

#include <chrono>
#include <filesystem>
#include <string>

#include "hil/lab/protocol.h"

namespace ixylab::hil {

struct ServeOptions {
  /// /sys, /proc, /dev and the state folder are below it.
  std::filesystem::path root = "/";
  /// The agent: what `suite`, `regs`, `record` and `cable` are arguments of.
  std::string agent = "/proc/self/exe";
  std::chrono::milliseconds alive_deadline = kAliveDeadline;
};

/// Reads a request from standard input and answers it on standard output. Gives the exit code: 0
/// unless the request came to a kBusy or kFail.
int Serve(const ServeOptions& options);

}  // namespace ixylab::hil

#endif  // HIL_AGENT_SERVE_H_
