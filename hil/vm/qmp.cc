#include "hil/vm/qmp.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace ixylab::hil {

namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kAnswerDeadline{5000};

}  // namespace

void Qmp::SetLink(const std::string& id, bool up) {
  // QEMU greets first and takes no other command before this one.
  if (!std::exchange(negotiated_, true)) Execute("qmp_capabilities", "{}");
  Execute("set_link", json{{"name", id}, {"up", up}}.dump());
}

void Qmp::Execute(const std::string& command, const std::string& arguments) {
  const std::string line =
      json{{"execute", command}, {"arguments", json::parse(arguments)}}.dump() + "\n";
  if (send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    FailWithErrno("QEMU takes no commands");
  }
  while (true) {
    const json answer = json::parse(ReadLine(), nullptr, /*allow_exceptions=*/false);
    if (answer.contains("return")) return;
    if (answer.contains("error")) {
      throw std::runtime_error("QEMU: " + answer["error"].value("desc", "an error"));
    }
    // The greeting, or an event.
  }
}

std::string Qmp::ReadLine() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + kAnswerDeadline;
  while (true) {
    if (const std::size_t length = pending_.find('\n'); length != pending_.npos) {
      std::string line = pending_.substr(0, length);
      pending_.erase(0, length + 1);
      return line;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd event = {.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (left <= 0) throw std::runtime_error("QEMU does not answer");
    if (poll(&event, 1, static_cast<int>(left)) <= 0) continue;
    std::array<char, 4096> bytes;
    const ssize_t n = recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (n <= 0) throw std::runtime_error("QEMU is gone");
    pending_.append(bytes.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace ixylab::hil
