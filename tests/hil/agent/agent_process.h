// An agent that serves a machine of files, as hil sees it over SSH: a process with two pipes.
#ifndef TESTS_HIL_AGENT_AGENT_PROCESS_H_
#define TESTS_HIL_AGENT_AGENT_PROCESS_H_

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hil/agent/serve.h"
#include "hil/lab/protocol.h"
#include "hil/process.h"

namespace ixylab::hil {

class AgentProcess {
 public:
  AgentProcess(const ServeOptions& options, std::string_view request)
      : lines_([this](std::string_view line) { events_.push_back(ParseEvent(line)); }) {
    DescriptorPair in = MakePipe(), out = MakePipe();
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      dup2(in.ours.get(), STDIN_FILENO);
      dup2(out.theirs.get(), STDOUT_FILENO);
      in = {};
      out = {};
      _exit(Serve(options));
    }
    input_ = std::move(in.theirs);
    output_ = std::move(out.ours);
    Say(request);
  }
  ~AgentProcess() {
    Kill(SIGKILL);
    Wait();
  }
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  void Say(std::string_view line) {
    const std::string text = std::string(line) + "\n";
    if (write(input_.get(), text.data(), text.size()) < 0) throw std::runtime_error("write");
  }
  void CloseInput() { input_.Close(); }
  void CloseOutput() { output_.Close(); }
  void Kill(int signal) const {
    if (pid_ > 0) kill(pid_, signal);
  }
  /// Gives the status as waitpid does.
  int Wait() {
    int status = -1;
    if (pid_ > 0) waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

  /// The next event; nothing once its output has ended. Throws after half a minute.
  std::optional<Event> Next() {
    while (events_.empty()) {
      pollfd file{.fd = output_.get(), .events = POLLIN, .revents = 0};
      if (poll(&file, 1, 30'000) == 0) throw std::runtime_error("the agent says nothing");
      std::array<char, 4096> bytes;
      const ssize_t n = read(output_.get(), bytes.data(), bytes.size());
      if (n <= 0) return std::nullopt;
      lines_.Add({bytes.data(), static_cast<std::size_t>(n)});
    }
    Event event = events_.front();
    events_.pop_front();
    return event;
  }
  /// All that are left, until the end.
  std::vector<Event> Rest() {
    std::vector<Event> events;
    while (const auto event = Next()) events.push_back(*event);
    return events;
  }
  /// Those until the program prints `line`.
  std::vector<Event> Until(std::string_view line) {
    std::vector<Event> events;
    while (const auto event = Next()) {
      events.push_back(*event);
      if (event->what == Event::What::kLine && event->text == line) return events;
    }
    throw std::runtime_error("the program does not print " + std::string(line) + "; " +
                             (events.empty() ? "nothing" : ToLine(events.back())));
  }

 private:
  Lines lines_;
  std::deque<Event> events_;
  pid_t pid_ = -1;
  Descriptor input_, output_;
};

}  // namespace ixylab::hil

#endif  // TESTS_HIL_AGENT_AGENT_PROCESS_H_
