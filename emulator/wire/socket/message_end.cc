#include "emulator/wire/socket/message_end.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace ixylab::emulator {
namespace {

using namespace std::chrono_literals;

// A wire may bring frames without end: others want their turn too.
constexpr int kFramesATurn = 64;
constexpr Nanoseconds kFlushPause = 200us;

int SocketType(int fd) {
  int type = 0;
  socklen_t size = sizeof(type);
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 ? type : 0;
}

}  // namespace

MessageEnd::MessageEnd(EventLoop& loop, Wire& wire, unsigned end, Options options)
    : loop_(loop),
      wire_(wire),
      end_(end),
      options_(std::move(options)),
      type_(SocketType(options_.file.get())),
      in_(kLongestOutside + 1) {
  loop.Watch(options_.file.get(), [this] { Receive(); });
  wire.Attach(end, this);
  wire.SetSignal(end, true);
}

MessageEnd::~MessageEnd() {
  if (!ended_) loop_.Unwatch(options_.file.get());
  wire_.Attach(end_, nullptr);
}

void MessageEnd::Receive() {
  const int fd = options_.file.get();
  for (int i = 0; i < kFramesATurn; ++i) {
    // Descriptors may be shared with other processes, so sockets stay as blocking as they were.
    const ssize_t n = type_ == 0 ? read(fd, in_.data(), in_.size())
                                 : recv(fd, in_.data(), in_.size(), MSG_DONTWAIT);
    if (n < 0) {
      // ECONNREFUSED: an answer to a datagram sent before.
      if (errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED) return;
      return Lose(std::strerror(errno));
    }
    if (n == 0 && type_ != SOCK_DGRAM) return Lose("closed by the other side");
    const auto frame = std::span(in_).first(static_cast<std::size_t>(n));
    ++(SendFromOutside(wire_, end_, frame) ? counters_.in : counters_.in_bad);
  }
}

void MessageEnd::Lose(std::string_view why) {
  loop_.Unwatch(options_.file.get());
  ended_ = true;
  out_.clear();
  if (options_.log) options_.log("wire at " + options_.name + " ends: " + std::string(why));
  wire_.SetSignal(end_, false);
}

void MessageEnd::OnCarrier(bool present) {
  if (options_.on_carrier) options_.on_carrier(present);
}

void MessageEnd::OnFrame(const Frame& frame) {
  if (!out_.empty()) Flush();
  // An empty message is an end for others (net/dgram.c).
  if (ended_ || frame.bytes.empty()) {
    ++counters_.out_dropped;
  } else if (!out_.empty() || !TrySend(frame.bytes)) {
    if (out_.size() == kMostQueued) {
      ++counters_.out_dropped;
      return;
    }
    out_.emplace_back(frame.bytes.begin(), frame.bytes.end());
    FlushLater();
  }
}

bool MessageEnd::TrySend(std::span<const std::byte> frame) {
  const int fd = options_.file.get();
  ssize_t n = 0;
  if (type_ == 0) {
    n = write(fd, frame.data(), frame.size());
  } else {
    const auto& to = options_.remote;
    n = sendto(fd, frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
               to ? to->native() : nullptr, to ? to->name_bytes : 0);
  }
  if (n < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)) return false;
  // Nobody is there, the interface is down, or the frame is too long for it.
  ++(n < 0 ? counters_.out_dropped : counters_.out);
  return true;
}

void MessageEnd::Flush() {
  while (!out_.empty() && TrySend(out_.front())) out_.pop_front();
}

// Not when poll says so: a Unix datagram socket that is not connected counts as writable while its
// receiver's queue is full.
void MessageEnd::FlushLater() {
  if (std::exchange(flush_scheduled_, true)) return;
  loop_.Schedule(kFlushPause, [this] {
    flush_scheduled_ = false;
    Flush();
    if (!out_.empty()) FlushLater();
  });
}

MessageEnd::Options OpenDatagram(const SocketAddress& local,
                                 const std::optional<SocketAddress>& remote) {
  MessageEnd::Options options{.name = local.text, .file = {}};
  if (local.kind == SocketAddress::Kind::kInherited) {
    options.file = FileDescriptor(local.fd);
    return options;
  }
  options.file = OpenSocket(local, SOCK_DGRAM);
  options.remote = remote;
  if (local.kind == SocketAddress::Kind::kUnix) {
    options.path = std::make_unique<BoundPath>(options.file, local);
  } else if (bind(options.file.get(), local.native(), local.name_bytes) != 0) {
    FailWithErrno("receive at " + local.text);
  }
  return options;
}

}  // namespace ixylab::emulator
