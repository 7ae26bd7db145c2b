#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "hil/command_line.h"
#include "hil/commands/commands.h"
#include "hil/commands/run_report.h"
#include "hil/files.h"
#include "hil/lab/lab_arguments.h"
#include "hil/number_option.h"
#include "hil/pci/guard.h"
#include "hil/pci/take_ports.h"
#include "hil/report/text.h"
#include "hil/run.h"
#include "hil/slurm/slurm_options.h"
#include "hil/slurm/slurm_run.h"
#include "hil/target/target.h"
#include "hil/vm_options.h"

namespace ixylab::hil {

namespace {

struct RunArguments {
  RunOptions options;
  SlurmOptions slurm;
  ReportOptions report;
  std::uint64_t soak_packets = 0;
  unsigned deadline = static_cast<unsigned>(RunOptions().deadline.count());
  const CLI::Option* soak = nullptr;
};

/// The conformance program.
std::string FindSuite() {
  const std::string suite = FindRunfile("tests/conformance/conformance");
  if (!suite.empty()) return suite;
  throw std::runtime_error(
      "cannot find the conformance suite; start hil with bazel run //hil, or "
      "say --suite=PATH");
}

/// The ports of this machine among the targets.
std::vector<std::unique_ptr<PortGuard>> TakePorts(const std::vector<std::string>& targets) {
  std::vector<std::unique_ptr<PortGuard>> guards;
  for (const std::string& name : targets) {
    const TargetSpec target = ParseTarget(name);
    if (target.kind == TargetKind::kPci) guards.push_back(TakePorts(target));
  }
  return guards;
}

/// Defaults, and paths as the user means them.
RunOptions Complete(const RunArguments& arguments) {
  RunOptions options = arguments.options;
  if (options.targets.empty()) options.targets.emplace_back(Targets().front().name);
  for (const std::string& target : options.targets) CheckTarget(target);
  options.suite = options.suite.empty() ? FindSuite() : FromUser(options.suite);
  if (arguments.soak->count() > 0) options.soak_packets = arguments.soak_packets;
  options.deadline = std::chrono::seconds(arguments.deadline);
  if (!options.xml.empty()) {
    if (options.targets.size() > 1) {
      throw std::runtime_error("--xml takes the results of one --target");
    }
    options.xml = FromUser(options.xml);
  } else if (const char* xml = std::getenv("XML_OUTPUT_FILE");  // as a test of Bazel's
             xml != nullptr && options.targets.size() == 1) {
    options.xml = xml;
  }
  if (!options.control.empty()) options.control = FromUser(options.control);
  return options;
}

int RunOnTargets(const RunOptions& options, const SlurmOptions& slurm, const RunReport& report) {
  std::vector<std::unique_ptr<PortGuard>> ports;
  if (!slurm.on) ports = TakePorts(options.targets);
  RunRecord run = slurm.on ? RunOnSlurm(options, slurm) : Run(options);
  run.command = CommandLine();
  Print(run);
  if (run.interrupted) {
    std::printf("interrupted: the suite was killed, what follows is not the whole\n");
  }
  const bool reported = report.Write(run);
  std::printf("%s\n", Summary(run).c_str());
  std::fflush(stdout);
  // Last: ports that cannot be given back do not cost the results.
  for (const auto& guard : ports) guard->GiveBack();
  if (run.interrupted) return kInterrupted;
  if (!reported) return kCannot;
  return run.Count(Outcome::kFailed) == 0 ? kPassed : kFailed;
}

}  // namespace

Command AddRunCommand(CLI::App& hil) {
  CLI::App* run = hil.add_subcommand("run", "Runs the conformance suite");
  const auto arguments = std::make_shared<RunArguments>();
  RunOptions& options = arguments->options;
  run->add_option("--target", options.targets, "Where; may be given several times")
      ->default_str(std::string(Targets().front().name));
  run->add_option("--filter", options.filter, "Which tests, as Suite.Name with * and ?")
      ->capture_default_str();
  run->add_option("--seed", options.seed, "Of everything random")
      ->capture_default_str()
      ->check(Number());
  arguments->soak = run->add_option("--soak-packets", arguments->soak_packets,
                                    "Frames of the soak; default: what suits the target")
                        ->check(Number());
  run->add_option("--deadline", arguments->deadline, "Seconds for each target")
      ->capture_default_str()
      ->check(Number(1, 86'400));
  run->add_option("--suite", options.suite, "Another conformance program");
  run->add_option("--control", options.control,
                  "A character device over which the cable of PCI ports is pulled");
  run->add_option("--xml", options.xml, "Writes GoogleTest's XML, of one target, to this file");
  run->add_flag("--register-trace", options.register_trace,
                "Fetches the driver's register accesses, of targets in the lab");
  AddReportOptions(*run, arguments->report);
  AddVmOptions(*run, options.vm);
  AddLabOptions(*run, options.lab);
  AddSlurmOptions(*run, arguments->slurm);
  const auto action = [run, arguments] {
    const RunOptions options = Complete(*arguments);
    CompleteSlurmOptions(*run, options.targets, arguments->slurm);
    return RunOnTargets(options, arguments->slurm, RunReport(arguments->report));
  };
  return {.app = run, .action = action};
}

}  // namespace ixylab::hil
