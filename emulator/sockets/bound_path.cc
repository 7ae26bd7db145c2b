#include "emulator/sockets/bound_path.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

namespace ixylab::emulator {
namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 10ms, kPatience = 2000ms;

/// Two that find the same stale socket must not remove each other's new one: who looks and binds
/// has the folder to itself, without a file that could be left behind.
FileDescriptor LockFolder(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  FileDescriptor lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock && errno == ENOENT) {
    throw SocketError("cannot make the socket " + path + ": the folder " + folder +
                      " does not exist; make it first");
  }
  if (!lock) FailWithErrno("make the socket " + path);
  for (auto waited = 0ms; flock(lock.get(), LOCK_EX | LOCK_NB) != 0; waited += kPause) {
    if (errno != EWOULDBLOCK || waited >= kPatience) FailWithErrno("lock the folder " + folder);
    std::this_thread::sleep_for(kPause);
  }
  return lock;
}

/// Removes what a process left behind; throws if it is not that.
void RemoveStale(const SocketAddress& address) {
  struct stat status;
  if (lstat(address.path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) {
    throw SocketError(address.path + " exists and is no socket; give another path, or remove it");
  }
  // A probe that nobody notices: a socket of the other type gets EPROTOTYPE where there is a
  // process, and ECONNREFUSED where there is none, but never reaches a listener's queue.
  const FileDescriptor probe = OpenSocket(address, SOCK_DGRAM);
  if (connect(probe.get(), address.native(), address.name_bytes) == 0 || errno == EPROTOTYPE) {
    throw SocketError(address.path +
                      " is in use by a running process; end that, or give another path");
  }
  if (errno != ECONNREFUSED) FailWithErrno("take the place of the socket " + address.path);
  if (unlink(address.path.c_str()) != 0) {
    FailWithErrno("remove " + address.path + ", which a process left behind");
  }
}

int BindAsOwner(const FileDescriptor& socket, const SocketAddress& address) {
  const mode_t before = umask(S_IXUSR | S_IRWXG | S_IRWXO);
  const int result = bind(socket.get(), address.native(), address.name_bytes);
  const int error = errno;
  umask(before);
  errno = error;
  return result;
}

}  // namespace

BoundPath::BoundPath(const FileDescriptor& socket, const SocketAddress& address)
    : path_(address.path) {
  const FileDescriptor lock = LockFolder(path_);
  RemoveStale(address);
  if (BindAsOwner(socket, address) != 0) FailWithErrno("make the socket " + path_);
  struct stat status;
  if (lstat(path_.c_str(), &status) == 0) {
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
  int type = 0;
  socklen_t size = sizeof(type);
  getsockopt(socket.get(), SOL_SOCKET, SO_TYPE, &type, &size);
  if (type == SOCK_STREAM && listen(socket.get(), SOMAXCONN) != 0) {
    unlink(path_.c_str());
    FailWithErrno("listen on the socket " + path_);
  }
}

BoundPath::~BoundPath() {
  struct stat status;
  if (lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_) {
    unlink(path_.c_str());
  }
}

}  // namespace ixylab::emulator
