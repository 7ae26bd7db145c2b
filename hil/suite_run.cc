#include "hil/suite_run.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <stdexcept>

#include "hil/agent/kernel_log.h"
#include "hil/process.h"
#include "hil/subprocess.h"
#include "hil/target/target_spec.h"
#include "hil/vm/qemu.h"
#include "hil/vm_options.h"

namespace ixylab::hil {

namespace {

// Of the soak in an emulated guest, whose card is another process: what takes a quarter of a
// minute.
constexpr std::uint64_t kVmSoakPackets = 200'000;

std::string DescribeEnd(const ChildResult& child, std::chrono::seconds deadline) {
  switch (child.end) {
    case ChildResult::End::kDeadline:
      return "killed: the suite did not end within " + std::to_string(deadline.count()) + " s";
    case ChildResult::End::kInterrupted:
      return "killed: interrupted";
    case ChildResult::End::kSignalled:
      return std::string("the suite crashed: ") + strsignal(child.code);
    case ChildResult::End::kExited:
      break;
  }
  return "the suite ended with exit code " + std::to_string(child.code);
}

}  // namespace

std::vector<std::string> SuiteCommand(const RunOptions& options, const std::string& program,
                                      const std::string& target) {
  std::vector<std::string> command = {program, "--target=" + target,
                                      "--seed=" + std::to_string(options.seed),
                                      "--gtest_filter=" + options.filter, "--gtest_color=no"};
  if (options.soak_packets) {
    command.push_back("--soak-packets=" + std::to_string(*options.soak_packets));
  }
  return command;
}

void KeepXml(const RunOptions& options, const std::string& xml) {
  if (options.xml.empty() || xml.empty()) return;
  std::ofstream file(options.xml, std::ios::binary);
  if (!(file << xml << std::flush)) FailWithErrno("cannot write " + options.xml);
}

SuiteEnd RunHere(const RunOptions& options, const std::string& target, const OnLine& on_line) {
  std::vector<std::string> command = SuiteCommand(options, options.suite, target);
  if (!options.xml.empty()) command.push_back("--gtest_output=xml:" + options.xml);
  if (!options.control.empty() && ParseTarget(target).kind == TargetKind::kPci) {
    command.push_back("--control=" + options.control);
  }
  std::optional<KernelLog> kernel;  // has nothing to say of a model
  if (ParseTarget(target).kind == TargetKind::kPci) kernel.emplace("/");
  const ChildResult child = RunChild(command, options.deadline, on_line);
  return {.exited = child.end == ChildResult::End::kExited,
          .interrupted = child.end == ChildResult::End::kInterrupted,
          .code = child.code,
          .description = {DescribeEnd(child, options.deadline)},
          .machine = HostName(),
          .kernel_log = kernel ? SplitLines(kernel->Read()) : std::vector<std::string>()};
}

/// The suite runs in the guest, on PCI devices there.
SuiteEnd RunInGuest(const RunOptions& options, const TargetSpec& target, const OnLine& on_line) {
  RunOptions in_guest = options;
  if (target.nic == Nic::k82599 && !in_guest.soak_packets) in_guest.soak_packets = kVmSoakPackets;
  VmOptions vm = options.vm;
  CompleteVmOptions(vm, target);
  vm.deadline = options.deadline;
  const auto start = std::chrono::steady_clock::now();
  vm.on_ready = [start] {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    std::printf("the guest is up after %.1f s\n", elapsed.count());
    std::fflush(stdout);
  };
  std::vector<std::string> command = SuiteCommand(in_guest, "conformance", GuestTarget(target));
  command.push_back("--as=" + target.name);
  command.push_back("--control=" + std::string(kControlPort));
  if (!options.xml.empty()) command.push_back("--gtest_output=xml:" + std::string(kResultFile));

  const VmResult result = RunInVm(vm, {{"conformance", options.suite}}, command, on_line);
  KeepXml(options, result.result);
  SuiteEnd end = {.exited = result.end == VmResult::End::kExited,
                  .interrupted = result.end == VmResult::End::kInterrupted,
                  .code = result.code,
                  .description = {result.reason},
                  .machine = HostName() + ", VM (" + result.accelerator + ")",
                  .kernel_log = result.console};
  if (end.exited) {
    end.description = {"the suite ended with exit code " + std::to_string(result.code)};
  } else {
    end.description.emplace_back("the last lines of the guest's console:");
    end.description.insert(end.description.end(), result.console.begin(), result.console.end());
  }
  end.device = result.nic.problems;
  if (end.exited && !result.nic.death.empty()) end.device.push_back(result.nic.death);
  if (!end.device.empty()) {
    end.device.emplace_back("the last lines of the NIC process:");
    end.device.insert(end.device.end(), result.nic.log.begin(), result.nic.log.end());
  }
  return end;
}

}  // namespace ixylab::hil
