#include "tools/common/socket_end.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>

namespace ixylab::tools {
namespace {

constexpr int kBatch = 64;
constexpr std::size_t kMaxMessage = 65536;  // longer than any frame

}  // namespace

SocketEnd::SocketEnd(int socket, emulator::Wire& wire, unsigned end)
    : socket_(socket), wire_(wire), end_(end) {
  wire.Attach(end, this);
  wire.SetSignal(end, true);
}

void SocketEnd::OnFrame(const emulator::Frame& frame) {
  while (send(socket_, frame.bytes.data(), frame.bytes.size(), MSG_NOSIGNAL) < 0 &&
         errno == EINTR) {
  }
}

bool SocketEnd::Receive(std::chrono::milliseconds timeout) {
  pollfd event = {.fd = socket_, .events = POLLIN, .revents = 0};
  if (poll(&event, 1, static_cast<int>(timeout.count())) <= 0) return true;
  std::array<std::byte, kMaxMessage> message;
  for (int i = 0; i < kBatch; ++i) {
    const ssize_t size = recv(socket_, message.data(), message.size(), MSG_DONTWAIT);
    if (size == 0) return false;
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    wire_.Send(end_, {.bytes = std::span(message).first(static_cast<std::size_t>(size))});
  }
  return true;
}

}  // namespace ixylab::tools
