#include "hil/pci/take_ports.h"

#include "hil/pci/cable.h"
#include "hil/pci/checks.h"
#include "hil/pci/network.h"

namespace ixylab::hil {

std::unique_ptr<PortGuard> TakePorts(const TargetSpec& target) {
  CheckPorts(target.addresses, target.bus, ReadNetwork());
  auto guard = std::make_unique<PortGuard>(target.addresses);
  CheckCable(target);
  return guard;
}

}  // namespace ixylab::hil
