// A wire that goes on in a socket: each message is a frame without FCS, as QEMU's -netdev dgram has
// them.
#ifndef TOOLS_COMMON_SOCKET_END_H_
#define TOOLS_COMMON_SOCKET_END_H_

#include <chrono>

#include "emulator/wire/wire.h"

namespace ixylab::tools {

class SocketEnd final : public emulator::Endpoint {
 public:
  /// Plugs itself into `end` of `wire`. `socket` keeps the bounds of messages; it stays the
  /// caller's. Both must outlive it.
  SocketEnd(int socket, emulator::Wire& wire, unsigned end);

  /// Out to the socket; waits while that is full. A frame for which nobody is there is lost.
  void OnFrame(const emulator::Frame& frame) override;

  /// Waits for frames, at most for `timeout`, and sends what is there, up to a batch, into the
  /// wire. False once nobody is at the other end and all has been read.
  bool Receive(std::chrono::milliseconds timeout);

 private:
  const int socket_;
  emulator::Wire& wire_;
  const unsigned end_;
};

}  // namespace ixylab::tools

#endif  // TOOLS_COMMON_SOCKET_END_H_
