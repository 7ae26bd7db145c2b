// What the user says of the lab, on the command line.
#ifndef HIL_LAB_LAB_ARGUMENTS_H_
#define HIL_LAB_LAB_ARGUMENTS_H_

#include <CLI/CLI.hpp>

#include "hil/lab/lab_options.h"

namespace ixylab::hil {

/// --lab, --purpose and --ssh, for commands that run something on a lab machine. `options` outlives
/// the command line.
void AddLabOptions(CLI::App& command, LabOptions& options);

/// Of those, --lab alone, for commands that only look at the lab file.
void AddLabFileOption(CLI::App& command, LabOptions& options);

}  // namespace ixylab::hil

#endif  // HIL_LAB_LAB_ARGUMENTS_H_
