#include "hil/agent/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace ixylab::hil {

namespace {

using Milliseconds = std::chrono::milliseconds;

int Timeout(Connection::Clock::time_point until) {
  const auto left = std::chrono::ceil<Milliseconds>(until - Connection::Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 1'000'000));
}

bool AsksToStop(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return false;
  const auto stop = json.find("stop");
  return stop != json.end() && *stop == true;
}

}  // namespace

Connection::Connection(Milliseconds alive_deadline)
    : alive_deadline_(alive_deadline), lines_([this](std::string_view line) { Hear(line); }) {
  // Of a broken pipe and a full disk the calls that meet them tell.
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
  fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
}

void Connection::Hear(std::string_view line) {
  if (!request_) {
    request_ = line;
  } else {
    over_ = over_ || AsksToStop(line);
  }
}

void Connection::ReadInput() {
  std::array<char, 4096> bytes;
  const ssize_t n = read(STDIN_FILENO, bytes.data(), bytes.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    over_ = true;
    return;
  }
  heard_ = Clock::now();
  lines_.Add({bytes.data(), static_cast<std::size_t>(n)});
}

Connection::Wait Connection::WaitFor(int fd, Clock::time_point until) {
  while (!over_) {
    const Clock::time_point end = std::min(until, heard_ + alive_deadline_);
    std::array<pollfd, 3> events = {{{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                                     {.fd = signals_.get(), .events = POLLIN, .revents = 0},
                                     {.fd = fd, .events = POLLIN, .revents = 0}}};
    const int ready = poll(events.data(), events.size(), Timeout(end));
    if (ready < 0 && errno != EINTR) FailWithErrno("poll");
    if (ready < 0) continue;
    if (events[1].revents != 0) {
      signals_.Consume();
      over_ = true;
    } else if (events[0].revents != 0) {
      ReadInput();
    } else if (Clock::now() >= heard_ + alive_deadline_) {
      over_ = true;
    }
    if (over_) break;
    // A program that never pauses must not keep the deadline from being seen.
    if (Clock::now() >= until) return Wait::kTime;
    if (events[2].revents != 0) return Wait::kReadable;
  }
  return Wait::kOver;
}

bool Connection::over() { return WaitFor(-1, Clock::now()) == Wait::kOver; }

std::string Connection::ReadRequest() {
  while (!request_) {
    if (WaitFor(STDIN_FILENO, Clock::time_point::max()) == Wait::kOver && !request_) {
      throw std::runtime_error("no request came");
    }
  }
  return *request_;
}

void Connection::Send(const Event& event) {
  const std::string text = ToLine(event) + "\n";
  std::string_view rest = text;
  while (!rest.empty() && !deaf_) {
    const ssize_t n = write(STDOUT_FILENO, rest.data(), rest.size());
    if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
    if (n > 0 || errno == EINTR) continue;
    pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    const bool full = errno == EAGAIN;
    deaf_ = !full || poll(&out, 1, static_cast<int>(alive_deadline_.count())) == 0;
  }
  over_ = over_ || deaf_;
}

}  // namespace ixylab::hil
