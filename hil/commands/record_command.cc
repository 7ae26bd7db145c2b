#include <stdexcept>

#include "hil/commands/commands.h"

namespace ixylab::hil {

Command AddRecordCommand(CLI::App& hil) {
  CLI::App* command = hil.add_subcommand("record", "Records our driver");
  return {.app = command, .action = []() -> int { throw std::runtime_error("not there yet"); }};
}

}  // namespace ixylab::hil
