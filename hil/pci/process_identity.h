// A process that no later one can be taken for, as it stands in files that outlive it.
#ifndef HIL_PCI_PROCESS_IDENTITY_H_
#define HIL_PCI_PROCESS_IDENTITY_H_

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace ixylab::hil {

struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start = 0;  // in the kernel's clock ticks since it booted
  std::string boot;         // the kernel's boot_id
};

/// Changes whenever the kernel starts; read below `root`.
std::string BootId(const std::filesystem::path& root);

/// Of a process that runs. Processes are this machine's, whatever the root; the boot is the root's.
ProcessIdentity IdentityOf(pid_t pid, const std::filesystem::path& root);

/// It runs still; one that has ended, and which nobody has waited for yet, does not.
bool IsAlive(const ProcessIdentity& process, const std::filesystem::path& root);

void to_json(nlohmann::json& json, const ProcessIdentity& process);
void from_json(const nlohmann::json& json, ProcessIdentity& process);

}  // namespace ixylab::hil

#endif  // HIL_PCI_PROCESS_IDENTITY_H_
