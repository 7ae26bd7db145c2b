#include "emulator/sockets/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace ixylab::emulator {
namespace {

constexpr std::string_view kUnix = "unix:", kInherited = "fd:";

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <typename Name>
void SetName(SocketAddress& address, const Name& name) {
  std::memcpy(&address.name, &name, sizeof(name));
  address.name_bytes = sizeof(name);
}

/// False where `host` is no address.
bool SetHost(SocketAddress& address, std::string host, std::uint16_t port) {
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) {
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(port);
    SetName(address, name);
    host = host.substr(1, host.size() - 2);
    auto* const place = reinterpret_cast<sockaddr_in6*>(&address.name);
    return inet_pton(AF_INET6, host.c_str(), &place->sin6_addr) == 1;
  }
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  const bool good = inet_pton(AF_INET, host.c_str(), &name.sin_addr) == 1;
  SetName(address, name);
  return good;
}

SocketAddress InetAddress(std::string_view text) {
  SocketAddress address{.kind = SocketAddress::Kind::kInet, .text = std::string(text)};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    throw SocketError("\"" + address.text + "\" is no address; give unix:PATH, HOST:PORT or fd:N");
  }
  const auto port = ParseNumber<std::uint16_t>(text.substr(colon + 1));
  if (!port || *port == 0) {
    throw SocketError("\"" + address.text + "\" has no port between 1 and 65535 after its colon");
  }
  if (!SetHost(address, std::string(text.substr(0, colon)), *port)) {
    throw SocketError("the host of \"" + address.text +
                      "\" is none; give an address such as 127.0.0.1 or [::1], or localhost");
  }
  return address;
}

}  // namespace

void FailWithErrno(const std::string& what) {
  const int error = errno;
  throw SocketError("cannot " + what + ": " + std::strerror(error));
}

SocketAddress UnixAddress(std::string_view path) {
  SocketAddress address{.kind = SocketAddress::Kind::kUnix,
                        .text = std::string(kUnix).append(path),
                        .path = std::string(path)};
  sockaddr_un name{};
  if (path.empty()) throw SocketError("a Unix socket needs a path");
  // With its terminating 0.
  if (path.size() >= sizeof(name.sun_path)) {
    throw SocketError("the path " + address.path + " has " + std::to_string(path.size()) +
                      " bytes, and sockets take at most " +
                      std::to_string(sizeof(name.sun_path) - 1) +
                      "; give a shorter one, such as a relative one");
  }
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, path.size());
  SetName(address, name);
  return address;
}

int ParseInherited(std::string_view text) {
  if (!text.starts_with(kInherited)) return -1;
  const auto fd = ParseNumber<int>(text.substr(kInherited.size()));
  struct stat status;
  if (!fd || *fd < 0 || fstat(*fd, &status) != 0 || !S_ISSOCK(status.st_mode)) {
    throw SocketError("\"" + std::string(text) +
                      "\" is no open socket; give the number of one that the program inherits");
  }
  return *fd;
}

SocketAddress ParseAddress(std::string_view text) {
  if (text.starts_with(kUnix)) return UnixAddress(text.substr(kUnix.size()));
  if (const int fd = ParseInherited(text); fd >= 0) {
    return {.kind = SocketAddress::Kind::kInherited, .text = std::string(text), .fd = fd};
  }
  return InetAddress(text);
}

FileDescriptor OpenSocket(const SocketAddress& address, int type) {
  FileDescriptor fd(socket(address.name.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) FailWithErrno("make a socket for " + address.text);
  return fd;
}

}  // namespace ixylab::emulator
