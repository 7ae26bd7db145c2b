#include "tests/interop/linux_vm.h"

#include <fstream>
#include <iterator>

#include "hil/files.h"

namespace ixylab::hil {

namespace {

std::string ReadScript(const std::string& name) {
  std::ifstream file(FindRunfile("tests/interop/guest/" + name));
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

VmOptions LinuxVm(const std::string& nic, const std::string& guest) {
  VmOptions options;
  options.qemu = FindExternalRunfile("qemu/recent");
  options.kernel = FindExternalRunfile(guest + "/vmlinux");
  options.initramfs = FindExternalRunfile(guest + "/initramfs");
  options.archives = {FindExternalRunfile("guest_tools/tools")};
  options.nic = nic;
  options.nic_program = FindRunfile("emulator/nic/nic");
  options.nic_arguments = {"--mac=" + std::string(kMac)};
  return options;
}

std::string DriverOf(const std::string& nic) { return nic == "82599" ? "ixgbe" : "virtio_net"; }

std::vector<std::string> GuestScript(const std::string& script,
                                     const std::vector<std::string>& arguments) {
  return GuestScripts({script}, arguments);
}

std::vector<std::string> GuestScripts(const std::vector<std::string>& scripts,
                                      const std::vector<std::string>& arguments) {
  std::string text = ReadScript("cards.sh");
  for (const std::string& script : scripts) text += ReadScript(script);
  std::vector<std::string> command = {"sh", "-c", text, scripts.front()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace ixylab::hil
