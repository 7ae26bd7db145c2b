#include "hil/agent/program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>

namespace ixylab::hil {

ProgramEnd RunProgram(const std::vector<std::string>& command, std::chrono::seconds deadline,
                      Connection& connection, const Lines::OnLine& on_line) {
  DescriptorPair output = MakePipe();
  Child child(command, output.theirs.get(), {}, connection.signals());
  output.theirs.Close();

  Lines lines(on_line);
  const auto end = Connection::Clock::now() + deadline;
  std::optional<Event::End> killed;
  for (bool open = true; open && !killed;) {
    switch (connection.WaitFor(output.ours.get(), end)) {
      case Connection::Wait::kReadable: {
        std::array<char, 4096> bytes;
        const ssize_t n = read(output.ours.get(), bytes.data(), bytes.size());
        open = n > 0;
        if (open) lines.Add({bytes.data(), static_cast<std::size_t>(n)});
        break;
      }
      case Connection::Wait::kTime:
        killed = Event::End::kDeadline;
        break;
      case Connection::Wait::kOver:
        killed = Event::End::kStopped;
        break;
    }
  }
  lines.End();
  if (killed) child.Kill();
  const int status = child.Wait();
  if (killed) return {.end = *killed};
  if (WIFSIGNALED(status)) return {.end = Event::End::kSignalled, .code = WTERMSIG(status)};
  return {.end = Event::End::kExited, .code = WEXITSTATUS(status)};
}

}  // namespace ixylab::hil
