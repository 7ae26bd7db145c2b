#include "hil/lab/lab_run.h"

#include <string>
#include <utility>

#include "hil/files.h"
#include "hil/lab/lab_file.h"
#include "hil/lab/remote.h"
#include "hil/process.h"

namespace ixylab::hil {

namespace {

constexpr std::size_t kKernelLines = 200;

/// The last lines.
std::vector<std::string> LastLines(const std::string& text) {
  std::vector<std::string> lines = SplitLines(text);
  if (lines.size() > kKernelLines) lines.erase(lines.begin(), lines.end() - kKernelLines);
  return lines;
}

}  // namespace

void CheckLab(const RunOptions& options, const TargetSpec& target) {
  ReadLab(options.lab).Find(target.machine).Pairs(target.port);
}

SuiteEnd RunInLab(const RunOptions& options, const TargetSpec& target, const OnLine& on_line) {
  const std::string own = FindRunfile("tests/conformance/conformance");  // the agent has it
  // The agent says which target it is, as the first two words do.
  const std::vector<std::string> command = SuiteCommand(options, "suite", target.name);
  const LabProgram program{.what = Request::What::kRun,
                           .arguments = {command.begin() + 2, command.end()},
                           .suite = options.suite == own ? "" : options.suite,
                           .deadline = options.deadline,
                           .register_trace = options.register_trace};
  LabResult result = RunOnLab(options.lab, target, program, on_line);
  KeepXml(options, result.files["result"]);
  const bool exited = result.end == Event::End::kExited;
  return {.exited = exited,
          .interrupted = result.interrupted,
          .code = result.code,
          .description = {exited ? "the suite ended with exit code " + std::to_string(result.code)
                                 : result.reason},
          .machine = std::move(result.machine),
          .kernel_log = LastLines(result.files["kernel.log"]),
          .register_trace = std::move(result.files["registers.trace"])};
}

}  // namespace ixylab::hil
