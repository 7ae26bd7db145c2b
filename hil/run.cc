#include "hil/run.h"

#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "hil/report.h"
#include "hil/subprocess.h"
#include "hil/suite_output.h"

namespace ixylab::hil {

namespace {

constexpr int kInterrupted = 130;  // 128 + SIGINT, as a shell says it

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

/// Runs one column of the report; false if the user interrupted it.
bool RunTarget(const RunOptions& options, const std::string& target, Report& report) {
  std::vector<std::string> command = {options.suite, "--target=" + target,
                                      "--seed=" + std::to_string(options.seed),
                                      "--gtest_filter=" + options.filter, "--gtest_color=no"};
  if (options.soak_packets) {
    command.push_back("--soak-packets=" + std::to_string(*options.soak_packets));
  }
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
  const ChildResult child =
      RunChild(command, options.deadline, [&](std::string_view line) { output.AddLine(line); });

  const std::string end = DescribeEnd(child, options.deadline);
  output.End(end);
  if (child.end == ChildResult::End::kInterrupted) return false;
  if (child.end == ChildResult::End::kExited && !output.started()) {
    const auto& lines = output.other_lines();
    throw std::runtime_error(lines.empty() ? end : lines.back());
  }
  if (child.end == ChildResult::End::kExited && output.finished() && output.total() == 0) {
    throw std::runtime_error("no test matches --filter=" + options.filter);
  }
  // Whatever else makes a run fail (a leak found at the end, an early exit) is a failure too.
  const bool bad_end = child.end != ChildResult::End::kExited || child.code != 0;
  if ((bad_end || !output.finished() || number != output.total()) && failed == 0) {
    TestResult result{.name = "(the end of the run)", .output = output.other_lines()};
    result.output.push_back(end);
    report.Add(result);
  }
  return true;
}

}  // namespace

int Run(const RunOptions& options) {
  CheckExecutable(options.suite);
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
