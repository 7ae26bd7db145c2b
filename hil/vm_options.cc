#include "hil/vm_options.h"

#include <filesystem>

#include "hil/files.h"
#include "hil/target/target_spec.h"

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
  command
      .add_option("--qemu", vm.qemu,
                  "QEMU for VMs: a path, machine (the one on the PATH), or recent (10.1 or later)")
      ->default_str("machine");
  command.add_option("--kernel", vm.kernel, "Kernel of VMs; default: Debian's");
  command.add_option("--initramfs", vm.initramfs, "Files of VMs; default: busybox and modules");
  command
      .add_option("--accel", vm.accelerator, "How QEMU runs: kvm, tcg, or auto: KVM where it works")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "kvm", "tcg"}));
}

void CompleteVmOptions(VmOptions& vm) {
  if (vm.qemu.empty() || vm.qemu == "machine") {
    vm.qemu = FindInPath("qemu-system-x86_64");
  } else {
    vm.qemu = vm.qemu == "recent" ? FindExternalRunfile("qemu/recent") : FromUser(vm.qemu);
  }
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
  shell.vm.virtio = target.virtio;
  CompleteVmOptions(shell.vm);
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
