// What runs on ports need of the kernel besides the ports: huge pages, and modules to reach them.
#ifndef HIL_PCI_KERNEL_H_
#define HIL_PCI_KERNEL_H_

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// Of 2 MiB.
struct HugePages {
  std::size_t all = 0;
  std::size_t free = 0;
};
HugePages ReadHugePages(const std::filesystem::path& root);
/// Throws PciError if the kernel cannot have so many.
void SetHugePages(std::size_t all, const std::filesystem::path& root);

/// In MiB, without swapping.
std::size_t AvailableMemory(const std::filesystem::path& root);

/// Modules that are not loaded, of all that reaching ports by `bus` may load: those that need
/// others first.
std::vector<std::string> MissingModules(PciBus bus, const std::filesystem::path& root);
/// Loads what `bus` needs. Throws PciError with what modprobe says.
void LoadModules(PciBus bus, const std::filesystem::path& root);
/// Unloads the module, unless it is not loaded or something uses it. Says what went wrong, or
/// nothing.
std::string UnloadModule(const std::string& module, const std::filesystem::path& root);

}  // namespace ixylab::hil

#endif  // HIL_PCI_KERNEL_H_
