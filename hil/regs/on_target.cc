#include "hil/regs/on_target.h"

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "hil/files.h"
#include "hil/lab/remote.h"
#include "hil/pci/take_ports.h"
#include "hil/process.h"
#include "hil/regs/record.h"
#include "hil/target/target.h"
#include "hil/vm/qemu.h"
#include "hil/vm_options.h"

namespace ixylab::hil {

namespace {

/// What `agent WORD ARGUMENTS` left in its file, and the machine that it ran on.
struct Result {
  std::string text;
  std::string machine;
};

/// The program is over: with a result, or with a reason in its last line.
std::string ResultOf(const TargetSpec& target, bool exited, int code, const std::string& reason,
                     const std::string& last_line, std::string text) {
  const std::string name = "target \"" + target.name + "\": ";
  if (!exited) throw RegsError(name + reason);
  if (code != 0) {
    throw RegsError(name + (last_line.empty() ? "exit code " + std::to_string(code) : last_line));
  }
  if (text.empty()) throw RegsError(name + "there is no result");
  return text;
}

Result RunAgentInVm(const TargetSpec& target, const std::string& word,
                    const std::vector<std::string>& arguments, const ReachOptions& options) {
  VmOptions vm = options.vm;
  CompleteVmOptions(vm, target);
  vm.deadline = options.deadline;
  CheckVm(vm);
  const std::string agent = FindRunfile("hil/agent/agent");
  if (agent.empty()) throw RegsError("cannot find the agent; start hil with bazel run //hil");
  std::vector<std::string> command = {"agent", word, "--target=" + GuestTarget(target),
                                      "--output=" + std::string(kResultFile)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::string last_line;
  const VmResult result =
      RunInVm(vm, {{"agent", agent}}, command, [&](std::string_view line) { last_line = line; });
  if (result.end == VmResult::End::kInterrupted) throw Interrupted();
  std::string text = ResultOf(target, result.end == VmResult::End::kExited, result.code,
                              result.reason, last_line, result.result);
  if (!result.nic.problems.empty()) {
    throw RegsError("target \"" + target.name +
                    "\": the NIC process: " + result.nic.problems.front());
  }
  return {std::move(text), "a VM"};
}

Result RunAgentInLab(const TargetSpec& target, Request::What what,
                     const std::vector<std::string>& arguments, const ReachOptions& options) {
  std::string last_line;
  LabProgram program;
  program.what = what;
  program.arguments = arguments;
  program.deadline = options.deadline;
  LabResult result =
      RunOnLab(options.lab, target, program, [&](std::string_view line) { last_line = line; });
  if (result.interrupted) throw Interrupted();
  const bool exited = result.end == Event::End::kExited && result.reason.empty();
  return {ResultOf(target, exited, result.code, result.reason, last_line,
                   std::move(result.files["result"])),
          result.machine};
}

/// Where the ports are in reach of this process, `here` works on them; elsewhere the agent does the
/// same: `what`, which is `word` on its command line.
Result Reach(const std::string& name, Request::What what, const std::string& word,
             const std::vector<std::string>& arguments, const ReachOptions& options,
             const std::function<std::string(Target&)>& here) {
  Check82599Target(name);
  const TargetSpec target = ParseTarget(name);
  switch (target.kind) {
    case TargetKind::kVm:
      return RunAgentInVm(target, word, arguments, options);
    case TargetKind::kLab:
      return RunAgentInLab(target, what, arguments, options);
    case TargetKind::kModel:
    case TargetKind::kPci:
      break;
  }
  std::unique_ptr<PortGuard> ports;
  if (target.kind == TargetKind::kPci) ports = TakePorts(target);
  Result result = {here(*OpenTarget(name, /*seed=*/1)), {}};
  if (ports) ports->GiveBack();
  return result;
}

}  // namespace

void Check82599Target(const std::string& name) {
  const TargetSpec target = ParseTarget(name);
  if (target.nic == Nic::k82599) return;
  throw RegsError("target \"" + name +
                  "\": a virtio-net device has no registers such as these; 82599 targets have");
}

RegisterDump DumpTarget(const std::string& target, unsigned port, DeviceState state,
                        const ReachOptions& options) {
  const Result result =
      Reach(target, Request::What::kRegs, "regs",
            {"--port=" + std::to_string(port), "--state=" + std::string(StateName(state))}, options,
            [&](Target& opened) { return ToJson(ReadRegisters(opened, port, state)); });
  RegisterDump dump = ParseDump(result.text, target);
  dump.target = target;
  if (!result.machine.empty()) dump.machine = result.machine;
  return dump;
}

std::array<std::string, 2> RecordTarget(const std::string& target, const ReachOptions& options) {
  return SplitTraces(
      Reach(target, Request::What::kRecord, "record", {}, options, [](Target& opened) {
        return JoinTraces(Record(opened));
      }).text);
}

}  // namespace ixylab::hil
