#include <memory>

#include "hil/commands/commands.h"
#include "hil/vm/shell.h"
#include "hil/vm_options.h"

namespace ixylab::hil {

Command AddShellCommand(CLI::App& hil) {
  CLI::App* shell = hil.add_subcommand("shell", "A shell in a VM with two network cards");
  const auto options = std::make_shared<ShellOptions>();
  AddShellOptions(*shell, *options);
  const auto run = [options] {
    CompleteShellOptions(*options);
    return RunShell(options->vm, options->programs);
  };
  return {.app = shell, .action = run};
}

}  // namespace ixylab::hil
