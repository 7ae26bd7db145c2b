// hil: proves the driver on targets and reports.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "emulator/82599/register_doc.h"
#include "hil/number_option.h"
#include "hil/run.h"
#include "hil/target/target.h"
#include "hil/vm/vm.h"

namespace ixylab::hil {
namespace {

namespace fs = std::filesystem;

constexpr int kUsageError = 2;

/// A path as the user means it: `bazel run` changes the working directory, and says where he was.
std::string FromUser(const std::string& path) {
  const char* directory = std::getenv("BUILD_WORKING_DIRECTORY");
  return directory == nullptr ? path : (fs::path(directory) / path).string();
}

/// Among the files that Bazel lays out for this program; nothing if it is not there.
std::string FindRunfile(const char* program, std::initializer_list<const char*> names) {
  std::vector<fs::path> roots;
  if (const char* root = std::getenv("RUNFILES_DIR")) roots.emplace_back(root);
  roots.push_back(fs::absolute(program).concat(".runfiles"));
  roots.push_back(fs::read_symlink("/proc/self/exe").concat(".runfiles"));
  for (const fs::path& root : roots) {
    for (const char* name : names) {
      if (fs::exists(root / name)) return (root / name).string();
    }
  }
  return {};
}

/// `file` of an external repository; these have other names with bzlmod.
std::string FindExternal(const char* program, const std::string& file) {
  const std::string plain = file;
  const std::string tilde = "_main~system~" + file;
  const std::string plus = "+system+" + file;
  return FindRunfile(program, {plain.c_str(), tilde.c_str(), plus.c_str()});
}

std::string FindSuite(const char* program) {
  const std::string suite = FindRunfile(
      program, {"ixylab/tests/conformance/conformance", "_main/tests/conformance/conformance"});
  if (!suite.empty()) return suite;
  throw std::runtime_error(
      "cannot find the conformance suite; start hil with bazel run //hil, or "
      "say --suite=PATH");
}

/// As a shell finds it.
std::string FindInPath(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path file = fs::path(folder) / name;
    if (access(file.c_str(), X_OK) == 0) return file.string();
  }
  return name;
}

/// Options of VMs.
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

/// Defaults, and paths as the user means them.
void CompleteVmOptions(const char* program, VmOptions& vm) {
  if (vm.qemu.empty()) vm.qemu = "machine";
  if (vm.qemu == "machine") {
    vm.qemu = FindInPath("qemu-system-x86_64");
  } else {
    vm.qemu = vm.qemu == "recent" ? FindExternal(program, "qemu/recent") : FromUser(vm.qemu);
  }
  vm.kernel = vm.kernel.empty() ? FindExternal(program, "guest/vmlinux") : FromUser(vm.kernel);
  vm.initramfs =
      vm.initramfs.empty() ? FindExternal(program, "guest/initramfs") : FromUser(vm.initramfs);
}

int Main(int argc, char** argv) {
  CLI::App app("Runs one conformance suite on any target and reports.", "hil");
  RunOptions options;
  std::uint64_t soak_packets = 0;
  unsigned deadline = static_cast<unsigned>(options.deadline.count());

  CLI::App* run = app.add_subcommand("run", "Runs the conformance suite");
  run->add_option("--target", options.targets, "Where; may be given several times")
      ->default_str(std::string(Targets().front().name));
  run->add_option("--filter", options.filter, "Which tests, as Suite.Name with * and ?")
      ->capture_default_str();
  run->add_option("--seed", options.seed, "Of everything random")
      ->capture_default_str()
      ->check(Number());
  const CLI::Option* soak = run->add_option("--soak-packets", soak_packets,
                                            "Frames of the soak; default: what suits the target")
                                ->check(Number());
  run->add_option("--deadline", deadline, "Seconds for each target")
      ->capture_default_str()
      ->check(Number(1, 86'400));
  run->add_option("--suite", options.suite, "Another conformance program");
  run->add_option("--xml", options.xml, "Writes GoogleTest's XML, of one target, to this file");
  AddVmOptions(*run, options.vm);

  app.add_subcommand("targets", "Lists the targets");

  CLI::App* regs = app.add_subcommand("regs", "Shows the model's registers");
  bool document = false;
  regs->add_flag("--doc", document, "As a Markdown document")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "hil: %s (hil --help shows commands and options)\n", error.what());
    return kUsageError;
  }

  if (app.get_subcommands().empty()) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  }
  if (app.got_subcommand("targets")) {
    for (const TargetInfo& target : Targets()) {
      std::printf("%-22s %s\n", std::string(target.name).c_str(),
                  std::string(target.description).c_str());
    }
    return 0;
  }
  if (app.got_subcommand("regs")) {
    std::fputs(emulator::intel82599::RegisterDocument().c_str(), stdout);
    return 0;
  }

  if (options.targets.empty()) options.targets.emplace_back(Targets().front().name);
  for (const std::string& target : options.targets) CheckTarget(target);
  options.suite = options.suite.empty() ? FindSuite(argv[0]) : FromUser(options.suite);
  if (soak->count() > 0) options.soak_packets = soak_packets;
  options.deadline = std::chrono::seconds(deadline);
  if (!options.xml.empty()) {
    if (options.targets.size() > 1) {
      throw std::runtime_error("--xml takes the results of one --target");
    }
    options.xml = FromUser(options.xml);
  } else if (const char* xml = std::getenv("XML_OUTPUT_FILE");  // as a test of Bazel's
             xml != nullptr && options.targets.size() == 1) {
    options.xml = xml;
  }
  CompleteVmOptions(argv[0], options.vm);
  return Run(options);
}

}  // namespace
}  // namespace ixylab::hil

int main(int argc, char** argv) {
  try {
    return ixylab::hil::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hil: %s\n", error.what());
    return 2;
  }
}
