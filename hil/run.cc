#include "hil/run.h"

#include <cstdio>
#include <stdexcept>
#include <utility>

#include "hil/lab/lab_run.h"
#include "hil/process.h"
#include "hil/report/suite_output.h"
#include "hil/suite_run.h"
#include "hil/target/target_spec.h"
#include "hil/vm/qemu.h"
#include "hil/vm_options.h"

namespace ixylab::hil {

namespace {

void PrintProgress(const TestResult& result, std::size_t number, std::size_t total) {
  constexpr const char* kWords[] = {"passed ", "FAILED ", "skipped"};
  const std::string reason =
      result.outcome == Outcome::kSkipped ? ": " + std::string(result.SkipReason()) : "";
  std::printf("%3zu/%zu  %s %6ld ms  %s%s\n", number, total,
              kWords[static_cast<int>(result.outcome)], result.milliseconds, result.name.c_str(),
              reason.c_str());
  std::fflush(stdout);
}

SuiteEnd RunSuite(const RunOptions& options, const std::string& target, const OnLine& on_line) {
  const TargetSpec spec = ParseTarget(target);
  switch (spec.kind) {
    case TargetKind::kVm:
      return RunInGuest(options, spec, on_line);
    case TargetKind::kLab:
      return RunInLab(options, spec, on_line);
    case TargetKind::kModel:
    case TargetKind::kPci:
      break;
  }
  return RunHere(options, target, on_line);
}

/// Runs one column of the report, which is `record`; false if the user interrupted it.
bool RunTarget(const RunOptions& options, const std::string& target, TargetRecord& record) {
  std::printf("%s, seed %llu\n", target.c_str(), static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  record.target = target;
  record.seed = options.seed;
  record.begin = std::chrono::system_clock::now();

  std::size_t number = 0;
  std::size_t failed = 0;
  SuiteOutput* parser = nullptr;
  SuiteOutput output([&](const TestResult& result) {
    record.results.push_back(result);
    failed += result.outcome == Outcome::kFailed;
    PrintProgress(result, ++number, parser->total());
  });
  parser = &output;
  const OnLine on_line = [&](std::string_view line) { output.AddLine(line); };
  SuiteEnd end = RunSuite(options, target, on_line);
  output.End(end.description);
  record.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now() - record.begin);
  record.machine = std::move(end.machine);
  record.kernel_log = std::move(end.kernel_log);
  record.register_trace = std::move(end.register_trace);
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
    record.results.push_back(std::move(result));
  }
  if (!end.device.empty()) {
    record.results.push_back({.name = "(the NIC process)", .output = std::move(end.device)});
  }
  return true;
}

}  // namespace

RunRecord Run(const RunOptions& options) {
  CheckExecutable(options.suite);
  for (const std::string& target : options.targets) {
    const TargetSpec spec = ParseTarget(target);
    if (spec.kind == TargetKind::kLab) CheckLab(options, spec);
    if (spec.kind != TargetKind::kVm) continue;
    VmOptions vm = options.vm;
    CompleteVmOptions(vm, spec);
    CheckVm(vm);
  }
  RunRecord run;
  for (const std::string& target : options.targets) {
    TargetRecord& record = run.targets.emplace_back();
    try {
      run.interrupted = !RunTarget(options, target, record);
    } catch (const std::runtime_error& error) {
      // What other targets came to is not lost because this one cannot begin.
      if (options.targets.size() == 1) throw;
      record.results.push_back({.name = "(the start of the run)", .output = {error.what()}});
      PrintProgress(record.results.back(), 1, 1);
    }
    if (run.interrupted) break;
  }
  return run;
}

}  // namespace ixylab::hil
