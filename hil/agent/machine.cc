#include "hil/agent/machine.h"

#include <sys/utsname.h>

#include <cstdint>
#include <system_error>
#include <thread>

#include "hil/pci/kernel.h"
#include "hil/pci/sysfs.h"

namespace ixylab::hil {

namespace {

// The suite's results, and a register trace of all of it.
constexpr std::uintmax_t kMinDisk = 16;

std::uintmax_t FreeDisk(const StateFolder& folder) {
  std::error_code none;
  return std::filesystem::space(folder.path(), none).available >> 20;
}

}  // namespace

std::string DescribeMachine(const StateFolder& folder, const std::filesystem::path& root) {
  utsname system{};
  uname(&system);
  const HugePages pages = ReadHugePages(root);
  return std::string("machine: ") + system.sysname + " " + system.release + " " + system.machine +
         ", " + std::to_string(std::thread::hardware_concurrency()) + " processors, " +
         std::to_string(AvailableMemory(root)) + " MiB of memory available, " +
         std::to_string(FreeDisk(folder)) + " MiB free in " + folder.path().string() + "; " +
         std::to_string(pages.all) + " huge pages, " + std::to_string(pages.free) + " free";
}

void CheckDisk(const StateFolder& folder) {
  const std::uintmax_t free = FreeDisk(folder);
  if (free >= kMinDisk) return;
  throw PciError("the disk is full: " + std::to_string(free) + " MiB are free in " +
                 folder.path().string() + ", and " + std::to_string(kMinDisk) + " needed");
}

}  // namespace ixylab::hil
