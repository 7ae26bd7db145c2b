// Whether two ports of this machine are cabled to each other.
#ifndef HIL_PCI_CABLE_H_
#define HIL_PCI_CABLE_H_

#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// Opens the ports of `target` and sends a frame each way. Throws PciError: a port without a link,
/// or from which nothing reaches the other.
void CheckCable(const TargetSpec& target);

}  // namespace ixylab::hil

#endif  // HIL_PCI_CABLE_H_
