#include "hil/lab/ssh.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "hil/command_line.h"
#include "hil/files.h"
#include "hil/lab/ssh_failure.h"

namespace ixylab::hil {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono_literals::operator""s;

constexpr std::size_t kSaidLines = 20;
constexpr std::size_t kMaxOutput = 1 << 20;  // of a short command
constexpr auto kEndPatience = 5s;            // for ssh itself, once the command has ended

/// Where it is on this machine.
std::string FindProgram(const std::string& program) {
  const std::string path =
      program.find('/') == program.npos ? FindInPath(program) : FromUser(program);
  if (path.empty()) {
    throw LabError("no " + program +
                   " on the PATH: lab machines need the OpenSSH client "
                   "(apt-get install openssh-client)");
  }
  CheckExecutable(path);
  return path;
}

/// The user's options come before the defaults, since ssh takes the first of each that it meets.
std::vector<std::string> SshCommand(const LabMachine& machine, const std::string& program) {
  std::vector<std::string> command = {program, "-T", "-o", "BatchMode=yes"};
  const auto add = [&](const std::string& option, const std::string& value) {
    command.insert(command.end(), {option, value});
  };
  for (const std::string& option : machine.ssh_options) add("-o", option);
  for (const char* option : {"ConnectTimeout=10", "ServerAliveInterval=5", "ServerAliveCountMax=3",
                             "ControlMaster=no", "ControlPath=none", "ClearAllForwardings=yes"}) {
    add("-o", option);
  }
  if (machine.port != 0) add("-p", std::to_string(machine.port));
  if (!machine.user.empty()) add("-l", machine.user);
  if (!machine.key.empty()) {
    add("-o", "IdentitiesOnly=yes");
    add("-i", machine.key);
  }
  add("--", machine.host);
  return command;
}

/// Tells more of what is the case than of what went wrong.
bool IsWarning(std::string_view line) {
  return line.empty() || line.starts_with("Warning: Permanently added") || line.starts_with("** ");
}

}  // namespace

SshChannel::SshChannel(const std::vector<std::string>& command, const SignalsAsEvents& signals)
    : signals_(signals),
      stream_(MakeSocketPair()),
      error_(MakePipe()),
      child_(command,
             Child::Streams{.input = stream_.theirs.get(),
                            .output = stream_.theirs.get(),
                            .error = error_.theirs.get()},
             {}, signals),
      error_lines_([this](std::string_view line) {
        while (line.ends_with('\r')) line.remove_suffix(1);
        if (IsWarning(line)) return;
        if (said_.size() == kSaidLines) said_.erase(said_.begin());
        said_.emplace_back(line);
      }) {
  stream_.theirs.Close();
  error_.theirs.Close();
  fcntl(error_.ours.get(), F_SETFL, O_NONBLOCK);
}

void SshChannel::Send() {
  const std::string_view left = std::string_view(to_send_).substr(sent_);
  const ssize_t n = send(stream_.ours.get(), left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // Whoever does not read any more ends soon, and says why.
  sent_ = n < 0 ? to_send_.size() : sent_ + static_cast<std::size_t>(n);
}

void SshChannel::ReadError() {
  std::array<char, 4096> bytes;
  ssize_t n;
  while ((n = read(error_.ours.get(), bytes.data(), bytes.size())) > 0) {
    error_lines_.Add({bytes.data(), static_cast<std::size_t>(n)});
  }
  if (n == 0) error_.ours.Close();
}

SshChannel::Wake SshChannel::Wait(Clock::time_point until, const OnBytes& on_bytes) {
  for (;;) {
    if (Sent() && close_input_) {
      shutdown(stream_.ours.get(), SHUT_WR);
      close_input_ = false;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    const short writing = Sent() ? 0 : POLLOUT;
    std::array<pollfd, 3> events = {
        {{.fd = signals_.get(), .events = POLLIN, .revents = 0},
         {.fd = error_.ours.get(), .events = POLLIN, .revents = 0},
         {.fd = stream_.ours.get(), .events = static_cast<short>(POLLIN | writing), .revents = 0}}};
    const int ready = poll(events.data(), events.size(),
                           static_cast<int>(std::clamp<decltype(left)>(left, 0, 1'000'000)));
    if (ready < 0 && errno != EINTR) FailWithErrno("poll");
    if (ready <= 0) {
      if (Clock::now() >= until) return Wake::kTime;
      continue;
    }
    if (events[0].revents != 0) {
      signals_.Consume();
      return Wake::kSignal;
    }
    if (events[1].revents != 0) ReadError();
    if ((events[2].revents & POLLOUT) != 0) Send();
    if ((events[2].revents & ~POLLOUT) == 0) continue;
    std::array<char, 65536> bytes;
    const ssize_t n = recv(stream_.ours.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) return Wake::kClosed;
    on_bytes({bytes.data(), static_cast<std::size_t>(n)});
    return Wake::kBytes;
  }
}

int SshChannel::End() {
  const int status = child_.Wait(kEndPatience);
  if (error_.ours.get() >= 0) ReadError();
  error_lines_.End();
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSshFailed;
}

Ssh::Ssh(const LabMachine& machine, const std::string& program, const SignalsAsEvents& signals)
    : machine_(machine), signals_(signals), command_(SshCommand(machine, FindProgram(program))) {
  if (!machine.key.empty() && access(machine.key.c_str(), R_OK) != 0) {
    Fail("cannot read its key " + machine.key + ": " + std::strerror(errno));
  }
}

void Ssh::Fail(const std::string& why) const {
  throw LabError("lab machine " + machine_.name + ": " + why);
}

SshChannel Ssh::Open(const std::string& script) const {
  std::vector<std::string> command = command_;
  command.push_back((machine_.sudo ? "sudo -n sh -c " : "sh -c ") + ForShell(script));
  return {command, signals_};
}

std::string Ssh::Run(const std::string& what, const std::string& script,
                     std::chrono::milliseconds deadline) const {
  SshChannel channel = Open(script);
  channel.CloseInput();
  return Finish(channel, what, deadline);
}

void Ssh::Copy(const std::string& path, const std::string& there,
               std::chrono::milliseconds deadline) const {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (!file) FailWithErrno("cannot read " + path);
  // A connection that is lost looks like the file's end to cat. The file is safe on the disk before
  // it has its name.
  const std::string script =
      "t=" + there +
      ".tmp.$$; trap 'rm -f \"$t\"' EXIT; cat > \"$t\" && { [ "
      "\"$(wc -c < \"$t\")\" -eq " +
      std::to_string(bytes.size()) +
      " ] || { echo 'only a part of it arrived' >&2; false; }; } && chmod 755 \"$t\" && sync && "
      "mv \"$t\" " +
      there;
  SshChannel channel = Open(script);
  channel.Write(bytes);
  channel.CloseInput();
  Finish(channel, "copy " + path + " to " + there, deadline);
}

std::string Ssh::Finish(SshChannel& channel, const std::string& what,
                        std::chrono::milliseconds deadline) const {
  const Clock::time_point until = Clock::now() + deadline;
  std::string output;
  for (;;) {
    switch (channel.Wait(until, [&](std::string_view bytes) { output += bytes; })) {
      case SshChannel::Wake::kBytes:
        if (output.size() > kMaxOutput) Fail("cannot " + what + ": it says far too much");
        break;
      case SshChannel::Wake::kSignal:
        throw Interrupted();
      case SshChannel::Wake::kTime:
        Fail("cannot " + what + ": no answer within " +
             std::to_string(std::chrono::ceil<std::chrono::seconds>(deadline).count()) + " s");
      case SshChannel::Wake::kClosed: {
        const int code = channel.End();
        if (code == 0) return output;
        const std::string why = DescribeSshFailure(machine_, code, channel.said());
        Fail(code == kSshFailed ? why : "cannot " + what + ": " + why);
      }
    }
  }
}

}  // namespace ixylab::hil
