#include "hil/lab/lab_arguments.h"

namespace ixylab::hil {

void AddLabFileOption(CLI::App& command, LabOptions& options) {
  command.add_option("--lab", options.file,
                     "The lab file; default: $IXYLAB_LAB, else ~/.config/ixylab/lab.toml");
}

void AddLabOptions(CLI::App& command, LabOptions& options) {
  AddLabFileOption(command, options);
  command.add_option("--purpose", options.purpose,
                     "Told to whoever wants the same ports of a lab machine; default: the command");
  command.add_option("--ssh", options.ssh, "A program with ssh's command line, for lab machines")
      ->capture_default_str();
}

}  // namespace ixylab::hil
