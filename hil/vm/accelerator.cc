#include "hil/vm/accelerator.h"

#include <sys/stat.h>
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

/// Of Bazel's tests, which have no home, and of nobody else: /tmp/ixylab-UID, as tools/bazel has
/// it. Empty if somebody else made it or may write there.
fs::path SharedFolder() {
  fs::path folder = "/tmp/ixylab-" + std::to_string(geteuid());
  mkdir(folder.c_str(), 0700);  // unless it is there
  struct stat status;
  const bool ours = lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
                    status.st_uid == geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  return ours ? folder : fs::path();
}

fs::path CacheFolder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return fs::path(value == nullptr ? "" : value);
  };
  if (const fs::path cache = variable("XDG_CACHE_HOME"); cache.is_absolute()) return cache;
  const fs::path home = variable("HOME");
  if (home.is_absolute() && variable("TEST_TMPDIR").empty()) return home / ".cache";
  return SharedFolder();
}

/// The program itself: each test of Bazel's knows it by another link.
std::string Resolved(const std::string& path) {
  std::error_code failed;
  const fs::path resolved = fs::canonical(path, failed);
  return failed ? path : resolved.string();
}

}  // namespace

AcceleratorMemory::AcceleratorMemory(const std::string& qemu, std::string device)
    : device_(std::move(device)),
      entry_(FirstLine("/proc/sys/kernel/random/boot_id") + " " + Resolved(qemu)) {
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
