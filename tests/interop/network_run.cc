#include "tests/interop/network_run.h"

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "hil/files.h"
#include "tests/interop/linux_vm.h"

namespace ixylab::hil {

const GuestRun& NetworkRun() {
  static const GuestRun run = [] {
    const char* guest = std::getenv("INTEROP_GUEST");
    VmOptions options = LinuxVm("82599", guest == nullptr ? "guest" : guest);
    options.deadline = std::chrono::seconds(280);
    std::vector<GuestProgram> programs;
    for (const std::string name : {"datagrams", "frames", "peer", "xdp"}) {
      programs.push_back({name, FindRunfile("tests/interop/" + name)});
    }
    return RunGuest(options, programs, GuestScripts({"network.sh", "peers.sh"}, {"ixgbe"}));
  }();
  return run;
}

}  // namespace ixylab::hil
