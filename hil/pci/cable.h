// Whether two ports of this machine are cabled to each other.
#ifndef HIL_PCI_CABLE_H_
#define HIL_PCI_CABLE_H_

#include <array>
#include <cstdint>

#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// Opens the ports of `target` and sends a frame each way. Gives the speed of each port's link in
/// Mbit/s; 0: the device cannot tell. Throws PciError: a port without a link, or from which nothing
/// reaches the other.
std::array<std::uint32_t, 2> CheckCable(const TargetSpec& target);

}  // namespace ixylab::hil

#endif  // HIL_PCI_CABLE_H_
