// --control: one line asks, lines answer, of which the last one is "ok" or "error TEXT".
#ifndef EMULATOR_NIC_CONTROL_H_
#define EMULATOR_NIC_CONTROL_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "emulator/host/event_loop.h"
#include "emulator/host/file_descriptor.h"
#include "emulator/sockets/address.h"
#include "emulator/sockets/bound_path.h"

namespace ixylab::emulator::nic {

class Control {
 public:
  /// Gives the lines of the answer, or throws std::runtime_error with the TEXT.
  using Answer = std::function<std::string(std::string_view request)>;

  /// Serves who connects to a path, or the other end of an inherited socket, several at once.
  /// Throws SocketError. `loop` must outlive it.
  Control(const SocketAddress& address, EventLoop& loop, Answer answer);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

 private:
  struct Client {
    FileDescriptor socket;
    std::string pending;  // of a line
  };

  void Accept();
  void Add(FileDescriptor socket);
  void Serve(int fd);
  /// False if the client has gone or does not read.
  bool ServeOnce(Client& client);
  bool AnswerLine(const Client& client, std::string_view line);

  EventLoop& loop_;
  const Answer answer_;
  std::unique_ptr<Listener> listener_;
  std::map<int, Client> clients_;
};

}  // namespace ixylab::emulator::nic

#endif  // EMULATOR_NIC_CONTROL_H_
