// The one program that goes to where devices are: the conformance suite, and what else hil does
// there. Its first word says what:
//
// - serve: answers a request (hil/lab/protocol.h) on standard input and output
// - suite: the conformance suite
// - regs, record: what those commands of hil do there
// - cable: whether two ports are cabled to each other
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "hil/agent/serve.h"
#include "hil/pci/cable.h"
#include "hil/regs/programs.h"
#include "hil/target/target_spec.h"
#include "tests/conformance/program.h"

namespace ixylab::hil {

namespace {

/// Prints the slower port's speed in Mbit/s, or what is wrong.
int CheckCableOf(const std::string& target) try {
  const std::array<std::uint32_t, 2> speeds = CheckCable(ParseTarget(target));
  std::printf("%u\n", std::min(speeds[0], speeds[1]));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

int Main(int argc, char** argv) {
  CLI::App app("What hil does on the machine that has the devices; hil starts it.", "agent");
  app.require_subcommand(1);
  ServeOptions options;
  CLI::App* serve = app.add_subcommand("serve", "Answers a request of hil's");
  serve->add_option("--root", options.root, "Of the machine's files")->capture_default_str();
  std::string target;
  CLI::App* cable = app.add_subcommand("cable", "Whether two ports are cabled to each other");
  cable->add_option("--target", target, "Which ports: pci:ADDRESS,ADDRESS")->required();
  app.add_subcommand("suite", "The conformance suite");
  app.add_subcommand("regs", "The registers of a port");
  app.add_subcommand("record", "What our driver does with its registers");
  CLI11_PARSE(app, argc, argv);
  return serve->parsed() ? Serve(options) : CheckCableOf(target);
}

}  // namespace

}  // namespace ixylab::hil

int main(int argc, char** argv) {
  const std::string_view word = argc > 1 ? argv[1] : "";
  // They have command lines of their own.
  if (word == "suite") return ixylab::conformance::RunProgram(argc - 1, argv + 1);
  if (word == "regs") return ixylab::hil::RegsProgram(argc - 1, argv + 1);
  if (word == "record") return ixylab::hil::RecordProgram(argc - 1, argv + 1);
  return ixylab::hil::Main(argc, argv);
}
