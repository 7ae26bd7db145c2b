// Two ports of this machine, lent to this process: taken from the kernel, and given back as they
// were whatever happens to it.
#ifndef HIL_PCI_GUARD_H_
#define HIL_PCI_GUARD_H_

#include <sys/types.h>

#include <array>
#include <filesystem>
#include <string>

#include "hil/pci/sysfs.h"
#include "hil/process.h"

namespace ixylab::hil {

/// While it lives, the ports are without a kernel driver and locked against other runs. A process
/// of its own, which no Ctrl-C reaches, waits for the end of this one, however it comes; then, once
/// nobody has the ports open any more, it gives them back: no DMA, the kernel's driver, and the
/// interfaces with their names, MTU and state. To be made before this process has threads.
class PortGuard {
 public:
  /// Throws PciError if another run has a port, or the kernel does not let go of it.
  explicit PortGuard(const std::array<std::string, 2>& addresses,
                     const std::filesystem::path& root = "/");
  ~PortGuard();
  PortGuard(const PortGuard&) = delete;
  PortGuard& operator=(const PortGuard&) = delete;

  /// Gives the ports back now. Throws PciError with the first thing that is not as it was.
  void GiveBack();

 private:
  pid_t process_ = -1;
  Descriptor life_;    // its other end sees when this process is gone
  Descriptor report_;  // what could not be brought back, a line each
};

}  // namespace ixylab::hil

#endif  // HIL_PCI_GUARD_H_
