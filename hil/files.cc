#include "hil/files.h"

#include <errno.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <vector>

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;

std::string FindFirst(const std::vector<std::string>& names) {
  std::vector<fs::path> roots;
  for (const char* variable : {"RUNFILES_DIR", "TEST_SRCDIR"}) {
    if (const char* root = std::getenv(variable)) roots.emplace_back(root);
  }
  roots.push_back(fs::absolute(program_invocation_name).concat(".runfiles"));
  roots.push_back(fs::read_symlink("/proc/self/exe").concat(".runfiles"));
  for (const fs::path& root : roots) {
    for (const std::string& name : names) {
      if (fs::exists(root / name)) return (root / name).string();
    }
  }
  return {};
}

}  // namespace

std::string FromUser(const std::string& path) {
  const char* directory = std::getenv("BUILD_WORKING_DIRECTORY");
  return directory == nullptr ? path : (fs::path(directory) / path).string();
}

std::string FindRunfile(const std::string& file) {
  // The workspace's name without and with bzlmod.
  return FindFirst({"ixylab/" + file, "_main/" + file});
}

std::string FindExternalRunfile(const std::string& file) {
  // The name of a repository without and with bzlmod, of Bazel 7 and later ones.
  return FindFirst({file, "_main~system~" + file, "+system+" + file});
}

std::string FindInPath(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path file = fs::path(folder) / name;
    if (access(file.c_str(), X_OK) == 0) return file.string();
  }
  return {};
}

}  // namespace ixylab::hil
