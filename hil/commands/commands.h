// The subcommands of hil, a file each. One declares its options, and gives back what is to be done
// once the command line is parsed.
#ifndef HIL_COMMANDS_COMMANDS_H_
#define HIL_COMMANDS_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>

namespace ixylab::hil {

// Exit codes. Of a run: everything passed or was skipped as expected; something failed.
inline constexpr int kPassed = 0;
inline constexpr int kFailed = 1;
inline constexpr int kCannot = 2;         // it could not do as told
inline constexpr int kInterrupted = 130;  // 128 + SIGINT, as a shell says it

struct Command {
  CLI::App* app;  // of `hil`, or of another command
  /// Gives the exit code. Throws std::runtime_error in one line: kCannot.
  std::function<int()> action;
};

Command AddRunCommand(CLI::App& hil);      // run: the conformance suite on targets
Command AddReportCommand(CLI::App& hil);   // report: of runs that are over, and compare two
Command AddTargetsCommand(CLI::App& hil);  // targets: which there are
Command AddLabCommand(CLI::App& hil);      // lab: list, check, reserve, release
Command AddLabVmCommand(CLI::App& lab);    // lab vm: a VM that stands in for a lab machine
Command AddRegsCommand(CLI::App& hil);     // regs: read a chip's registers, compare two chips
Command AddRecordCommand(CLI::App& hil);   // record: the register accesses of our driver
Command AddShellCommand(CLI::App& hil);    // shell: in a VM

}  // namespace ixylab::hil

#endif  // HIL_COMMANDS_COMMANDS_H_
