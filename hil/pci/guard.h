// Two ports of this machine, lent to this process: taken from the kernel, and given back as they
// were whatever happens to it.
#ifndef HIL_PCI_GUARD_H_
#define HIL_PCI_GUARD_H_

#include <sys/types.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hil/pci/journal.h"
#include "hil/pci/state_folder.h"
#include "hil/pci/sysfs.h"
#include "hil/process.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// What a guard does besides on a machine of the lab: it raises the huge pages to what the suite
/// needs, loads the modules of `bus`, and brings both back when no other run needs them. In
/// `folder`, while there is something to bring back, a journal says how the machine was.
struct LabGuard {
  StateFolder folder;
  PciBus bus = PciBus::kSysfs;
  std::string owner{}, purpose{};  // of the run, for the journal
};

/// While it lives, the ports are without a kernel driver and locked against other runs. A process
/// of its own, which no Ctrl-C reaches, takes them, and waits for the end of this one, however it
/// comes; then, once nobody has the ports open any more, it gives them back: no DMA, the kernel's
/// driver, and the interfaces with their names, MTU and state. To be made before this process has
/// threads.
class PortGuard {
 public:
  /// Throws PciError if another run has a port, or the kernel does not let go of it.
  explicit PortGuard(const std::array<std::string, 2>& addresses,
                     const std::filesystem::path& root = "/",
                     const std::optional<LabGuard>& lab = std::nullopt);
  ~PortGuard();
  PortGuard(const PortGuard&) = delete;
  PortGuard& operator=(const PortGuard&) = delete;

  /// The guard process, while there is one.
  pid_t process() const { return process_; }

  /// Gives the ports back now. Throws PciError with the first thing that is not as it was.
  void GiveBack();

 private:
  pid_t process_ = -1;
  Descriptor life_;    // its other end sees when this process is gone
  Descriptor report_;  // what could not be taken or brought back, a line each
};

/// Against other runs: ends with the last process that has the descriptors. Throws PciError.
std::array<Descriptor, 2> LockPorts(const std::array<std::string, 2>& addresses,
                                    const std::filesystem::path& root);

/// What a guard does in the end, and who comes after a guard that was killed: makes the machine
/// what `journal` says, and removes the journal from `folder`, if any. Says what it could not bring
/// back; then the journal stays.
std::vector<std::string> BringBack(const Journal& journal, const StateFolder* folder,
                                   const std::filesystem::path& root);

}  // namespace ixylab::hil

#endif  // HIL_PCI_GUARD_H_
