#include <memory>

#include "hil/commands/commands.h"
#include "hil/files.h"
#include "hil/lab/vm/lab_vm.h"
#include "hil/target/target_spec.h"
#include "hil/vm_options.h"

namespace ixylab::hil {

namespace {

/// Defaults, and paths as the user means them.
LabVmOptions Complete(const LabVmOptions& given) {
  LabVmOptions options = given;
  if (!options.folder.empty()) options.folder = FromUser(options.folder);
  if (!options.lab_file.empty()) options.lab_file = FromUser(options.lab_file);
  CompleteVmOptions(options.vm, ParseTarget(options.iommu ? "vm:82599,vfio" : "vm:82599"));
  options.vm.archives = {FindExternalRunfile("guest_tools/tools")};
  return options;
}

}  // namespace

Command AddLabVmCommand(CLI::App& lab) {
  CLI::App* vm = lab.add_subcommand("vm", "Starts a VM that stands in for a lab machine");
  const auto options = std::make_shared<LabVmOptions>();
  vm->add_option("--write", options->lab_file,
                 "Where its lab file goes; default: lab.toml in its folder");
  vm->add_option("--folder", options->folder,
                 "Keeps its disk and keys here, for the next boot; default: a temporary one");
  vm->add_flag("--iommu", options->iommu, "With an IOMMU: ports are taken by VFIO");
  AddVmOptions(*vm, options->vm);
  return {.app = vm, .action = [options] { return RunLabVm(Complete(*options)); }};
}

}  // namespace ixylab::hil
