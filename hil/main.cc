// hil: proves the driver on targets and reports.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "hil/commands/commands.h"
#include "hil/process.h"

namespace ixylab::hil {
namespace {

int Main(int argc, char** argv) {
  CLI::App app("Runs one conformance suite on any target and reports.", "hil");
  const Command commands[] = {AddRunCommand(app),  AddReportCommand(app), AddTargetsCommand(app),
                              AddLabCommand(app),  AddRegsCommand(app),   AddRecordCommand(app),
                              AddShellCommand(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "hil: %s (hil --help shows commands and options)\n", error.what());
    return kCannot;
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return command.action();
  }
  std::fputs(app.help().c_str(), stdout);
  return kPassed;
}

}  // namespace
}  // namespace ixylab::hil

int main(int argc, char** argv) {
  try {
    return ixylab::hil::Main(argc, argv);
  } catch (const ixylab::hil::Interrupted& interrupted) {
    std::fprintf(stderr, "hil: %s\n", interrupted.what());
    return ixylab::hil::kInterrupted;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hil: %s\n", error.what());
    return ixylab::hil::kCannot;
  }
}
