#include "hil/pci/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>
#include <utility>

#include "hil/pci/sysfs.h"

namespace ixylab::hil {

namespace fs = std::filesystem;

namespace {

using std::chrono_literals::operator""ms;

// Somebody may wait for modprobe with it.
constexpr std::chrono::seconds kLockDeadline{60};
constexpr std::string_view kNew = ".new", kBroken = ".broken";

[[noreturn]] void Fail(const char* what, const fs::path& file, int error) {
  throw PciError(std::string(what) + " " + file.string() + ": " + std::strerror(error));
}

Descriptor Open(const fs::path& file, int flags) {
  Descriptor descriptor(open(file.c_str(), flags | O_CLOEXEC, 0644));
  if (descriptor.get() < 0) Fail("cannot open", file, errno);
  return descriptor;
}

/// False with errno.
bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return fsync(fd) == 0;
}

}  // namespace

StateFolder::StateFolder(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) Fail("cannot make the folder", path_, error.value());
}

Descriptor StateFolder::Lock(std::string_view name) const {
  const fs::path file = path_ / (std::string(name) + ".lock");
  Descriptor lock = Open(file, O_RDWR | O_CREAT);
  const auto end = std::chrono::steady_clock::now() + kLockDeadline;
  while (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) Fail("cannot lock", file, errno);
    if (std::chrono::steady_clock::now() > end) {
      throw PciError("another process has kept " + file.string() + " locked for " +
                     std::to_string(kLockDeadline.count()) + " s");
    }
    std::this_thread::sleep_for(5ms);
  }
  return lock;
}

std::optional<std::string> StateFolder::Read(const std::string& name) const {
  std::ifstream file(path_ / name, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void StateFolder::Write(const std::string& name, std::string_view text) const {
  const fs::path file = path_ / name;
  const fs::path fresh = file.string() + std::string(kNew);
  {
    const Descriptor to = Open(fresh, O_WRONLY | O_CREAT | O_TRUNC);
    if (!WriteAll(to.get(), text)) {
      const int error = errno;
      unlink(fresh.c_str());
      Fail("cannot write", file, error);
    }
  }
  if (rename(fresh.c_str(), file.c_str()) != 0) Fail("cannot write", file, errno);
  // The name too has to reach the disk.
  if (fsync(Open(path_, O_RDONLY | O_DIRECTORY).get()) != 0) Fail("cannot write", path_, errno);
}

void StateFolder::Remove(const std::string& name) const {
  const fs::path file = path_ / name;
  if (unlink(file.c_str()) != 0 && errno != ENOENT) Fail("cannot remove", file, errno);
}

std::vector<std::string> StateFolder::Names(std::string_view prefix) const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(path_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(prefix) || name.ends_with(kNew) || name.ends_with(kBroken)) continue;
    names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::string StateFolder::SetAside(const std::string& name) const {
  const fs::path file = path_ / name;
  const fs::path aside = file.string() + std::string(kBroken);
  if (rename(file.c_str(), aside.c_str()) != 0) Fail("cannot rename", file, errno);
  return aside.string();
}

}  // namespace ixylab::hil
