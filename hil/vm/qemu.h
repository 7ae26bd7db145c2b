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
  /// Of the cards: sockets of messages, a frame each; or those that a NIC process listens on, as
  /// NamelessSocket::file.
  std::array<int, 2> cards = {-1, -1};
  int output = -1;  // -1: the guest has a shell on QEMU's standard input and output in its place
  int control = -1;
  int qmp = -1;
};

inline constexpr const char* kNicIds[] = {"nic0", "nic1"};

/// Throws std::runtime_error in one line if QEMU, kernel, initramfs or the NIC process cannot be
/// had, or QEMU has no vfio-user-pci for it.
void CheckVm(const VmOptions& options);
/// Whether `qemu` has the device vfio-user-pci. Throws std::runtime_error if it cannot run.
bool KnowsVfioUser(const std::string& qemu);

/// The guest's first files, in memory: the initramfs and, on top, `programs` and what runs
/// `command`. Throws std::runtime_error if a file cannot be read.
Descriptor MakeImage(const VmOptions& options, const std::vector<GuestProgram>& programs,
                     const std::vector<std::string>& command, bool interactive);

/// Those of `descriptors` and `options` that QEMU is to keep.
std::vector<int> Kept(const VmOptions& options, const QemuDescriptors& descriptors);

std::vector<std::string> QemuCommand(const VmOptions& options, const std::string& accelerator,
                                     const QemuDescriptors& descriptors);

}  // namespace ixylab::hil

#endif  // HIL_VM_QEMU_H_
