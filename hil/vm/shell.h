// A shell in a VM.
#ifndef HIL_VM_SHELL_H_
#define HIL_VM_SHELL_H_

#include <vector>

#include "hil/vm/vm.h"

namespace ixylab::hil {

/// Runs a VM with a shell on this terminal, until `poweroff` in the guest, Ctrl-A x, or a signal;
/// the terminal is then as it was. Gives 0 or, after a signal or if QEMU failed, another exit code.
/// Throws as RunInVm.
int RunShell(const VmOptions& options, const std::vector<GuestProgram>& programs);

}  // namespace ixylab::hil

#endif  // HIL_VM_SHELL_H_
