// What runs that died have left on this machine: ports, huge pages and modules that nobody has
// given back, and files.
#ifndef HIL_AGENT_LEFTOVERS_H_
#define HIL_AGENT_LEFTOVERS_H_

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "hil/pci/state_folder.h"

namespace ixylab::hil {

/// Ports that could not be given back, and why.
struct Leftover {
  std::array<std::string, 2> addresses;
  std::string failure;
};

/// Brings back what the journals of dead runs say, unless the machine has been restarted since, and
/// tells `note`, a line each. Removes their files, and agents' files that nobody has used for a
/// week. Gives what could not be brought back. One process at a time; throws PciError if the folder
/// does not let it.
std::vector<Leftover> RepairLeftovers(const StateFolder& folder, const std::filesystem::path& root,
                                      const std::function<void(const std::string& line)>& note);

/// The same of the run of this process, whose guard could not. Gives what could not be brought
/// back, or nothing.
std::string RepairOwn(const std::array<std::string, 2>& addresses, const StateFolder& folder,
                      const std::filesystem::path& root);

/// A new folder for the files of this process's run.
std::filesystem::path MakeRunFolder(const StateFolder& folder, const std::filesystem::path& root);

}  // namespace ixylab::hil

#endif  // HIL_AGENT_LEFTOVERS_H_
