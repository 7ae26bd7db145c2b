#include "tools/common/guest.h"

#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <thread>

#include "hil/target/target.h"
#include "hil/vm/vm.h"
#include "hil/vm_options.h"

namespace ixylab::tools {
namespace {

// A VM that is left to itself does not stay for ever.
constexpr std::chrono::hours kDeadline{24};

// Runs the program until it ends or the host writes a line to the port ixylab.stop.
constexpr const char* kGuestScript =
    "\"$0\" \"$@\" & program=$!; "
    "{ read -r line < /dev/virtio-ports/ixylab.stop; kill -TERM $program; } & "
    "wait $program";
// The program had not begun to catch the signal: then it had nothing to do yet either.
constexpr int kEndedBySigterm = 128 + SIGTERM;

/// A thread that signals for this process do not reach: they are for the one that runs the VM.
class Worker {
 public:
  Worker() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(kWake, &action, nullptr);
  }
  ~Worker() { Join(); }

  void Start(const GuestTask& task, Host& host) {
    sigset_t blocked;
    sigset_t before;
    sigfillset(&blocked);
    sigdelset(&blocked, kWake);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    thread_ = std::thread([this, &task, &host] {
      try {
        task.work(host);
      } catch (...) {
        error_ = std::current_exception();
      }
      host.Stop();
      done_ = true;
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  /// Ends a read that it is in, as of a pipe that brings nothing.
  void Wake() {
    if (thread_.joinable()) pthread_kill(thread_.native_handle(), kWake);
  }
  void Join() {
    while (thread_.joinable() && !done_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      Wake();
    }
    if (thread_.joinable()) thread_.join();
  }
  std::exception_ptr error() const { return error_; }

 private:
  static constexpr int kWake = SIGUSR1;
  std::exception_ptr error_;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

void CheckEnd(const hil::VmResult& result, const std::string& program, bool stopped) {
  for (const std::string& line : result.nic.problems) {
    std::fprintf(stderr, "%s: the NIC process: %s\n", program.c_str(), line.c_str());
  }
  if (result.end == hil::VmResult::End::kExited) {
    if (result.code == 0 || (stopped && result.code == kEndedBySigterm)) return;
    throw std::runtime_error(program + " in the guest ended with exit status " +
                             std::to_string(result.code));
  }
  for (const std::string& line : result.console) std::fprintf(stderr, "%s\n", line.c_str());
  throw std::runtime_error(result.reason);
}

}  // namespace

Host::Host()
    : wires_{hil::MakeMessagePair(), hil::MakeMessagePair()},
      stream_(hil::MakeSocketPair()),
      stop_(hil::MakeSocketPair()) {}

void Host::Stop() {
  if (stopped_.exchange(true)) return;
  send(stop_.ours.get(), "\n", 1, MSG_NOSIGNAL);
}

void RunInGuest(const CommonOptions& options, const std::string& program, const GuestTask& task) {
  // A program that was loaded by ld.so needs that and libraries, and the guest has neither.
  if (getauxval(AT_BASE) != 0) {
    throw std::runtime_error(
        "this " + program + " is not linked statically, as with sanitizers: it cannot run in a VM");
  }
  const hil::TargetSpec target = hil::ParseTarget(options.target);
  Host host;
  Worker worker;
  hil::VmOptions vm = options.vm;
  hil::CompleteVmOptions(vm, target);
  // These programs keep queue 0 busy, where it wins (emulator/nic/README.md).
  if (!vm.nic.empty()) vm.nic_arguments.emplace_back("--doorbells=mapped");
  vm.deadline = kDeadline;
  vm.ports = {{"ixylab.stream", host.stream_.theirs.get()},
              {"ixylab.stop", host.stop_.theirs.get()}};
  if (task.has_wires) vm.wires = {host.wires_[0].theirs.get(), host.wires_[1].theirs.get()};
  vm.on_ready = [&] {
    if (task.work) worker.Start(task, host);
  };
  vm.on_interrupt = [&] {
    host.interrupted_ = true;
    task.work ? worker.Wake() : host.Stop();
  };

  std::vector<std::string> command = {"sh",
                                      "-c",
                                      kGuestScript,
                                      program,
                                      "--target=" + hil::GuestTarget(target),
                                      "--batch=" + std::to_string(options.batch)};
  if (options.trace) command.push_back("--trace");
  command.insert(command.end(), task.arguments.begin(), task.arguments.end());
  const auto show = [&](std::string_view line) {
    if (line == task.ready_line) host.ready_ = true;
    // That was Stop, unless it was the user.
    if (line == program + ": interrupted" && !host.interrupted_) return;
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  };
  const hil::VmResult result = hil::RunInVm(vm, {{program, "/proc/self/exe"}}, command, show);
  // QEMU's ends are gone: what it sent can still be read, and then comes the end.
  for (hil::DescriptorPair* pair : {&host.wires_[0], &host.wires_[1], &host.stream_, &host.stop_}) {
    pair->theirs.Close();
  }
  worker.Join();
  CheckEnd(result, program, host.stopped_);
  if (worker.error()) std::rethrow_exception(worker.error());
}

}  // namespace ixylab::tools
