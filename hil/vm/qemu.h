// QEMU's command line and what the guest starts from.
#ifndef HIL_VM_QEMU_H_
#define HIL_VM_QEMU_H_

#include <array>
#include <string>
#include <vector>

#include "hil/process.h"
#include "hil/vm/vm.h"

namespace ixylab::hil {

/// Descriptors that QEMU inherits.
struct QemuDescriptors {
  int initramfs = -1;
  std::array<int, 2> cables = {-1, -1};  // of the cards: sockets of messages, a frame each
  int output = -1;  // -1: the guest has a shell on QEMU's standard input and output in its place
  int control = -1;
  int qmp = -1;
};

inline constexpr const char* kNicIds[] = {"nic0", "nic1"};

/// Throws std::runtime_error in one line if QEMU, kernel or initramfs cannot be had.
void CheckVm(const VmOptions& options);

/// The guest's first files, in memory: the initramfs and, on top, `programs` and what runs
/// `command`. Throws std::runtime_error if a file cannot be read.
Descriptor MakeImage(const VmOptions& options, const std::vector<GuestProgram>& programs,
                     const std::vector<std::string>& command, bool interactive);

std::vector<std::string> QemuCommand(const VmOptions& options, const std::string& accelerator,
                                     const QemuDescriptors& descriptors);

}  // namespace ixylab::hil

#endif  // HIL_VM_QEMU_H_
