#include "hil/pci/kernel.h"

#include <chrono>
#include <fstream>
#include <map>
#include <sstream>
#include <string_view>

#include "hil/pci/sysfs.h"
#include "hil/subprocess.h"

namespace ixylab::hil {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kModprobeDeadline{30};
constexpr const char* kHugePageFolder = "sys/kernel/mm/hugepages/hugepages-2048kB";

struct Modules {
  const char* driver;               // in /sys/bus/pci/drivers
  std::vector<std::string> wanted;  // to be loaded
  std::vector<std::string> all;     // that come with them, in the order of unloading
};

Modules ModulesOf(PciBus bus) {
  switch (bus) {
    case PciBus::kUio:
      return {"uio_pci_generic", {"uio_pci_generic"}, {"uio_pci_generic", "uio"}};
    case PciBus::kVfio:
      return {"vfio-pci",
              {"vfio_iommu_type1", "vfio_pci"},
              {"vfio_pci", "vfio_pci_core", "vfio_virqfd", "vfio_iommu_type1", "vfio", "iommufd",
               "irqbypass"}};
    case PciBus::kSysfs:
      break;
  }
  return {nullptr, {}, {}};
}

/// How many users a loaded module has, by name (proc(5), /proc/modules).
std::map<std::string, int> LoadedModules(const fs::path& root) {
  std::map<std::string, int> users;
  std::ifstream file(root / "proc/modules");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name, size;
    int count = 0;
    if (fields >> name >> size >> count) users[name] = count;
  }
  return users;
}

fs::path FindModprobe(const fs::path& root) {
  for (const char* folder : {"sbin", "usr/sbin", "bin", "usr/bin"}) {
    if (fs::exists(root / folder / "modprobe")) return root / folder / "modprobe";
  }
  return root / "sbin/modprobe";  // to be told in the message
}

/// Says what went wrong, or nothing.
std::string Modprobe(std::vector<std::string> arguments, const fs::path& root) {
  std::vector<std::string> command = {FindModprobe(root).string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::string last;
  try {
    const ChildResult result =
        RunChild(command, kModprobeDeadline, [&](std::string_view line) { last = line; });
    if (result.end == ChildResult::End::kExited && result.code == 0) return "";
  } catch (const std::exception& error) {
    last = error.what();
  }
  return "modprobe " + arguments.back() + ": " + (last.empty() ? "failed" : last);
}

}  // namespace

HugePages ReadHugePages(const fs::path& root) {
  const auto number = [&](const char* file) {
    return std::strtoul(ReadText(root / kHugePageFolder / file).c_str(), nullptr, 10);
  };
  return {.all = number("nr_hugepages"), .free = number("free_hugepages")};
}

void SetHugePages(std::size_t all, const fs::path& root) {
  const fs::path file = root / kHugePageFolder / "nr_hugepages";
  if (std::ofstream stream(file); !(stream << all << std::flush)) {
    throw PciError("cannot write " + file.string());
  }
  const std::size_t got = ReadHugePages(root).all;
  if (got >= all) return;
  throw PciError("the kernel gives " + std::to_string(got) + " huge pages of 2 MiB in place of " +
                 std::to_string(all) + ": not enough memory is free in one piece");
}

std::size_t AvailableMemory(const fs::path& root) {
  constexpr std::string_view kKey = "MemAvailable:";
  std::ifstream file(root / "proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kKey)) return std::strtoul(line.c_str() + kKey.size(), nullptr, 10) / 1024;
  }
  return 0;
}

std::vector<std::string> MissingModules(PciBus bus, const fs::path& root) {
  std::vector<std::string> missing;
  for (const std::string& module : ModulesOf(bus).all) {
    if (!fs::exists(root / "sys/module" / module)) missing.push_back(module);
  }
  return missing;
}

void LoadModules(PciBus bus, const fs::path& root) {
  const Modules modules = ModulesOf(bus);
  if (modules.driver == nullptr || fs::exists(root / "sys/bus/pci/drivers" / modules.driver)) {
    return;
  }
  for (const std::string& module : modules.wanted) {
    const std::string failure = Modprobe({module}, root);
    if (!failure.empty()) throw PciError(failure);
  }
}

std::string UnloadModule(const std::string& module, const fs::path& root) {
  const std::map<std::string, int> loaded = LoadedModules(root);
  const auto users = loaded.find(module);
  if (users == loaded.end() || users->second != 0) return "";
  return Modprobe({"-r", module}, root);
}

}  // namespace ixylab::hil
