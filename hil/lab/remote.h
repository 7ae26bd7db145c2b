// One program on two ports of a machine of the lab: what `hil run`, `regs` and `record` do there.
#ifndef HIL_LAB_REMOTE_H_
#define HIL_LAB_REMOTE_H_

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hil/lab/deploy.h"
#include "hil/lab/lab_file.h"
#include "hil/lab/lab_options.h"
#include "hil/lab/protocol.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// What the agent is to run there (protocol.h: kRun, kRegs or kRecord).
struct LabProgram {
  Request::What what = Request::What::kRun;
  std::vector<std::string> arguments;
  std::string
      suite;  // of kRun: a path here of another suite, copied as well; empty: the agent's own
  std::chrono::seconds deadline{600};
  bool register_trace = false;
};

struct LabResult {
  Event::End end = Event::End::kExited;
  int code = 0;
  /// How it ended, in one line, unless the program exited: the connection was lost, ...
  std::string reason;
  bool interrupted = false;  // the user pressed Ctrl-C, or this process was told to end
  std::string machine;       // as it calls itself
  std::map<std::string, std::string> files;  // by name: "result", "kernel.log", "registers.trace"
};

/// Finds the machine in the lab file, copies the agent there unless it is there, has it check,
/// reserve and take two ports, run the program and give everything back. Hands each line that the
/// program prints to `on_line`, and prints notes. Throws std::runtime_error in one line if the
/// program cannot begin.
LabResult RunOnLab(const LabOptions& options, const TargetSpec& target, const LabProgram& program,
                   const std::function<void(std::string_view line)>& on_line);

/// What is heard of a request before its end.
struct LabListener {
  std::function<void(const LabHost& host)> on_host = {};  // the machine is fit, the agent is there
  std::function<void(const Event& event)> on_event = {};  // kNote and kLine
};

/// The request of whatever kind to the agent of `machine`, which is copied there unless it is
/// there; the owner and the purpose are filled in here. `suite` is of kRun: a path here, or empty.
/// Throws LabError in one line if the machine cannot do it at all.
LabResult AskLab(const LabOptions& options, const LabMachine& machine, Request request,
                 const std::string& suite, const LabListener& listener);

/// The two ends of each cable, as the agent wants them.
std::vector<PortPair> CabledPairs(const LabMachine& machine, const std::string& port);

}  // namespace ixylab::hil

#endif  // HIL_LAB_REMOTE_H_
