// Ports of this machine for a run: looked at, taken, and proven to be cabled.
#ifndef HIL_PCI_TAKE_PORTS_H_
#define HIL_PCI_TAKE_PORTS_H_

#include <memory>

#include "hil/pci/guard.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// The ports of `target`, which is a pci: one. Throws PciError as CheckPorts, PortGuard and
/// CheckCable do.
std::unique_ptr<PortGuard> TakePorts(const TargetSpec& target);

}  // namespace ixylab::hil

#endif  // HIL_PCI_TAKE_PORTS_H_
