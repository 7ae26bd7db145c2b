// hil: proves the driver on targets and reports.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "emulator/82599/register_doc.h"
#include "hil/files.h"
#include "hil/number_option.h"
#include "hil/pci/cable.h"
#include "hil/pci/checks.h"
#include "hil/pci/guard.h"
#include "hil/run.h"
#include "hil/target/target.h"
#include "hil/vm/shell.h"
#include "hil/vm_options.h"

namespace ixylab::hil {
namespace {

constexpr int kUsageError = 2;

/// The conformance program.
std::string FindSuite() {
  const std::string suite = FindRunfile("tests/conformance/conformance");
  if (!suite.empty()) return suite;
  throw std::runtime_error(
      "cannot find the conformance suite; start hil with bazel run //hil, or "
      "say --suite=PATH");
}

/// The ports of this machine among the targets: looked at, taken, and proven to be cabled.
std::vector<std::unique_ptr<PortGuard>> TakePorts(const std::vector<std::string>& targets) {
  std::vector<std::unique_ptr<PortGuard>> guards;
  for (const std::string& name : targets) {
    const TargetSpec target = ParseTarget(name);
    if (target.kind != TargetKind::kPci) continue;
    CheckPorts(target.addresses, target.bus, ReadNetwork());
    guards.push_back(std::make_unique<PortGuard>(target.addresses));
    CheckCable(target);
  }
  return guards;
}

int Main(int argc, char** argv) {
  CLI::App app("Runs one conformance suite on any target and reports.", "hil");
  RunOptions options;
  std::uint64_t soak_packets = 0;
  unsigned deadline = static_cast<unsigned>(options.deadline.count());

  CLI::App* run = app.add_subcommand("run", "Runs the conformance suite");
  run->add_option("--target", options.targets, "Where; may be given several times")
      ->default_str(std::string(Targets().front().name));
  run->add_option("--filter", options.filter, "Which tests, as Suite.Name with * and ?")
      ->capture_default_str();
  run->add_option("--seed", options.seed, "Of everything random")
      ->capture_default_str()
      ->check(Number());
  const CLI::Option* soak = run->add_option("--soak-packets", soak_packets,
                                            "Frames of the soak; default: what suits the target")
                                ->check(Number());
  run->add_option("--deadline", deadline, "Seconds for each target")
      ->capture_default_str()
      ->check(Number(1, 86'400));
  run->add_option("--suite", options.suite, "Another conformance program");
  run->add_option("--control", options.control,
                  "A character device over which the cable of PCI ports is pulled");
  run->add_option("--xml", options.xml, "Writes GoogleTest's XML, of one target, to this file");
  AddVmOptions(*run, options.vm);

  CLI::App* shell = app.add_subcommand("shell", "A shell in a VM with two network cards");
  ShellOptions shell_options;
  AddShellOptions(*shell, shell_options);

  app.add_subcommand("targets", "Lists the targets");

  CLI::App* regs = app.add_subcommand("regs", "Shows the model's registers");
  bool document = false;
  regs->add_flag("--doc", document, "As a Markdown document")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "hil: %s (hil --help shows commands and options)\n", error.what());
    return kUsageError;
  }

  if (app.get_subcommands().empty()) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  }
  if (app.got_subcommand("targets")) {
    for (const TargetInfo& target : Targets()) {
      std::printf("%-22s %s\n", std::string(target.name).c_str(),
                  std::string(target.description).c_str());
    }
    return 0;
  }
  if (app.got_subcommand("regs")) {
    std::fputs(emulator::intel82599::RegisterDocument().c_str(), stdout);
    return 0;
  }

  if (app.got_subcommand("shell")) {
    CompleteShellOptions(shell_options);
    return RunShell(shell_options.vm, shell_options.programs);
  }

  if (options.targets.empty()) options.targets.emplace_back(Targets().front().name);
  for (const std::string& target : options.targets) CheckTarget(target);
  options.suite = options.suite.empty() ? FindSuite() : FromUser(options.suite);
  if (soak->count() > 0) options.soak_packets = soak_packets;
  options.deadline = std::chrono::seconds(deadline);
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

  std::vector<std::unique_ptr<PortGuard>> ports = TakePorts(options.targets);
  const int status = Run(options);
  for (const auto& guard : ports) guard->GiveBack();
  return status;
}

}  // namespace
}  // namespace ixylab::hil

int main(int argc, char** argv) {
  try {
    return ixylab::hil::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hil: %s\n", error.what());
    return 2;
  }
}
