// The options of VMs on the command line.
#ifndef HIL_VM_OPTIONS_H_
#define HIL_VM_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "hil/vm/vm.h"

namespace ixylab::hil {

/// --qemu, --kernel, --initramfs, --accel.
void AddVmOptions(CLI::App& command, VmOptions& vm);
/// After parsing, for a VM with the cards of `target`: defaults, and paths as the user means them.
void CompleteVmOptions(VmOptions& vm, const TargetSpec& target);

struct ShellOptions {
  std::string target = "vm:virtio-net";
  std::vector<GuestProgram> programs;
  std::vector<std::string> program_paths;
  VmOptions vm;
};

/// --target, --program and those of VMs.
void AddShellOptions(CLI::App& command, ShellOptions& shell);
/// Throws std::runtime_error in one line if the target is no VM.
void CompleteShellOptions(ShellOptions& shell);

}  // namespace ixylab::hil

#endif  // HIL_VM_OPTIONS_H_
