#include "emulator/wire/socket/stream_end.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ixylab::emulator {
namespace {

using namespace std::chrono_literals;

// A wire may bring frames without end: others want their turn too.
constexpr int kReadsATurn = 4;
constexpr Nanoseconds kFlushPause = 200us, kConnectPause = 10ms, kConnectDeadline = 5s;

}  // namespace

StreamEnd::StreamEnd(EventLoop& loop, Wire& wire, unsigned end, Options options)
    : loop_(loop),
      wire_(wire),
      end_(end),
      options_(std::move(options)),
      in_(kLengthBytes + kLongestOutside) {
  wire.Attach(end, this);
  if (options_.address.kind == SocketAddress::Kind::kInherited) {
    socket_ = FileDescriptor(options_.address.fd);
    Begin();
  } else if (options_.listen) {
    Listen();
  } else {
    TryToConnect();
  }
}

StreamEnd::~StreamEnd() {
  if (listening_ && !connected_) loop_.Unwatch(listening_.get());
  if (connected_) loop_.Unwatch(socket_.get());
  wire_.Attach(end_, nullptr);
}

void StreamEnd::Listen() {
  const SocketAddress& address = options_.address;
  if (address.kind == SocketAddress::Kind::kUnix) {
    Listener listener(address);
    listening_ = std::move(listener.socket);
    path_ = std::move(listener.path);
  } else {
    listening_ = OpenSocket(address, SOCK_STREAM);
    const int on = 1;
    setsockopt(listening_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listening_.get(), address.native(), address.name_bytes) != 0 ||
        listen(listening_.get(), 1) != 0) {
      FailWithErrno("listen on " + address.text);
    }
  }
  loop_.Watch(listening_.get(), [this] { Accept(); });
}

void StreamEnd::Accept() {
  socket_ = FileDescriptor(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket_) return;
  loop_.Unwatch(listening_.get());  // the next one waits
  Begin();
}

void StreamEnd::TryToConnect() {
  try {
    socket_ = OpenSocket(options_.address, SOCK_STREAM);
  } catch (const SocketError&) {  // too many open files, for now
    return TryAgain(errno);
  }
  if (connect(socket_.get(), options_.address.native(), options_.address.name_bytes) == 0) {
    Begin();
  } else if (errno == EINPROGRESS) {
    LookWhetherConnected(loop_.Now() + kConnectDeadline);
  } else {
    TryAgain(errno);
  }
}

void StreamEnd::LookWhetherConnected(Nanoseconds deadline) {
  pollfd wait{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
  if (poll(&wait, 1, 0) <= 0) {
    if (loop_.Now() >= deadline) return TryAgain(ETIMEDOUT);
    return loop_.Schedule(kConnectPause, [this, deadline] { LookWhetherConnected(deadline); });
  }
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  error == 0 ? Begin() : TryAgain(error);
}

void StreamEnd::TryAgain(int error) {
  socket_.Close();
  if (!std::exchange(told_absent_, true)) {
    Log(std::string("not there yet: ") + std::strerror(error));
  }
  loop_.Schedule(options_.retry, [this] { TryToConnect(); });
}

void StreamEnd::Begin() {
  connected_ = true;
  told_absent_ = false;
  in_bytes_ = 0;
  loop_.Watch(socket_.get(), [this] { Receive(); });
  Log("connected");
  wire_.SetSignal(end_, true);
}

void StreamEnd::Lose(std::string_view why) {
  loop_.Unwatch(socket_.get());
  socket_.Close();
  connected_ = false;
  out_.clear();
  Log("connection lost: " + std::string(why));
  wire_.SetSignal(end_, false);
  if (listening_) {
    loop_.Watch(listening_.get(), [this] { Accept(); });
  } else if (options_.address.kind != SocketAddress::Kind::kInherited) {
    loop_.Schedule(options_.retry, [this] { TryToConnect(); });
  }
}

void StreamEnd::Receive() {
  for (int i = 0; i < kReadsATurn; ++i) {
    const ssize_t n =
        recv(socket_.get(), in_.data() + in_bytes_, in_.size() - in_bytes_, MSG_DONTWAIT);
    if (n == 0) return Lose("closed by the other side");
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR) Lose(std::strerror(errno));
      return;
    }
    in_bytes_ += static_cast<std::size_t>(n);
    if (!TakeFrames()) return Lose("a frame of more than 69632 bytes is announced");
  }
}

bool StreamEnd::TakeFrames() {
  std::span<const std::byte> rest = std::span(in_).first(in_bytes_);
  bool good = true;
  while (rest.size() >= kLengthBytes) {
    std::size_t size = 0;
    for (const std::byte byte : rest.first(kLengthBytes)) {
      size = size << 8 | std::to_integer<std::size_t>(byte);
    }
    good = size <= kLongestOutside;
    if (!good || rest.size() - kLengthBytes < size) break;
    ++(SendFromOutside(wire_, end_, rest.subspan(kLengthBytes, size)) ? counters_.in
                                                                      : counters_.in_bad);
    rest = rest.subspan(kLengthBytes + size);
  }
  std::memmove(in_.data(), rest.data(), rest.size());
  in_bytes_ = rest.size();
  return good;
}

void StreamEnd::OnFrame(const Frame& frame) {
  const std::size_t size = frame.bytes.size();
  if (!out_.empty()) Flush();
  if (!connected_ || size == 0 || out_.size() + kLengthBytes + size > kMostQueued) {
    ++counters_.out_dropped;
    return;
  }
  ++counters_.out;
  std::array<std::byte, kLengthBytes> length;
  for (unsigned i = 0; i < kLengthBytes; ++i) {
    length[i] = static_cast<std::byte>(size >> 8 * (kLengthBytes - 1 - i));
  }
  std::size_t sent = 0;
  if (out_.empty()) {
    std::array<iovec, 2> parts = {
        {{.iov_base = length.data(), .iov_len = length.size()},
         {.iov_base = const_cast<std::byte*>(frame.bytes.data()), .iov_len = size}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t n = sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    // An error shows up when the socket is read, too.
    sent = static_cast<std::size_t>(std::max<ssize_t>(n, 0));
  }
  if (sent < kLengthBytes) {
    out_.insert(out_.end(), length.begin() + static_cast<std::ptrdiff_t>(sent), length.end());
  }
  const std::size_t of_frame = sent - std::min(sent, kLengthBytes);
  out_.insert(out_.end(), frame.bytes.begin() + static_cast<std::ptrdiff_t>(of_frame),
              frame.bytes.end());
  if (!out_.empty()) FlushLater();
}

void StreamEnd::Flush() {
  if (!connected_ || out_.empty()) return;
  const ssize_t n = send(socket_.get(), out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) out_.erase(out_.begin(), out_.begin() + n);
}

// The loop does not watch for room to write; a full socket is rare, and soon empty.
void StreamEnd::FlushLater() {
  if (std::exchange(flush_scheduled_, true)) return;
  loop_.Schedule(kFlushPause, [this] {
    flush_scheduled_ = false;
    Flush();
    if (!out_.empty()) FlushLater();
  });
}

void StreamEnd::Log(const std::string& line) const {
  if (options_.log) options_.log("wire at " + options_.address.text + ": " + line);
}

}  // namespace ixylab::emulator
