#include "hil/vm_options.h"

#include <filesystem>

#include "hil/files.h"
#include "hil/target/target_spec.h"
#include "hil/vm/qemu.h"

namespace ixylab::hil {

namespace {

// The programs that a shell's guest has, as far as they were built along.
constexpr const char* kPrograms[] = {
    "tests/conformance/conformance",
    "tools/pktgen/pktgen",
    "tools/capture/capture",
    "tools/fwd/fwd",
};

}  // namespace

void AddVmOptions(CLI::App& command, VmOptions& vm) {
  command.add_option("--qemu", vm.qemu,
                     "QEMU for VMs: a path, machine (the one on the PATH), or recent (10.1 or "
                     "later); default: machine, if it can do what the target needs");
  command.add_option("--kernel", vm.kernel, "Kernel of VMs; default: Debian's");
  command.add_option("--initramfs", vm.initramfs, "Files of VMs; default: busybox and modules");
  command
      .add_option("--accel", vm.accelerator, "How QEMU runs: kvm, tcg, or auto: KVM where it works")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "kvm", "tcg"}));
}

void CompleteVmOptions(VmOptions& vm, const TargetSpec& target) {
  vm.virtio = target.virtio;
  if (target.nic == Nic::k82599) {
    vm.nic = "82599";
    vm.nic_program = FindRunfile("emulator/nic/nic");
  }
  if (target.bus == PciBus::kUio) vm.modules.emplace_back("uio_pci_generic");
  if (target.bus == PciBus::kVfio) {
    vm.iommu = vm.quick_reset = true;
    vm.modules.insert(vm.modules.end(), {"vfio_pci", "vfio_iommu_type1"});
  }

  const bool by_default = vm.qemu.empty();
  if (by_default || vm.qemu == "machine") {
    vm.qemu = FindInPath("qemu-system-x86_64");
  } else if (vm.qemu != "recent") {
    vm.qemu = FromUser(vm.qemu);
  }
  const bool too_old =
      by_default && !vm.nic.empty() && (vm.qemu.empty() || !KnowsVfioUser(vm.qemu));
  if (vm.qemu == "recent" || too_old) vm.qemu = FindExternalRunfile("qemu/recent");

  vm.kernel = vm.kernel.empty() ? FindExternalRunfile("guest/vmlinux") : FromUser(vm.kernel);
  vm.initramfs =
      vm.initramfs.empty() ? FindExternalRunfile("guest/initramfs") : FromUser(vm.initramfs);
}

void AddShellOptions(CLI::App& command, ShellOptions& shell) {
  command.add_option("--target", shell.target, "Which VM")->capture_default_str();
  command.add_option("--program", shell.program_paths,
                     "A static program that the guest has besides; may be given several times");
  AddVmOptions(command, shell.vm);
}

void CompleteShellOptions(ShellOptions& shell) {
  const TargetSpec target = ParseTarget(shell.target);
  if (target.kind != TargetKind::kVm) {
    throw TargetError("target \"" + target.name + "\" is no VM: it has no shell");
  }
  CompleteVmOptions(shell.vm, target);
  for (const char* program : kPrograms) {
    if (const std::string path = FindRunfile(program); !path.empty()) {
      shell.program_paths.insert(shell.program_paths.begin(), path);
    }
  }
  for (const std::string& path : shell.program_paths) {
    shell.programs.push_back({std::filesystem::path(path).filename(), FromUser(path)});
  }
}

}  // namespace ixylab::hil
