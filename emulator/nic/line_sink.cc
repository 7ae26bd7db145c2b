#include "emulator/nic/line_sink.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace ixylab::emulator::nic {
namespace {

constexpr std::size_t kMost = 4 << 20, kFlushAt = 64 << 10;

bool IsSocket(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

LineSink::LineSink(int fd) : fd_(fd), socket_(IsSocket(fd)) {}

void LineSink::Add(std::string_view line) {
  if (broken_ || buffer_.size() + line.size() > kMost) {
    ++dropped_;
    return;
  }
  if (told_ != dropped_) {
    buffer_ += "... " + std::to_string(dropped_ - told_) + " lines dropped: nobody read them\n";
    told_ = dropped_;
  }
  (buffer_ += line) += '\n';
  if (buffer_.size() >= kFlushAt) Flush();
}

void LineSink::Flush() {
  std::size_t done = 0;
  while (done < buffer_.size() && !broken_) {
    // The description is shared with other processes, so it stays blocking. A pipe that poll calls
    // writable takes PIPE_BUF bytes (pipe(7)).
    pollfd wait{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (poll(&wait, 1, 0) <= 0) break;
    const std::size_t size = std::min<std::size_t>(buffer_.size() - done, PIPE_BUF);
    const ssize_t n = socket_ ? send(fd_, buffer_.data() + done, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                              : write(fd_, buffer_.data() + done, size);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      broken_ = true;
    }
  }
  buffer_.erase(0, broken_ ? buffer_.size() : done);
}

void LineSink::End(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (Flush(); !buffer_.empty() && std::chrono::steady_clock::now() < end; Flush()) {
    pollfd wait{.fd = fd_, .events = POLLOUT, .revents = 0};
    poll(&wait, 1, 10);
  }
}

}  // namespace ixylab::emulator::nic
