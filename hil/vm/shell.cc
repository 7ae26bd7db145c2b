#include "hil/vm/shell.h"

#include <poll.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "hil/process.h"
#include "hil/vm/qemu.h"

namespace ixylab::hil {

namespace {

constexpr int kInterrupted = 130;  // 128 + SIGINT, as a shell says it

/// The terminal's settings, put back at the end; QEMU changes them, and may be killed.
class TerminalSettings {
 public:
  TerminalSettings() : terminal_(tcgetattr(STDIN_FILENO, &before_) == 0) {}
  ~TerminalSettings() {
    if (terminal_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  TerminalSettings(const TerminalSettings&) = delete;
  TerminalSettings& operator=(const TerminalSettings&) = delete;

 private:
  termios before_ = {};
  const bool terminal_;
};

}  // namespace

int RunShell(const VmOptions& options, const std::vector<GuestProgram>& programs) {
  CheckVm(options);
  std::string accelerator = options.accelerator;
  if (accelerator == "auto") {  // what works is seen from a VM that ends by itself
    accelerator = RunInVm(options, {}, {"true"}, [](std::string_view) {}).accelerator;
  }
  const Descriptor image = MakeImage(options, programs, {"sh"}, true);
  DescriptorPair life = MakePipe();  // closed by QEMU's end
  const DescriptorPair cable = MakeMessagePair();
  const std::array<int, 2> cables = {cable.ours.get(), cable.theirs.get()};
  const std::array<int, 4> kept = {image.get(), life.theirs.get(), cables[0], cables[1]};

  const TerminalSettings terminal;
  const SignalsAsEvents signals;
  Child qemu(QemuCommand(options, accelerator, {.initramfs = image.get(), .cables = cables}),
             Child::kTerminal, kept, signals);
  life.theirs.Close();
  std::array<pollfd, 2> events = {{{.fd = life.ours.get(), .events = POLLIN, .revents = 0},
                                   {.fd = signals.get(), .events = POLLIN, .revents = 0}}};
  while (poll(events.data(), events.size(), -1) < 0) {
    if (errno != EINTR) FailWithErrno("poll");
  }
  if (events[1].revents != 0) {
    signals.Consume();
    return kInterrupted;
  }
  const int status = qemu.Wait();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace ixylab::hil
