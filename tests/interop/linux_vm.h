// VMs whose kernel drives the ports of a NIC process.
#ifndef TESTS_INTEROP_LINUX_VM_H_
#define TESTS_INTEROP_LINUX_VM_H_

#include <string>
#include <string_view>
#include <vector>

#include "hil/vm/vm.h"

namespace ixylab::hil {

/// Address of port 0; port 1 has the next one.
inline constexpr std::string_view kMac = "02:1b:21:00:00:fe";

/// `nic`: what //emulator:nic takes, such as 82599. `guest`: the repository of the kernel.
VmOptions LinuxVm(const std::string& nic, const std::string& guest);

/// The kernel's driver for `nic`.
std::string DriverOf(const std::string& nic);

/// What runs guest/cards.sh and then guest/`script` with `arguments`, the driver first.
std::vector<std::string> GuestScript(const std::string& script,
                                     const std::vector<std::string>& arguments);
/// The same with several scripts, one after the other in one shell.
std::vector<std::string> GuestScripts(const std::vector<std::string>& scripts,
                                      const std::vector<std::string>& arguments);

}  // namespace ixylab::hil

#endif  // TESTS_INTEROP_LINUX_VM_H_
