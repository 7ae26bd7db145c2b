#include "hil/vm/accelerator.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;

std::string FirstLine(const std::string& path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

fs::path CacheFolder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return fs::path(value == nullptr ? "" : value);
  };
  if (const fs::path cache = variable("XDG_CACHE_HOME"); cache.is_absolute()) return cache;
  if (const fs::path home = variable("HOME"); home.is_absolute()) return home / ".cache";
  return {};
}

}  // namespace

AcceleratorMemory::AcceleratorMemory(const std::string& qemu, std::string device)
    : device_(std::move(device)),
      entry_(FirstLine("/proc/sys/kernel/random/boot_id") + " " + qemu) {
  if (const fs::path cache = CacheFolder(); !cache.empty()) path_ = cache / "ixylab/no-kvm";
}

bool AcceleratorMemory::MayUseKvm() const {
  if (access(device_.c_str(), R_OK | W_OK) != 0) return false;
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    if (line == entry_) return false;
  }
  return true;
}

void AcceleratorMemory::ForgetKvm() const {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::create_directories(fs::path(path_).parent_path(), ignored);
  std::ofstream(path_, std::ios::app) << entry_ << "\n";
}

}  // namespace ixylab::hil
