#include "hil/vm/shell.h"

#include <poll.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hil/process.h"
#include "hil/vm/nic_process.h"
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

enum class End { kQemu, kNic, kSignal };

/// Until QEMU has closed `life`, the NIC process (which may be null) has died, or a signal came.
End Await(int life, const SignalsAsEvents& signals, NicProcess* nic) {
  while (true) {
    std::array<pollfd, 3> events = {
        {{.fd = life, .events = POLLIN, .revents = 0},
         {.fd = signals.get(), .events = POLLIN, .revents = 0},
         {.fd = nic != nullptr ? nic->log_descriptor() : -1, .events = POLLIN, .revents = 0}}};
    if (poll(events.data(), events.size(), -1) < 0) {
      if (errno != EINTR) FailWithErrno("poll");
      continue;
    }
    if (events[0].revents != 0) return End::kQemu;
    if (events[1].revents != 0) {
      signals.Consume();
      return End::kSignal;
    }
    if (!nic->TakeLog()) return End::kNic;
  }
}

/// What the user has not seen of the NIC process: the terminal was the guest's.
void Print(const NicReport& report) {
  for (const auto* lines : {&report.log, &report.problems}) {
    for (const std::string& line : *lines) std::fprintf(stderr, "%s\n", line.c_str());
  }
  if (!report.death.empty()) std::fprintf(stderr, "%s\n", report.death.c_str());
}

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
  QemuDescriptors descriptors = {.initramfs = image.get(),
                                 .cards = {cable.ours.get(), cable.theirs.get()}};

  const TerminalSettings terminal;
  const SignalsAsEvents signals;
  std::unique_ptr<NicProcess> nic;
  if (!options.nic.empty()) {
    nic = std::make_unique<NicProcess>(options, signals);
    for (unsigned port : {0u, 1u}) descriptors.cards[port] = nic->socket(port).file();
  }
  std::vector<int> kept = Kept(options, descriptors);
  kept.push_back(life.theirs.get());
  Child qemu(QemuCommand(options, accelerator, descriptors), Child::kTerminal, kept, signals);
  life.theirs.Close();
  if (nic) nic->CloseSockets();

  const End end = Await(life.ours.get(), signals, nic.get());
  NicReport report;
  if (nic) report = nic->Report(std::chrono::milliseconds(end == End::kQemu ? 200 : 0));
  if (end != End::kQemu) qemu.Kill();
  const int status = qemu.Wait();
  if (nic) nic->Stop(report);
  Print(report);
  if (end == End::kSignal) return kInterrupted;
  if (!report.death.empty()) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace ixylab::hil
