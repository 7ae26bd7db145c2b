#include <stdexcept>

#include "hil/commands/commands.h"

namespace ixylab::hil {

Command AddReportCommand(CLI::App& hil) {
  CLI::App* command = hil.add_subcommand("report", "Reports of runs");
  return {.app = command, .action = []() -> int { throw std::runtime_error("not there yet"); }};
}

}  // namespace ixylab::hil
