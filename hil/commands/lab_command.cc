#include <stdexcept>

#include "hil/commands/commands.h"

namespace ixylab::hil {

Command AddLabCommand(CLI::App& hil) {
  CLI::App* command = hil.add_subcommand("lab", "The machines of the lab file");
  return {.app = command, .action = []() -> int { throw std::runtime_error("not there yet"); }};
}

}  // namespace ixylab::hil
