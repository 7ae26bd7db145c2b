#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "emulator/82599/register_doc.h"
#include "hil/commands/commands.h"
#include "hil/files.h"
#include "hil/lab/lab_arguments.h"
#include "hil/number_option.h"
#include "hil/regs/compare.h"
#include "hil/regs/dump.h"
#include "hil/regs/on_target.h"
#include "hil/regs/output_file.h"
#include "hil/vm_options.h"

namespace ixylab::hil {

namespace {

struct RegsArguments {
  bool document = false;
  std::string target, output;
  unsigned port = 0;
  std::string state = "open";
  bool json = false;
  ReachOptions reach;
};

struct CompareArguments {
  std::string a, b = "model:82599";
  bool json = false;
  ReachOptions reach;
};

int ShowRegisters(const RegsArguments& arguments) {
  if (arguments.document) {
    std::fputs(emulator::intel82599::RegisterDocument().c_str(), stdout);
    return kPassed;
  }
  if (arguments.target.empty()) throw RegsError("regs: --target or --doc, or compare");
  const DeviceState state = ParseState(arguments.state);
  Check82599Target(arguments.target);
  std::optional<OutputFile> file;
  if (!arguments.output.empty()) file.emplace(FromUser(arguments.output));
  const RegisterDump dump = DumpTarget(arguments.target, arguments.port, state, arguments.reach);
  if (file) {
    file->Write(ToJson(dump));
    std::printf("%zu registers of %s\n", dump.registers.size(), dump.Title().c_str());
  } else {
    std::fputs((arguments.json ? ToJson(dump) : ToText(dump)).c_str(), stdout);
  }
  return kPassed;
}

/// The dump in the file `name`; nothing if it is a target's name.
std::optional<RegisterDump> ReadDump(const std::string& name) {
  const std::string path = FromUser(name);
  std::ifstream file(path);
  if (!file) {
    if (name.find(':') != name.npos && !std::filesystem::exists(path)) return std::nullopt;
    throw RegsError("cannot read " + path);
  }
  return ParseDump(std::string(std::istreambuf_iterator<char>(file), {}), name);
}

/// A target beside a dump is read in the dump's state, two targets with both ports open.
int CompareRegisters(const CompareArguments& arguments) {
  std::optional<RegisterDump> a = ReadDump(arguments.a), b = ReadDump(arguments.b);
  for (const auto& [dump, name] : {std::pair(&a, &arguments.a), std::pair(&b, &arguments.b)}) {
    if (!*dump) Check82599Target(*name);
  }
  const RegisterDump asked = a ? *a : b ? *b : RegisterDump{};
  if (!a) a = DumpTarget(arguments.a, asked.port, asked.state, arguments.reach);
  if (!b) b = DumpTarget(arguments.b, asked.port, asked.state, arguments.reach);
  const DumpComparison found = Compare(*a, *b);
  std::fputs((arguments.json ? ToJson(found, *a, *b) : ToText(found, *a, *b)).c_str(), stdout);
  return found.differences.empty() && found.only_a.empty() && found.only_b.empty() ? kPassed
                                                                                   : kFailed;
}

void AddReachOptions(CLI::App& command, ReachOptions& reach) {
  AddVmOptions(command, reach.vm);
  AddLabOptions(command, reach.lab);
}

Command AddCompareCommand(CLI::App& regs) {
  CLI::App* compare = regs.add_subcommand("compare", "Lists where two chips differ");
  const auto arguments = std::make_shared<CompareArguments>();
  compare->add_option("A", arguments->a, "A dump's file, or a target")->required();
  compare->add_option("B", arguments->b, "Likewise")->capture_default_str();
  compare->add_flag("--json", arguments->json, "For programs");
  AddReachOptions(*compare, arguments->reach);
  return {.app = compare, .action = [arguments] { return CompareRegisters(*arguments); }};
}

}  // namespace

Command AddRegsCommand(CLI::App& hil) {
  CLI::App* regs = hil.add_subcommand("regs", "Reads the registers of an 82599, or compares two");
  const auto arguments = std::make_shared<RegsArguments>();
  regs->add_option("--target", arguments->target, "Whose");
  regs->add_option("--port", arguments->port, "Which of its ports")
      ->capture_default_str()
      ->check(Number(0, 1));
  regs->add_option("--state", arguments->state,
                   "open: by our driver, with a link; reset: closed again")
      ->capture_default_str();
  regs->add_option("--output", arguments->output, "Writes the dump to this file, for compare");
  regs->add_flag("--json", arguments->json, "Shows the dump as in such a file");
  regs->add_flag("--doc", arguments->document, "Shows the model's registers as Markdown");
  AddReachOptions(*regs, arguments->reach);
  const Command compare = AddCompareCommand(*regs);
  const auto action = [compare, arguments] {
    return compare.app->parsed() ? compare.action() : ShowRegisters(*arguments);
  };
  return {.app = regs, .action = action};
}

}  // namespace ixylab::hil
