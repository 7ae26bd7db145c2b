#include <stdexcept>

#include "hil/commands/commands.h"

namespace ixylab::hil {

Command AddLabCommand(CLI::App& hil) {
  CLI::App* command = hil.add_subcommand("lab", "The machines of the lab file");
  const Command vm = AddLabVmCommand(*command);
  return {.app = command, .action = [vm] {
            if (vm.app->parsed()) return vm.action();
            throw std::runtime_error("not there yet");
          }};
}

}  // namespace ixylab::hil
