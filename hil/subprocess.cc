#include "hil/subprocess.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "hil/process.h"

namespace ixylab::hil {

namespace {
using Clock = std::chrono::steady_clock;
}  // namespace

ChildResult RunChild(const std::vector<std::string>& command, std::chrono::seconds deadline,
                     const std::function<void(std::string_view line)>& on_line) {
  DescriptorPair output = MakePipe();
  const SignalsAsEvents signals;
  Child child(command, output.theirs.get(), {}, signals);
  output.theirs.Close();

  ChildResult result;
  Lines lines(on_line);
  const Clock::time_point end = Clock::now() + deadline;
  for (bool open = true; open;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    std::array<pollfd, 2> events = {{{.fd = output.ours.get(), .events = POLLIN, .revents = 0},
                                     {.fd = signals.get(), .events = POLLIN, .revents = 0}}};
    const int ready = poll(events.data(), events.size(),
                           static_cast<int>(std::clamp<decltype(left)>(left, 0, 1'000'000)));
    if (ready < 0 && errno != EINTR) FailWithErrno("poll");
    if (events[1].revents != 0) {
      signals.Consume();
      result.end = ChildResult::End::kInterrupted;
      break;
    }
    if (Clock::now() >= end) {
      result.end = ChildResult::End::kDeadline;
      break;
    }
    if (events[0].revents != 0) {
      std::array<char, 4096> bytes;
      const ssize_t n = read(output.ours.get(), bytes.data(), bytes.size());
      open = n > 0;
      if (open) lines.Add({bytes.data(), static_cast<std::size_t>(n)});
    }
  }
  lines.End();

  if (result.end != ChildResult::End::kExited) child.Kill();
  const int status = child.Wait();
  if (result.end != ChildResult::End::kExited) return result;
  if (WIFSIGNALED(status)) return {ChildResult::End::kSignalled, WTERMSIG(status)};
  return {ChildResult::End::kExited, WEXITSTATUS(status)};
}

}  // namespace ixylab::hil
