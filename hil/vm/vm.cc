#include "hil/vm/vm.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "hil/process.h"
#include "hil/vm/accelerator.h"
#include "hil/vm/guest_output.h"
#include "hil/vm/nic_process.h"
#include "hil/vm/qemu.h"
#include "hil/vm/qmp.h"

namespace ixylab::hil {

namespace {

using Clock = std::chrono::steady_clock;
using OnLine = std::function<void(std::string_view line)>;

constexpr std::size_t kConsoleLines = 100;
// QEMU may be seen to end before the NIC process whose death ended it.
constexpr std::chrono::milliseconds kNicDeathPatience{200};

/// The ends of QEMU's channels.
struct Channels {
  Descriptor image;
  std::array<int, 2> wires;  // -1: the cards are cabled to each other
  DescriptorPair console = MakePipe();
  DescriptorPair output = MakeSocketPair();
  DescriptorPair control = MakeSocketPair();
  DescriptorPair qmp = MakeSocketPair();
  DescriptorPair cable = MakeMessagePair();

  std::array<int, 2> Cables() const {
    return wires[0] >= 0 ? wires : std::array{cable.ours.get(), cable.theirs.get()};
  }
  /// What QEMU inherits. `nic` may be null.
  QemuDescriptors Theirs(NicProcess* nic) const {
    QemuDescriptors descriptors = {.initramfs = image.get(),
                                   .output = output.theirs.get(),
                                   .control = control.theirs.get(),
                                   .qmp = qmp.theirs.get()};
    for (unsigned port : {0u, 1u}) {
      descriptors.cards[port] = nic != nullptr ? nic->socket(port).file() : Cables()[port];
    }
    return descriptors;
  }
};

/// One VM from its start to its end.
class Vm {
 public:
  Vm(const VmOptions& options, const std::string& accelerator, Descriptor image,
     const OnLine& on_line)
      : options_(options),
        channels_{.image = std::move(image), .wires = options.wires},
        nic_(options.nic.empty() ? nullptr : std::make_unique<NicProcess>(options, signals_)),
        qemu_(QemuCommand(options, accelerator, channels_.Theirs(nic_.get())),
              channels_.console.theirs.get(), Kept(options, channels_.Theirs(nic_.get())),
              signals_),
        output_(on_line),
        control_([this](std::string_view line) { Serve(line); }),
        console_([this](std::string_view line) { Log(line); }),
        qmp_(std::move(channels_.qmp.ours)) {
    for (DescriptorPair* pair :
         {&channels_.console, &channels_.output, &channels_.control, &channels_.qmp}) {
      pair->theirs.Close();
    }
    channels_.cable = {};  // both ends are QEMU's
    if (nic_) nic_->CloseSockets();
    result_.accelerator = accelerator;
  }

  /// `boot_deadline`: until the program begins; both count from the start.
  VmResult Run(std::chrono::seconds boot_deadline, std::chrono::seconds deadline) {
    const bool alive = Converse(boot_deadline, deadline);
    if (nic_) result_.nic = nic_->Report(alive ? std::chrono::milliseconds(0) : kNicDeathPatience);
    // A QEMU that has closed its side is about to end.
    const int status = qemu_.Wait(alive ? std::chrono::seconds(0) : std::chrono::seconds(5));
    if (nic_) nic_->Stop(result_.nic);
    while (Take(channels_.console.ours, console_)) {
    }
    output_.End();
    console_.End();
    if (result_.end == VmResult::End::kDied) {
      result_.reason = result_.nic.death.empty() ? Death(status) : result_.nic.death;
    }
    result_.console.assign(log_.begin(), log_.end());
    return std::move(result_);
  }

 private:
  /// Until the end; false if QEMU ended by itself.
  bool Converse(std::chrono::seconds boot_deadline, std::chrono::seconds deadline) {
    const Clock::time_point start = Clock::now();
    while (true) {
      const auto limit = result_.boot ? deadline : std::min(boot_deadline, deadline);
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(start + limit - Clock::now()).count();
      if (left <= 0) {
        result_.end = VmResult::End::kDeadline;
        result_.reason =
            std::string(result_.boot ? "the program did not end" : "the guest did not come up") +
            " within " + std::to_string(limit.count()) + " s: killed";
        return true;
      }
      std::array<pollfd, 5> events = {{Input(signals_.get()), Input(channels_.console.ours.get()),
                                       Input(channels_.control.ours.get()),
                                       Input(channels_.output.ours.get()),
                                       Input(nic_ ? nic_->log_descriptor() : -1)}};
      const int ready = poll(events.data(), events.size(),
                             static_cast<int>(std::clamp<decltype(left)>(left, 0, 1'000'000)));
      if (ready < 0 && errno != EINTR) FailWithErrno("poll");
      if (ready <= 0) continue;
      if (events[0].revents != 0) {
        signals_.Consume();
        if (options_.on_interrupt && !std::exchange(interrupted_, true)) {
          options_.on_interrupt();
          continue;
        }
        result_.end = VmResult::End::kInterrupted;
        result_.reason = "killed: interrupted";
        return true;
      }
      if (events[4].revents != 0 && !nic_->TakeLog()) return true;  // QEMU aborts without it
      if (events[1].revents != 0) Take(channels_.console.ours, console_);
      if (events[2].revents != 0) Take(channels_.control.ours, control_);
      if (events[3].revents != 0 && !Take(channels_.output.ours, output_)) return false;
      if (output_.ready() && !result_.boot) {
        result_.boot = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
        if (options_.on_ready) options_.on_ready();
      }
      if (output_.complete()) {
        result_.end = VmResult::End::kExited;
        result_.code = *output_.code();
        result_.result = output_.result();
        return true;
      }
    }
  }

  static pollfd Input(int fd) { return {.fd = fd, .events = POLLIN, .revents = 0}; }

  /// Reads once; false, and never again, at the end.
  static bool Take(Descriptor& from, auto& to) {
    std::array<char, 65536> bytes;
    const ssize_t n = read(from.get(), bytes.data(), bytes.size());
    if (n <= 0) {
      from.Close();
      return false;
    }
    to.Add({bytes.data(), static_cast<std::size_t>(n)});
    return true;
  }

  /// Answers a request of the guest.
  void Serve(std::string_view request) {
    std::string answer;
    try {
      if (nic_) {
        for (const std::string& line : nic_->Request(request)) answer += line + "\n";
      } else {
        if (request != "link up" && request != "link down") {
          throw std::runtime_error("unknown request \"" + std::string(request) + "\"");
        }
        for (const char* nic : kNicIds) qmp_.SetLink(nic, request == "link up");
        answer = "ok\n";
      }
    } catch (const std::exception& error) {
      answer = std::string("error ") + error.what() + "\n";
    }
    // A guest that reads no answers must not hold this up.
    send(channels_.control.ours.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  void Log(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (log_.size() == kConsoleLines) log_.pop_front();
    log_.emplace_back(line);
  }

  /// Why QEMU ended before the program did.
  std::string Death(int status) const {
    if (WIFSIGNALED(status)) {
      return std::string("QEMU was killed: ") + strsignal(WTERMSIG(status));
    }
    if (WEXITSTATUS(status) != 0) {
      return log_.empty() ? "QEMU failed with exit code " + std::to_string(WEXITSTATUS(status))
                          : "QEMU failed: " + log_.back();
    }
    const auto panic = std::ranges::find_if(
        log_, [](const std::string& line) { return line.find("Kernel panic") != line.npos; });
    return "the guest went down before the program ended" +
           (panic == log_.end() ? std::string() : ": " + *panic);
  }

  const VmOptions& options_;
  const SignalsAsEvents signals_;
  Channels channels_;
  bool interrupted_ = false;
  std::unique_ptr<NicProcess> nic_;  // null: the cards are QEMU's
  Child qemu_;
  GuestOutput output_;
  Lines control_;
  Lines console_;
  Qmp qmp_;
  std::deque<std::string> log_;
  VmResult result_;
};

}  // namespace

std::string GuestTarget(const TargetSpec& target) {
  std::string name = "pci:";
  name.append(kNicAddresses[0]).append(",").append(kNicAddresses[1]);
  if (target.bus == PciBus::kUio) name += ",uio";
  if (target.bus == PciBus::kVfio) name += ",vfio";
  if (target.nic != Nic::kVirtioNet) return name;
  if (target.virtio == VirtioKind::kAsLegacy) name += ",as-legacy";
  // QEMU (virtqueue_packed_drop_all) takes frames that it drops out of a count that they were never
  // put in; the next one finds the queue overfull, and the device is broken.
  if (target.virtio == VirtioKind::kPacked) name += ",needs-link";
  return name;
}

VmResult RunInVm(const VmOptions& options, const std::vector<GuestProgram>& programs,
                 const std::vector<std::string>& command, const OnLine& on_line) {
  CheckVm(options);
  const auto run = [&](const std::string& accelerator, std::chrono::seconds boot_deadline) {
    return Vm(options, accelerator, MakeImage(options, programs, command, false), on_line)
        .Run(boot_deadline, options.deadline);
  };
  if (options.accelerator != "auto") return run(options.accelerator, options.deadline);

  AcceleratorMemory memory(options.qemu, options.kvm_device);
  if (memory.MayUseKvm()) {
    VmResult result = run("kvm", options.kvm_boot_deadline);
    const bool kvm_failed = !result.boot && result.nic.death.empty();
    if (!kvm_failed || result.end == VmResult::End::kInterrupted) return result;
    result = run("tcg", options.deadline);
    if (result.boot) memory.ForgetKvm();
    return result;
  }
  return run("tcg", options.deadline);
}

}  // namespace ixylab::hil
