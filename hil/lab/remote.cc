#include "hil/lab/remote.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "hil/command_line.h"
#include "hil/files.h"
#include "hil/lab/ssh.h"
#include "hil/lab/ssh_failure.h"
#include "hil/process.h"

namespace ixylab::hil {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono_literals::operator""s;

constexpr std::size_t kMaxLine = 1 << 28;  // of the agent: a register trace is one line
constexpr std::size_t kMaxPurpose = 200;
constexpr auto kEndPatience = 2s;  // for the agent's exit, after its last word

/// "mia@desk3".
std::string Owner() {
  const std::string host = HostName();
  for (const char* variable : {"LOGNAME", "USER"}) {
    const char* user = std::getenv(variable);
    if (user != nullptr && *user != '\0') return std::string(user) + "@" + host;
  }
  return "uid" + std::to_string(getuid()) + "@" + host;
}

/// This process's command line, or its beginning.
std::string DefaultPurpose() {
  std::string line = CommandLine();
  line.erase(0, line.find_last_of('/', line.find(' ')) + 1);  // of the program's path
  if (line.size() > kMaxPurpose) line.replace(kMaxPurpose, line.npos, "...");
  return line;
}

std::string FindAgent(const LabOptions& options) {
  if (!options.agent.empty()) return FromUser(options.agent);
  const std::string agent = FindRunfile("hil/agent/agent");
  if (!agent.empty()) return agent;
  throw LabError("cannot find the program for lab machines; start hil with bazel run //hil");
}

bool RunsProgram(Request::What what) {
  return what == Request::What::kRun || what == Request::What::kRegs ||
         what == Request::What::kRecord;
}

/// What is said with the agent, from the request to its end.
class Conversation {
 public:
  Conversation(const Ssh& ssh, const LabHost& host, const Request& request,
               const LabListener& listener, std::chrono::milliseconds patience)
      : ssh_(ssh),
        request_(request),
        listener_(listener),
        patience_(patience),
        // Not by exec: a shell says the exit code of a program that was killed, sshd does not.
        channel_(ssh.Open(host.programs[0] + " serve; exit $?")) {
    result_.machine = host.name;
    channel_.Write(ToLine(request) + "\n");
  }

  LabResult Hold() {
    Clock::time_point give_up = Clock::now() + request_.deadline + patience_;
    Clock::time_point next_alive = Clock::now() + kAliveInterval;
    Lines lines([this](std::string_view line) { Hear(line); });
    while (!ended_) {
      switch (
          channel_.Wait(std::min(next_alive, give_up), [&](auto bytes) { Add(lines, bytes); })) {
        case SshChannel::Wake::kBytes:
          if (!result_.interrupted) give_up = Clock::now() + request_.deadline + patience_;
          break;
        case SshChannel::Wake::kClosed:
          Break(WhyClosed());
          break;
        case SshChannel::Wake::kSignal:
          if (std::exchange(result_.interrupted, true)) {
            Break("interrupted again: the machine ends the run and gives the ports back by itself");
          }
          channel_.Write("{\"stop\":true}\n");
          give_up = Clock::now() + patience_;
          break;
        case SshChannel::Wake::kTime:
          channel_.Write("{}\n");
          next_alive = Clock::now() + kAliveInterval;
          if (Clock::now() >= give_up) Break("it does not answer any more" + GivesBack());
          break;
      }
    }
    return std::move(result_);
  }

 private:
  void Add(Lines& lines, std::string_view bytes) {
    const std::size_t line_end = bytes.rfind('\n');
    unfinished_ = line_end == bytes.npos ? unfinished_ + bytes.size() : bytes.size() - line_end - 1;
    if (unfinished_ > kMaxLine) return Break("its agent says a line without an end" + GivesBack());
    lines.Add(bytes);
  }

  void Hear(std::string_view line) {
    if (ended_) return;
    Event event;
    try {
      event = ParseEvent(line);
    } catch (const std::runtime_error& error) {
      return Break("its agent says what is " + std::string(error.what()) + GivesBack());
    }
    switch (event.what) {
      case Event::What::kLine:
        begun_ = true;
        [[fallthrough]];
      case Event::What::kNote:
        if (listener_.on_event) listener_.on_event(event);
        break;
      case Event::What::kFile:
        result_.files[event.name] = std::move(event.text);
        break;
      case Event::What::kBusy:
      case Event::What::kFail:
        result_.reason = std::move(event.text);
        break;
      case Event::What::kEnd:
        End(event);
        break;
    }
  }

  void End(const Event& event) {
    ended_ = true;
    LetEnd();
    result_.end = event.end;
    result_.code = event.code;
    switch (event.end) {
      case Event::End::kExited:
        break;
      case Event::End::kSignalled:
        result_.reason = std::string("the program crashed: ") + strsignal(event.code);
        break;
      case Event::End::kDeadline:
        result_.reason = "killed: the program did not end within " +
                         std::to_string(request_.deadline.count()) + " s";
        break;
      case Event::End::kStopped:
        result_.reason = "killed: interrupted";
        break;
      case Event::End::kFailed:
        if (!begun_ && !result_.interrupted) ssh_.Fail(result_.reason);
        result_.reason = Named(result_.reason);
        break;
    }
  }

  /// The conversation ends without an end of the request.
  void Break(const std::string& why) {
    ended_ = true;
    if (!begun_ && !result_.interrupted) ssh_.Fail(why);
    result_.end = Event::End::kFailed;
    result_.reason = Named(why);
  }

  std::string WhyClosed() {
    const int code = channel_.End();
    if (code == kSshFailed) {
      return DescribeSshFailure(ssh_.machine(), code, channel_.said()) + GivesBack();
    }
    const std::string last = channel_.said().empty() ? "" : " (" + channel_.said().back() + ")";
    return "its agent ended with exit code " + std::to_string(code) + " and no last word" + last +
           GivesBack();
  }

  std::string Named(const std::string& why) const {
    return "lab machine " + ssh_.machine().name + ": " + why;
  }

  std::string GivesBack() const {
    if (!RunsProgram(request_.what)) return {};
    return ": the machine ends the run and gives the ports back by itself; hil lab check " +
           ssh_.machine().name + " shows it";
  }

  void LetEnd() {
    channel_.CloseInput();
    const Clock::time_point until = Clock::now() + kEndPatience;
    for (auto wake = SshChannel::Wake::kBytes; wake == SshChannel::Wake::kBytes;) {
      wake = channel_.Wait(until, [](std::string_view) {});
    }
  }

  const Ssh& ssh_;
  const Request& request_;
  const LabListener& listener_;
  const std::chrono::milliseconds patience_;
  SshChannel channel_;
  LabResult result_;
  bool begun_ = false;  // the program has printed something
  bool ended_ = false;
  std::size_t unfinished_ = 0;  // bytes of a line that has no end yet
};

}  // namespace

std::vector<PortPair> CabledPairs(const LabMachine& machine, const std::string& port) {
  std::vector<PortPair> pairs;
  for (const auto& [first, second] : machine.Pairs(port)) {
    const auto [low, high] = std::minmax(first.megabits_per_second, second.megabits_per_second);
    pairs.push_back({.addresses = {first.address, second.address},
                     .names = {first.name, second.name},
                     .megabits_per_second = low == 0 ? high : low});
  }
  return pairs;
}

LabResult AskLab(const LabOptions& options, const LabMachine& machine, Request request,
                 const std::string& suite, const LabListener& listener) {
  request.claim.owner = Owner();
  request.claim.purpose = options.purpose.empty() ? DefaultPurpose() : options.purpose;
  std::vector<LabFile> files = {{.path = FindAgent(options), .kind = "agent"}};
  if (!suite.empty()) files.push_back({.path = suite, .kind = "suite"});
  const SignalsAsEvents signals;
  try {
    const Ssh ssh(machine, options.ssh, signals);
    const LabHost host = Deploy(ssh, files, options.patience);
    if (listener.on_host) listener.on_host(host);
    if (!suite.empty()) request.program = host.programs[1];
    return Conversation(ssh, host, request, listener, options.patience).Hold();
  } catch (const Interrupted& interrupted) {
    return {.end = Event::End::kStopped,
            .code = 0,
            .reason = interrupted.what(),
            .interrupted = true,
            .machine = {},
            .files = {}};
  }
}

LabResult RunOnLab(const LabOptions& options, const TargetSpec& target, const LabProgram& program,
                   const std::function<void(std::string_view line)>& on_line) {
  const Lab lab = ReadLab(options);
  const LabMachine& machine = lab.Find(target.machine);
  Request request;
  request.what = program.what;
  request.pairs = CabledPairs(machine, target.port);
  request.bus = target.given_bus.value_or(machine.iommu ? PciBus::kVfio : PciBus::kSysfs);
  request.deadline = program.deadline;
  // Twice: what goes before the program, and what comes after it.
  request.claim.duration =
      program.deadline + 2 * std::chrono::ceil<std::chrono::seconds>(options.patience);
  request.arguments = program.arguments;
  request.register_trace = program.register_trace;
  const auto on_event = [&](const Event& event) {
    if (event.what == Event::What::kLine) return on_line(event.text);
    std::printf("%s: %s\n", machine.name.c_str(), event.text.c_str());
    std::fflush(stdout);
  };
  return AskLab(options, machine, std::move(request), program.suite, {.on_event = on_event});
}

}  // namespace ixylab::hil
