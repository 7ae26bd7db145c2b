// Whether two ports of this machine can be had for tests, before anything is changed.
#ifndef HIL_PCI_CHECKS_H_
#define HIL_PCI_CHECKS_H_

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>

#include "hil/pci/network.h"
#include "hil/pci/sysfs.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// Free 2 MiB pages that the conformance suite needs: 40 MiB of buffers, rings of several queues at
/// both ports, each in a page of its own, and room to spare.
inline constexpr std::size_t kHugePages = 64;

/// Whether the pages have to be free already, or the run may have the kernel make more of them.
enum class HugePageSupply { kFree, kRaised };

/// Throws PciError, one line, at the first reason not to take the ports: one that is not there,
/// that no driver here is for, or that this machine's own traffic goes over; no rights; one that
/// another program holds; an IOMMU that translates, or for VFIO none, or one that cannot tell a
/// port from a device that the kernel uses; too few huge pages, or too little memory for them.
void CheckPorts(const std::array<std::string, 2>& addresses, PciBus bus, const Network& network,
                const std::filesystem::path& root = "/",
                HugePageSupply supply = HugePageSupply::kFree);

}  // namespace ixylab::hil

#endif  // HIL_PCI_CHECKS_H_
