#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "hil/commands/commands.h"
#include "hil/files.h"
#include "hil/lab/lab_arguments.h"
#include "hil/regs/on_target.h"
#include "hil/regs/output_file.h"
#include "hil/vm_options.h"

namespace ixylab::hil {

namespace {

struct RecordArguments {
  std::string target, output;
  std::string port = "0";
  ReachOptions reach;
};

int RecordDriver(const RecordArguments& arguments) {
  Check82599Target(arguments.target);
  const std::string output = FromUser(arguments.output);
  const bool both = arguments.port == "both";
  std::array<std::optional<OutputFile>, 2> files;
  for (const unsigned port : {0u, 1u}) {
    const std::string number = std::to_string(port);
    if (both) files[port].emplace(output + "." + number);
    if (arguments.port == number) files[port].emplace(output);
  }
  const std::array<std::string, 2> traces = RecordTarget(arguments.target, arguments.reach);
  for (const unsigned port : {0u, 1u}) {
    if (!files[port]) continue;
    files[port]->Write(traces[port]);
    std::printf("port %u: %td lines\n", port, std::ranges::count(traces[port], '\n'));
  }
  return kPassed;
}

}  // namespace

Command AddRecordCommand(CLI::App& hil) {
  CLI::App* record =
      hil.add_subcommand("record", "Records the register accesses of our driver on an 82599");
  const auto arguments = std::make_shared<RecordArguments>();
  record->add_option("--target", arguments->target, "Where")->required();
  record->add_option("--output", arguments->output, "Writes the trace to this file")->required();
  record->add_option("--port", arguments->port, "0, 1, or both: to FILE.0 and FILE.1")
      ->capture_default_str()
      ->check(CLI::IsMember({"0", "1", "both"}));
  AddVmOptions(*record, arguments->reach.vm);
  AddLabOptions(*record, arguments->reach.lab);
  return {.app = record, .action = [arguments] { return RecordDriver(*arguments); }};
}

}  // namespace ixylab::hil
