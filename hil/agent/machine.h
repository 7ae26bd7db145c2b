// The lab machine itself, in words.
#ifndef HIL_AGENT_MACHINE_H_
#define HIL_AGENT_MACHINE_H_

#include <filesystem>
#include <string>

#include "hil/pci/state_folder.h"

namespace ixylab::hil {

/// "machine: Linux 6.1.0-25-amd64 x86_64, 8 processors, 12034 MiB of memory available, 512 MiB free
/// in /var/lib/ixylab; 64 huge pages, 64 free".
std::string DescribeMachine(const StateFolder& folder, const std::filesystem::path& root);

/// Throws PciError if what a run writes would not fit.
void CheckDisk(const StateFolder& folder);

}  // namespace ixylab::hil

#endif  // HIL_AGENT_MACHINE_H_
