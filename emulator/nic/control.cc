#include "emulator/nic/control.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace ixylab::emulator::nic {
namespace {

constexpr std::size_t kMostClients = 16, kLongestLine = 4096;

}  // namespace

Control::Control(const SocketAddress& address, EventLoop& loop, Answer answer)
    : loop_(loop), answer_(std::move(answer)) {
  if (address.kind == SocketAddress::Kind::kInherited) {
    Add(FileDescriptor(address.fd));
    return;
  }
  listener_ = std::make_unique<Listener>(address);
  loop_.Watch(listener_->socket.get(), [this] { Accept(); });
}

Control::~Control() {
  if (listener_) loop_.Unwatch(listener_->socket.get());
  for (const auto& [fd, client] : clients_) loop_.Unwatch(fd);
}

void Control::Accept() {
  FileDescriptor socket(accept4(listener_->socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (socket && clients_.size() < kMostClients) Add(std::move(socket));
}

void Control::Add(FileDescriptor socket) {
  const int fd = socket.get();
  clients_[fd] = {.socket = std::move(socket), .pending = {}};
  loop_.Watch(fd, [this, fd] { Serve(fd); });
}

void Control::Serve(int fd) {
  if (ServeOnce(clients_.at(fd))) return;
  loop_.Unwatch(fd);
  clients_.erase(fd);
}

bool Control::ServeOnce(Client& client) {
  std::array<char, kLongestLine> bytes;
  const ssize_t n = recv(client.socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (n <= 0) return n < 0 && (errno == EAGAIN || errno == EINTR);
  client.pending.append(bytes.data(), static_cast<std::size_t>(n));
  std::size_t end;
  while ((end = client.pending.find('\n')) != std::string::npos) {
    if (!AnswerLine(client, std::string_view(client.pending).substr(0, end))) return false;
    client.pending.erase(0, end + 1);
  }
  return client.pending.size() < kLongestLine;
}

bool Control::AnswerLine(const Client& client, std::string_view line) {
  std::string text;
  try {
    text = answer_(line) + "ok\n";
  } catch (const std::runtime_error& error) {
    text = "error " + std::string(error.what()) + "\n";
  }
  // Who does not read what he asked for is hung up on: nothing here waits for him.
  return send(client.socket.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(text.size());
}

}  // namespace ixylab::emulator::nic
