// Whether KVM works here.
#ifndef HIL_VM_ACCELERATOR_H_
#define HIL_VM_ACCELERATOR_H_

#include <string>

namespace ixylab::hil {

/// Remembers for `qemu`, until the machine starts anew, that KVM did not work: in the
/// user's cache folder, where there is none in /tmp/ixylab-UID, or not at all where that cannot be
/// written or is somebody else's.
class AcceleratorMemory {
 public:
  AcceleratorMemory(const std::string& qemu, std::string device);

  /// KVM's device may be used, and KVM is not known to fail.
  bool MayUseKvm() const;
  /// KVM failed: not again.
  void ForgetKvm() const;

 private:
  std::string device_;
  std::string path_;   // of the file that says so; empty: none
  std::string entry_;  // what it says
};

}  // namespace ixylab::hil

#endif  // HIL_VM_ACCELERATOR_H_
