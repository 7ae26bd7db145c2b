#include "hil/vm/nic_process.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLogLines = 20;
// How long it may take to end after it was asked to.
constexpr std::chrono::seconds kEndDeadline{5};

std::vector<std::string> NicCommand(const VmOptions& options, int control,
                                    const std::array<NamelessSocket, 2>& sockets) {
  std::vector<std::string> command = {options.nic_program, "--nic=" + options.nic,
                                      "--control=fd:" + std::to_string(control)};
  for (const NamelessSocket& socket : sockets) {
    command.push_back("--socket=fd:" + std::to_string(socket.listener()));
  }
  for (const int wire : options.wires) {
    if (wire >= 0) command.push_back("--wire=dgram:fd:" + std::to_string(wire));
  }
  command.insert(command.end(), options.nic_arguments.begin(), options.nic_arguments.end());
  return command;
}

std::vector<int> Kept(const VmOptions& options, int control,
                      const std::array<NamelessSocket, 2>& sockets) {
  std::vector<int> kept = {control, sockets[0].listener(), sockets[1].listener()};
  for (const int wire : options.wires) {
    if (wire >= 0) kept.push_back(wire);
  }
  return kept;
}

/// The number after `word` in a line such as "faults 0"; 0 if it is none.
unsigned long CountIn(std::string_view line) {
  const std::size_t space = line.find(' ');
  return space == line.npos ? 0 : std::strtoul(std::string(line.substr(space)).c_str(), nullptr, 0);
}

}  // namespace

NamelessSocket::NamelessSocket()
    : listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  // Nobody else can reach into the folder while the name is there, nor find the socket afterwards.
  std::string folder = (fs::temp_directory_path() / "ixylab.XXXXXX").string();
  if (listener_.get() < 0 || mkdtemp(folder.data()) == nullptr)
    FailWithErrno("socket in " + folder);
  const Descriptor inside(open(folder.c_str(), O_PATH | O_CLOEXEC));
  // A socket's name has at most 107 bytes, and temporary folders may be deep.
  const std::string path = "/proc/self/fd/" + std::to_string(inside.get()) + "/nic";
  sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  const bool bound =
      bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0 &&
      listen(listener_.get(), 1) == 0;
  if (bound) file_ = Descriptor(open(path.c_str(), O_PATH | O_CLOEXEC));
  const int error = errno;
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  errno = error;
  if (file_.get() < 0) FailWithErrno("socket in " + folder);
}

void NamelessSocket::Close() {
  listener_.Close();
  file_.Close();
}

NicProcess::NicProcess(const VmOptions& options, const SignalsAsEvents& signals,
                       std::chrono::milliseconds deadline)
    : lines_([this](std::string_view line) { Log(line); }),
      child_(NicCommand(options, control_.theirs.get(), sockets_), output_.theirs.get(),
             Kept(options, control_.theirs.get(), sockets_), signals) {
  control_.theirs.Close();
  output_.theirs.Close();
  // It answers once it serves its sockets.
  Request("clients", deadline);
}

void NicProcess::CloseSockets() {
  for (NamelessSocket& socket : sockets_) socket.Close();
}

std::vector<std::string> NicProcess::Request(std::string_view request,
                                             std::chrono::milliseconds deadline) {
  const Clock::time_point end = Clock::now() + deadline;
  const std::string line = std::string(request) + "\n";
  if (send(control_.ours.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT) !=
      static_cast<ssize_t>(line.size())) {
    if (Ended(kEndDeadline)) throw std::runtime_error(Death());
    throw std::runtime_error("the NIC process takes no requests");
  }
  std::vector<std::string> answer;
  do {
    answer.push_back(ReadLine(end));
  } while (answer.back() != "ok" && !answer.back().starts_with("error "));
  return answer;
}

bool NicProcess::TakeLog() {
  std::array<char, 65536> bytes;
  const ssize_t n = read(output_.ours.get(), bytes.data(), bytes.size());
  if (n > 0) {
    lines_.Add({bytes.data(), static_cast<std::size_t>(n)});
  } else {
    lines_.End();
    output_.ours.Close();
  }
  return n > 0;
}

bool NicProcess::Ended(std::chrono::milliseconds patience) {
  const Clock::time_point end = Clock::now() + patience;
  while (output_.ours.get() >= 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd event = {.fd = output_.ours.get(), .events = POLLIN, .revents = 0};
    if (poll(&event, 1, static_cast<int>(std::max<decltype(left)>(left, 0))) <= 0) break;
    TakeLog();
  }
  return output_.ours.get() < 0;
}

std::string NicProcess::Death() {
  const int status = child_.Wait(kEndDeadline);
  std::string why = WIFSIGNALED(status) ? strsignal(WTERMSIG(status))
                                        : "exit code " + std::to_string(WEXITSTATUS(status));
  if (!log_.empty()) why += ": " + log_.back();
  return "the NIC process died: " + why;
}

NicReport NicProcess::Report(std::chrono::milliseconds patience) {
  NicReport report;
  if (Ended(patience)) {
    report.death = Death();
    return report;
  }
  try {
    for (const std::string_view what : {"unknown", "faults"}) {
      const std::vector<std::string> lines = AskFor(what, report);
      if (lines.empty() || CountIn(lines.front()) == 0) continue;
      report.problems.insert(report.problems.end(), lines.begin(), lines.end());
    }
    report.counters = AskFor("counters", report);
    report.registers = AskFor("registers", report);
  } catch (const std::exception& error) {
    if (Ended(std::chrono::milliseconds(0))) {
      report.death = Death();
    } else {
      report.problems.emplace_back(error.what());
    }
  }
  return report;
}

void NicProcess::Stop(NicReport& report) {
  if (report.death.empty()) {
    child_.Kill(SIGTERM);
    if (!Ended(kEndDeadline)) {
      report.problems.emplace_back("the NIC process does not end: killed");
    } else if (const int status = child_.Wait(kEndDeadline); status != 0) {
      report.problems.push_back(Death());
    }
  }
  report.log.assign(log_.begin(), log_.end());
}

std::vector<std::string> NicProcess::AskFor(std::string_view what, NicReport& report) {
  std::vector<std::string> lines = Request(what);
  const std::string end = lines.back();
  lines.pop_back();
  if (end != "ok")
    report.problems.push_back("the NIC process, asked for " + std::string(what) + ": " + end);
  return lines;
}

void NicProcess::Wait(int descriptor, Clock::time_point end) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) throw std::runtime_error("the NIC process does not answer in time");
    std::array<pollfd, 2> events = {{{.fd = descriptor, .events = POLLIN, .revents = 0},
                                     {.fd = output_.ours.get(), .events = POLLIN, .revents = 0}}};
    if (poll(events.data(), events.size(), static_cast<int>(left)) <= 0) continue;
    if (events[0].revents != 0) return;
    if (!TakeLog()) throw std::runtime_error(Death());
  }
}

std::string NicProcess::ReadLine(Clock::time_point end) {
  while (true) {
    if (const std::size_t length = pending_.find('\n'); length != pending_.npos) {
      std::string line = pending_.substr(0, length);
      pending_.erase(0, length + 1);
      return line;
    }
    Wait(control_.ours.get(), end);
    std::array<char, 4096> bytes;
    const ssize_t n = recv(control_.ours.get(), bytes.data(), bytes.size(), 0);
    if (n <= 0) {
      if (Ended(kEndDeadline)) throw std::runtime_error(Death());
      throw std::runtime_error("the NIC process takes no requests");
    }
    pending_.append(bytes.data(), static_cast<std::size_t>(n));
  }
}

void NicProcess::Log(std::string_view line) {
  if (log_.size() == kLogLines) log_.pop_front();
  log_.emplace_back(line);
}

}  // namespace ixylab::hil
