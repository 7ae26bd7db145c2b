// A wire that goes on in a stream socket, as QEMU's -netdev stream has them: for each frame its
// length in 4 bytes, big-endian, and the frame without FCS.
#ifndef EMULATOR_WIRE_SOCKET_STREAM_END_H_
#define EMULATOR_WIRE_SOCKET_STREAM_END_H_

#include <cstddef>
#include <functional>
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

/// Its signal is on while somebody is at the other end. Lives until after the loop's last Step.
class StreamEnd final : public Endpoint {
 public:
  /// What is waiting for a slow reader, at most; then frames are dropped.
  static constexpr std::size_t kMostQueued = 4 << 20;

  struct Options {
    SocketAddress address;
    /// Waits for somebody, then for the next one; else connects, and tries again each `retry`. A
    /// socket that was inherited is connected, once.
    bool listen = false;
    Nanoseconds retry = std::chrono::seconds(1);
    /// Gets a line about each connection that is made or lost; may be null.
    std::function<void(std::string_view line)> log;
  };
  /// Plugs itself into `end` of `wire`. Throws SocketError: it cannot listen there.
  StreamEnd(EventLoop& loop, Wire& wire, unsigned end, Options options);
  ~StreamEnd() override;
  StreamEnd(const StreamEnd&) = delete;
  StreamEnd& operator=(const StreamEnd&) = delete;

  void OnFrame(const Frame& frame) override;

  bool connected() const { return connected_; }
  const OutsideCounters& counters() const { return counters_; }

 private:
  static constexpr std::size_t kLengthBytes = 4;

  void Listen();
  void Accept();
  void TryToConnect();
  void LookWhetherConnected(Nanoseconds deadline);
  void TryAgain(int error);
  void Begin();
  void Receive();
  /// Sends what is complete; false if it is no frame that begins there.
  bool TakeFrames();
  void Lose(std::string_view why);
  void Flush();
  void FlushLater();
  void Log(const std::string& line) const;

  EventLoop& loop_;
  Wire& wire_;
  const unsigned end_;
  const Options options_;
  FileDescriptor listening_;
  std::unique_ptr<BoundPath> path_;
  FileDescriptor socket_;
  bool connected_ = false;
  bool told_absent_ = false;    // that nobody is there
  std::vector<std::byte> in_;   // from the beginning of a frame's length
  std::size_t in_bytes_ = 0;    // of it that are there
  std::vector<std::byte> out_;  // what the socket has not taken yet, from the middle of a frame on
  bool flush_scheduled_ = false;
  OutsideCounters counters_;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_WIRE_SOCKET_STREAM_END_H_
