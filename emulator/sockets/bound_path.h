// A Unix socket's place in the file system: taken, and given back at the end.
#ifndef EMULATOR_SOCKETS_BOUND_PATH_H_
#define EMULATOR_SOCKETS_BOUND_PATH_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "emulator/host/file_descriptor.h"
#include "emulator/sockets/address.h"

namespace ixylab::emulator {

/// Removes the path at the end, if it is still this socket's.
class BoundPath {
 public:
  /// Binds `socket` to `address.path`, for its owner alone (mode 0600) from the moment it is there,
  /// and, if it is a stream, listens. Takes the place of a socket that its process left behind.
  /// Throws SocketError: the path is in use by a running process, or is something else; its folder
  /// is missing or may not be written to.
  BoundPath(const FileDescriptor& socket, const SocketAddress& address);
  ~BoundPath();
  BoundPath(const BoundPath&) = delete;
  BoundPath& operator=(const BoundPath&) = delete;

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// A socket that clients can connect to.
struct Listener {
  /// Throws SocketError.
  explicit Listener(const SocketAddress& address)
      : socket(OpenSocket(address, SOCK_STREAM)),
        path(std::make_unique<BoundPath>(socket, address)) {}

  FileDescriptor socket;
  std::unique_ptr<BoundPath> path;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_SOCKETS_BOUND_PATH_H_
