#include "hil/target/cable_control.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "hil/target/target_spec.h"

namespace ixylab::hil {

CableControl::CableControl(const std::string& path)
    : path_(path), fd_(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {
  if (fd_ < 0) throw TargetError("cannot open --control=" + path + ": " + std::strerror(errno));
}

CableControl::~CableControl() { close(fd_); }

void CableControl::SetCable(bool plugged, std::chrono::milliseconds deadline) {
  Write(plugged ? "link up\n" : "link down\n");
  const std::string answer = ReadLine(deadline);
  if (answer == "ok") return;
  throw TargetError("the cable cannot be " + std::string(plugged ? "plugged" : "pulled") + ": " +
                    path_ + " answers \"" + answer + "\"");
}

std::optional<DmaFaults> CableControl::Faults(std::chrono::milliseconds deadline) {
  constexpr std::string_view kCount = "faults ";
  Write("faults\n");
  const std::string count = ReadLine(deadline);
  if (!count.starts_with(kCount)) return std::nullopt;
  DmaFaults faults{.count = std::strtoul(count.c_str() + kCount.size(), nullptr, 10), .first = {}};
  for (std::string line; (line = ReadLine(deadline)) != "ok";) faults.first.push_back(line);
  return faults;
}

void CableControl::Write(std::string_view request) {
  if (write(fd_, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
    throw TargetError("cannot write to " + path_ + ": " + std::strerror(errno));
  }
}

std::string CableControl::ReadLine(std::chrono::milliseconds deadline) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + deadline;
  for (std::string line;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) == 0) {
      throw TargetError(path_ + " does not answer within " + std::to_string(deadline.count()) +
                        " ms");
    }
    char byte;
    const ssize_t n = read(fd_, &byte, 1);
    if (n == 0) throw TargetError(path_ + " is closed at its other end");
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
      throw TargetError("cannot read from " + path_ + ": " + std::strerror(errno));
    }
    if (n == 1 && byte == '\n') return line;
    if (n == 1) line += byte;
  }
}

}  // namespace ixylab::hil
