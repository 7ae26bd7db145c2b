// A stand-in for a lab machine: a VM with two modelled 82599 ports, reached over SSH on loopback.
// What runs on it is exactly what would run on a real one.
#ifndef HIL_LAB_VM_LAB_VM_H_
#define HIL_LAB_VM_LAB_VM_H_

#include <cstdint>
#include <string>

#include "hil/vm/vm.h"

namespace ixylab::hil {

/// The name of the machine in the lab file.
inline constexpr const char* kLabVmName = "vm";

struct LabVmOptions {
  /// Where lab file, keys and disk are. What is there already is used again: the next boot of the
  /// same machine. Empty: a private temporary folder, which goes away at the end.
  std::string folder;
  /// Where the lab file goes; empty: lab.toml in the folder. It is there as soon as the machine
  /// answers, and not before.
  std::string lab_file;
  bool iommu = false;  // ports are taken by VFIO
  /// Complete (hil/vm_options.h), with the guest tools among its archives.
  VmOptions vm;
};

/// Runs the machine until Ctrl-C or SIGTERM, and says how to use it. A SIGKILL of this process is
/// its power cut: QEMU and the NIC process end at once, the disk is as it was then. Gives 0, or 1
/// if the machine went down by itself or the NIC process has something to report (registers that
/// the model does not have, DMA faults). Throws std::runtime_error in one line if it cannot be
/// started.
int RunLabVm(const LabVmOptions& options);

/// The lab file of the machine: its `port` of 127.0.0.1, and files in `folder`.
std::string LabVmFile(const std::string& folder, std::uint16_t port, bool iommu);

}  // namespace ixylab::hil

#endif  // HIL_LAB_VM_LAB_VM_H_
