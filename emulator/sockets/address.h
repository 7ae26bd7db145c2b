// Where a socket is, as people write it: "unix:PATH", "HOST:PORT", "fd:N".
#ifndef EMULATOR_SOCKETS_ADDRESS_H_
#define EMULATOR_SOCKETS_ADDRESS_H_

#include <sys/socket.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include "emulator/host/file_descriptor.h"

namespace ixylab::emulator {

/// Something about a socket, a path or an interface is wrong. One line that says what to do.
class SocketError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws SocketError: "cannot WHAT: " and what errno says.
[[noreturn]] void FailWithErrno(const std::string& what);

struct SocketAddress {
  enum class Kind { kUnix, kInet, kInherited };
  Kind kind = Kind::kUnix;
  std::string text = {};       // as it was given
  std::string path = {};       // kUnix
  int fd = -1;                 // kInherited
  sockaddr_storage name = {};  // kUnix and kInet: as the kernel takes it
  socklen_t name_bytes = 0;

  const sockaddr* native() const { return reinterpret_cast<const sockaddr*>(&name); }
};

/// HOST is an IPv4 address, an IPv6 address in brackets, or "localhost": no resolver is asked, so
/// that the program can be linked statically. Throws SocketError, also for a path that does not fit
/// into sun_path and for a descriptor that is no open socket.
SocketAddress ParseAddress(std::string_view text);
/// The address "unix:PATH".
SocketAddress UnixAddress(std::string_view path);

/// The number of "fd:N", an open socket; -1 where `text` does not begin with "fd:".
int ParseInherited(std::string_view text);

/// A non-blocking socket of `type` (SOCK_STREAM, SOCK_DGRAM) for addresses like `address`.
FileDescriptor OpenSocket(const SocketAddress& address, int type);

}  // namespace ixylab::emulator

#endif  // EMULATOR_SOCKETS_ADDRESS_H_
