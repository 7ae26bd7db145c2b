// A wire with an endpoint that remembers what it gets, and a loop that runs until something is so.
#ifndef TESTS_EMULATOR_WIRE_SOCKET_RIG_H_
#define TESTS_EMULATOR_WIRE_SOCKET_RIG_H_

#include <sys/socket.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/host/event_loop.h"
#include "emulator/host/file_descriptor.h"
#include "emulator/sockets/address.h"
#include "emulator/wire/wire.h"
#include "tests/emulator/wire/collector.h"

namespace ixylab::emulator {

struct Rig {
  static constexpr unsigned kPort = 0, kFar = 1;

  Rig() { wire.Attach(kPort, &port); }

  /// False if it is not so within five seconds.
  bool Until(std::predicate auto condition) {
    const Nanoseconds end = loop.Now() + std::chrono::seconds(5);
    while (!condition()) {
      if (loop.Now() >= end) return false;
      loop.Step(std::chrono::milliseconds(10));
    }
    return true;
  }
  void Settle() {
    while (loop.Step(std::chrono::milliseconds(5))) {
    }
  }
  void Send(std::string_view frame) {
    wire.Send(kPort, {.bytes = std::as_bytes(std::span(frame))});
  }

  EventLoop loop;
  Wire wire;
  Collector port;  // in place of a MAC
  std::vector<std::string> log;
};

/// A frame of `size` bytes, 60 or more, whose content tells it from others.
inline std::string MakeFrame(std::size_t size, char filling = 'x') {
  return std::string(size, filling);
}

inline std::pair<FileDescriptor, FileDescriptor> MakePair(int type) {
  int ends[2] = {-1, -1};
  socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// With a name that is short enough for sockets; removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = "/tmp/ixylab.XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace ixylab::emulator

#endif  // TESTS_EMULATOR_WIRE_SOCKET_RIG_H_
