#include "hil/pci/checks.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <vector>

#include "driver/open.h"
#include "hil/pci/kernel.h"

namespace ixylab::hil {

namespace fs = std::filesystem;

namespace {

void CheckId(const PciFunction& port) {
  if (!port.Exists()) {
    throw PciError(port.address() + ": there is no such PCI device (lspci -D lists them)");
  }
  const PciId id{port.vendor(), port.device()};
  if (std::ranges::find(SupportedDevices(), id, &SupportedDevice::id) == SupportedDevices().end()) {
    throw PciError(port.address() + ": no driver here is for a " + port.Id());
  }
}

/// The sysfs bus maps BARs, reads page frame numbers and takes devices from the kernel.
void CheckRights(const fs::path& root) {
  struct Capability {
    unsigned bit;  // linux/capability.h
    const char* name;
  };
  constexpr Capability kNeeded[] = {
      {1, "CAP_DAC_OVERRIDE"}, {12, "CAP_NET_ADMIN"}, {17, "CAP_SYS_RAWIO"}, {21, "CAP_SYS_ADMIN"}};
  std::istringstream status(ReadText(root / "proc/self/status"));
  std::uint64_t effective = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("CapEff:")) effective = std::strtoull(line.c_str() + 7, nullptr, 16);
  }
  std::string missing;
  for (const Capability& capability : kNeeded) {
    if ((effective >> capability.bit & 1) == 0) missing += std::string(" ") + capability.name;
  }
  if (!missing.empty()) {
    throw PciError("PCI ports need root's rights; this process lacks" + missing);
  }
}

void CheckUser(const PciFunction& port) {
  if (const std::optional<std::string> holder = port.User()) {
    throw PciError(port.address() + ": busy: " + *holder + " uses it");
  }
}

void CheckUse(const PciFunction& port, const Network& network, const fs::path& root) {
  const std::vector<std::string> interfaces = port.Interfaces();
  // Of another network namespace nobody here could bring it back.
  if (interfaces.empty() && port.HasInterfaces()) {
    throw PciError(port.address() + ": its network interface is in another network namespace");
  }
  for (const std::string& interface : interfaces) {
    const std::string who = port.address() + ": its network interface " + interface + " ";
    if (const auto use = network.Use(interface)) {
      throw PciError(who + *use + "; it stays with the kernel");
    }
    // A bridge, bond or VLAN has the address then, and would not get its port back.
    std::error_code error;
    for (fs::directory_iterator it(root / "sys/class/net" / interface, error), end;
         !error && it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (!name.starts_with("upper_")) continue;
      const std::string upper = name.substr(6);
      throw PciError(who + "is part of " + upper + ", which " +
                     network.Use(upper).value_or("would lose it") + "; it stays with the kernel");
    }
  }
}

void CheckIommu(const PciFunction& port, const fs::path& root) {
  const std::optional<std::string> group = port.IommuGroup();
  if (!group) return;
  // iommu_groups/N/type (Documentation/ABI/testing/sysfs-kernel-iommu_groups).
  const std::string type = ReadText(root / "sys/kernel/iommu_groups" / *group / "type");
  if (type == "identity") return;
  throw PciError(
      port.address() + ": an IOMMU translates its addresses (group " + *group + ", " +
      (type.empty() ? "type unknown" : type) +
      "), so it cannot be driven through sysfs; take it with ,vfio, or boot with iommu=pt");
}

/// VFIO takes a group of devices, those that an IOMMU cannot tell apart, as a whole.
void CheckGroup(const PciFunction& port, const std::array<PciFunction, 2>& ports,
                const fs::path& root) {
  const std::optional<std::string> group = port.IommuGroup();
  if (!group) {
    throw PciError(port.address() +
                   ": no IOMMU, which vfio needs: switch it on in the firmware (VT-d, AMD-Vi), and "
                   "boot with intel_iommu=on");
  }
  std::error_code error;
  for (fs::directory_iterator it(root / "sys/kernel/iommu_groups" / *group / "devices", error), end;
       !error && it != end; it.increment(error)) {
    const PciFunction other(it->path().filename(), root);
    if (std::ranges::find(ports, other.address(), &PciFunction::address) != ports.end()) continue;
    const std::string driver = other.Driver();
    if (driver.empty() || driver == "vfio-pci" || driver == "pcieport") continue;
    throw PciError(port.address() + ": the kernel uses another device of its IOMMU group " +
                   *group + ", " + other.address() + " (" + driver + "): unbind it too");
  }
}

void CheckHugePages(HugePageSupply supply, const fs::path& root) {
  const std::size_t free = ReadHugePages(root).free;
  if (free >= kHugePages) return;
  const std::string few = std::to_string(free) + " huge pages of 2 MiB are free and " +
                          std::to_string(kHugePages) + " needed: ";
  if (supply == HugePageSupply::kFree) {
    throw PciError(few + "echo " + std::to_string(2 * kHugePages) + " > /proc/sys/vm/nr_hugepages");
  }
  const std::size_t memory = AvailableMemory(root);
  if (memory >= 2 * (kHugePages - free)) return;
  throw PciError(few + "there is too little memory for more, " + std::to_string(memory) + " MiB");
}

}  // namespace

void CheckPorts(const std::array<std::string, 2>& addresses, PciBus bus, const Network& network,
                const fs::path& root, HugePageSupply supply) {
  const std::array<PciFunction, 2> ports = {PciFunction(addresses[0], root),
                                            PciFunction(addresses[1], root)};
  for (const PciFunction& port : ports) CheckId(port);
  for (const PciFunction& port : ports) CheckUse(port, network, root);
  CheckRights(root);
  for (const PciFunction& port : ports) CheckUser(port);
  for (const PciFunction& port : ports) {
    bus == PciBus::kVfio ? CheckGroup(port, ports, root) : CheckIommu(port, root);
  }
  CheckHugePages(supply, root);
}

}  // namespace ixylab::hil
