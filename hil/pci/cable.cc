#include "hil/pci/cable.h"

#include <memory>

#include "hil/pci/sysfs.h"
#include "hil/target/target.h"
#include "hil/target/two_ports.h"

namespace ixylab::hil {

std::array<std::uint32_t, 2> CheckCable(const TargetSpec& spec) {
  const std::unique_ptr<Target> target = OpenTarget(spec.name, /*seed=*/1);
  TwoPorts ports(*target);
  if (const auto port = ports.WaitForLinks()) {
    throw PciError(spec.addresses[*port] + ": no link within 10 s; is its cable in?");
  }
  for (unsigned from : {0u, 1u}) {
    if (ports.SendAcross(from)) continue;
    throw PciError("a frame from " + spec.addresses[from] + " does not reach " +
                   spec.addresses[1 - from] + " within 1 s; are they cabled to each other?");
  }
  return {ports.device(0).Link().megabits_per_second, ports.device(1).Link().megabits_per_second};
}

}  // namespace ixylab::hil
