// A wire that goes on where each message is a frame without FCS: a datagram socket as QEMU's
// -netdev dgram has them, a socket of SOCK_SEQPACKET, or a TAP interface.
#ifndef EMULATOR_WIRE_SOCKET_MESSAGE_END_H_
#define EMULATOR_WIRE_SOCKET_MESSAGE_END_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/host/event_loop.h"
#include "emulator/host/file_descriptor.h"
#include "emulator/sockets/bound_path.h"
#include "emulator/wire/outside.h"
#include "emulator/wire/wire.h"

namespace ixylab::emulator {

/// Its signal is on from the start: a datagram socket does not know whether anybody is at the other
/// end. Lives until after the loop's last Step.
class MessageEnd final : public Endpoint {
 public:
  /// What is waiting for a slow reader, at most; then frames are dropped.
  static constexpr std::size_t kMostQueued = 1024;

  struct Options {
    std::string name;  // for the log
    /// A socket, or a device that is open for reading and writing and does not block.
    FileDescriptor file;
    std::unique_ptr<BoundPath> path = nullptr;           // of the socket, if it has one
    std::optional<SocketAddress> remote = std::nullopt;  // where the socket is not connected
    /// The wire's signal appeared or went; may be null.
    std::function<void(bool present)> on_carrier = nullptr;
    std::function<void(std::string_view line)> log = nullptr;  // gets a line about its end
  };
  /// Plugs itself into `end` of `wire`.
  MessageEnd(EventLoop& loop, Wire& wire, unsigned end, Options options);
  ~MessageEnd() override;
  MessageEnd(const MessageEnd&) = delete;
  MessageEnd& operator=(const MessageEnd&) = delete;

  void OnFrame(const Frame& frame) override;
  void OnCarrier(bool present) override;

  const OutsideCounters& counters() const { return counters_; }

 private:
  void Receive();
  void Lose(std::string_view why);
  /// False if there is no room for it now.
  bool TrySend(std::span<const std::byte> frame);
  void Flush();
  void FlushLater();

  EventLoop& loop_;
  Wire& wire_;
  const unsigned end_;
  const Options options_;
  const int type_;      // SOCK_DGRAM, SOCK_SEQPACKET; 0: a device
  bool ended_ = false;  // nothing comes any more
  std::vector<std::byte> in_;
  std::deque<std::vector<std::byte>> out_;
  bool flush_scheduled_ = false;
  OutsideCounters counters_;
};

/// A datagram socket at `local` for frames to `remote`, both kUnix or both kInet; or an inherited
/// one, which is connected. Throws SocketError.
MessageEnd::Options OpenDatagram(const SocketAddress& local,
                                 const std::optional<SocketAddress>& remote);

}  // namespace ixylab::emulator

#endif  // EMULATOR_WIRE_SOCKET_MESSAGE_END_H_
