// A program of the agent's, as a child whose end hil may ask for.
#ifndef HIL_AGENT_PROGRAM_H_
#define HIL_AGENT_PROGRAM_H_

#include <chrono>
#include <string>
#include <vector>

#include "hil/agent/connection.h"
#include "hil/lab/protocol.h"
#include "hil/process.h"

namespace ixylab::hil {

struct ProgramEnd {
  Event::End end = Event::End::kExited;
  int code = 0;  // exit code or signal
};

/// Runs `command` (a path and its arguments) and hands each line that it prints to `on_line`. The
/// deadline, the connection's end and the death of this process end it and what it has started.
/// Throws std::runtime_error if it cannot run.
ProgramEnd RunProgram(const std::vector<std::string>& command, std::chrono::seconds deadline,
                      Connection& connection, const Lines::OnLine& on_line);

}  // namespace ixylab::hil

#endif  // HIL_AGENT_PROGRAM_H_
