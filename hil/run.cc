#include "hil/run.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>

#include "hil/process.h"
#include "hil/report.h"
#include "hil/subprocess.h"
#include "hil/suite_output.h"
#include "hil/target/target_spec.h"
#include "hil/vm/qemu.h"
#include "hil/vm_options.h"

namespace ixylab::hil {

namespace {

constexpr int kInterrupted = 130;  // 128 + SIGINT, as a shell says it

// Of the soak in an emulated guest, whose card is another process: what takes a quarter of a
// minute.
constexpr std::uint64_t kVmSoakPackets = 200'000;

void PrintProgress(const TestResult& result, std::size_t number, std::size_t total) {
  constexpr const char* kWords[] = {"passed ", "FAILED ", "skipped"};
  const std::string reason =
      result.outcome == Outcome::kSkipped ? ": " + std::string(result.SkipReason()) : "";
  std::printf("%3zu/%zu  %s %6ld ms  %s%s\n", number, total,
              kWords[static_cast<int>(result.outcome)], result.milliseconds, result.name.c_str(),
              reason.c_str());
  std::fflush(stdout);
}

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

/// How the suite's program ended on a target.
struct SuiteEnd {
  bool exited = false;  // by itself, with `code`
  bool interrupted = false;
  int code = 0;
  std::vector<std::string> description;  // the first line says it, the others help to find out why
  std::vector<std::string> device = {};  // what was wrong with the devices, whatever tests say
};

using OnLine = std::function<void(std::string_view line)>;

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

SuiteEnd RunHere(const RunOptions& options, const std::string& target, const OnLine& on_line) {
  std::vector<std::string> command = SuiteCommand(options, options.suite, target);
  if (!options.xml.empty()) command.push_back("--gtest_output=xml:" + options.xml);
  if (!options.control.empty() && ParseTarget(target).kind == TargetKind::kPci) {
    command.push_back("--control=" + options.control);
  }
  const ChildResult child = RunChild(command, options.deadline, on_line);
  return {.exited = child.end == ChildResult::End::kExited,
          .interrupted = child.end == ChildResult::End::kInterrupted,
          .code = child.code,
          .description = {DescribeEnd(child, options.deadline)}};
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
  if (!options.xml.empty() && !result.result.empty()) {
    std::ofstream file(options.xml, std::ios::binary);
    if (!(file << result.result << std::flush)) FailWithErrno("cannot write " + options.xml);
  }
  SuiteEnd end = {.exited = result.end == VmResult::End::kExited,
                  .interrupted = result.end == VmResult::End::kInterrupted,
                  .code = result.code,
                  .description = {result.reason}};
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

/// Runs one column of the report; false if the user interrupted it.
bool RunTarget(const RunOptions& options, const std::string& target, Report& report) {
  std::printf("%s, seed %llu\n", target.c_str(), static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  report.AddTarget(target);

  std::size_t number = 0;
  std::size_t failed = 0;
  SuiteOutput* parser = nullptr;
  SuiteOutput output([&](const TestResult& result) {
    report.Add(result);
    failed += result.outcome == Outcome::kFailed;
    PrintProgress(result, ++number, parser->total());
  });
  parser = &output;
  const OnLine on_line = [&](std::string_view line) { output.AddLine(line); };
  const TargetSpec spec = ParseTarget(target);
  const SuiteEnd end = spec.kind == TargetKind::kVm ? RunInGuest(options, spec, on_line)
                                                    : RunHere(options, target, on_line);
  output.End(end.description);
  if (end.interrupted) return false;
  if (end.exited && !output.started()) {
    const auto& lines = output.other_lines();
    throw std::runtime_error(lines.empty() ? end.description.front() : lines.back());
  }
  if (end.exited && output.finished() && output.total() == 0) {
    throw std::runtime_error("no test matches --filter=" + options.filter);
  }
  // Whatever else makes a run fail (a leak found at the end, an early exit) is a failure too.
  const bool bad_end = !end.exited || end.code != 0;
  if ((bad_end || !output.finished() || number != output.total()) && failed == 0) {
    TestResult result{.name = "(the end of the run)", .output = output.other_lines()};
    result.output.insert(result.output.end(), end.description.begin(), end.description.end());
    report.Add(result);
  }
  if (!end.device.empty()) report.Add({.name = "(the NIC process)", .output = end.device});
  return true;
}

}  // namespace

int Run(const RunOptions& options) {
  CheckExecutable(options.suite);
  for (const std::string& target : options.targets) {
    const TargetSpec spec = ParseTarget(target);
    if (spec.kind != TargetKind::kVm) continue;
    VmOptions vm = options.vm;
    CompleteVmOptions(vm, spec);
    CheckVm(vm);
  }
  Report report;
  bool interrupted = false;
  for (const std::string& target : options.targets) {
    interrupted = !RunTarget(options, target, report);
    if (interrupted) break;
  }
  std::printf("\n%s\n%s", report.Table().c_str(), report.Failures().c_str());
  if (interrupted)
    std::printf("interrupted: the suite was killed, what follows is not the whole\n");
  std::printf("%s\n", report.Summary().c_str());
  if (interrupted) return kInterrupted;
  return report.Count(Outcome::kFailed) == 0 ? 0 : 1;
}

}  // namespace ixylab::hil
