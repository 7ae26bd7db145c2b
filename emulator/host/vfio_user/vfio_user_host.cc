#include "emulator/host/vfio_user/vfio_user_host.h"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "emulator/host/vfio_user/lost_memory.h"
#include "emulator/host/vfio_user/port.h"

namespace ixylab::emulator {
namespace {

// Looks at the ports before the functions run, if each of them finds something.
constexpr int kLooks = 16;
// A round of Run of all functions; then the sockets get a look.
constexpr int kRounds = 64;
// How long a client that does not read its replies goes without another try.
constexpr Nanoseconds kRetry = std::chrono::milliseconds(1);
// Between two looks at registers that a client has mapped and leaves alone: a doorbell may be as
// late. The longer nothing comes, the longer.
constexpr Nanoseconds kShortestNap = std::chrono::microseconds(20);
constexpr Nanoseconds kLongestNap = std::chrono::microseconds(500);

}  // namespace

VfioUserHost::VfioUserHost(EventLoop& loop, Options options)
    : loop_(loop), options_(std::move(options)) {
  vfio_user::LostMemoryGuard::InstallHandler();
}

VfioUserHost::~VfioUserHost() = default;

void VfioUserHost::Plug(NicFunction& function) {
  ports_.push_back(std::make_unique<vfio_user::Port>(static_cast<unsigned>(ports_.size()), function,
                                                     loop_, options_, map_epoch_));
}

void VfioUserHost::Listen(unsigned port, FileDescriptor listening) {
  ports_.at(port)->Listen(std::move(listening));
}

void VfioUserHost::Attach(unsigned port, FileDescriptor socket) {
  ports_.at(port)->Attach(std::move(socket));
}

bool VfioUserHost::connected(unsigned port) const { return ports_.at(port)->connected(); }

bool VfioUserHost::Step(Nanoseconds timeout) {
  const vfio_user::LostMemoryGuard guard(
      [](void* ports, const void* address) {
        return std::ranges::any_of(*static_cast<decltype(&ports_)>(ports), [&](const auto& port) {
          return port->ReplaceLostMemory(address);
        });
      },
      &ports_);
  const Nanoseconds deadline = Now() + timeout;
  for (;;) {
    const Nanoseconds now = Now();
    const bool spinning = now < spin_until_;
    Nanoseconds wait = spinning || pending_ ? Nanoseconds{0} : std::max(deadline - now, {});
    for (const auto& port : ports_) {
      if (port->blocked()) wait = std::min(wait, kRetry);
      if (port->maps_registers()) wait = std::min(wait, nap_);
    }
    const bool busy = loop_.Step(wait);
    // Ports are looked at one after the other. What a driver wrote to one (RDT) before it wrote to
    // another one (TDT, of frames that go there) has to count before it, as it does where a frame
    // takes longer than a posted write: so until nobody has written anything meanwhile.
    bool answered = false;
    for (int looks = 0; looks < kLooks && LookAtPorts(); ++looks) {
      answered = true;
      loop_.Step(Nanoseconds{0});
    }
    if (answered) spin_until_ = Now() + options_.spin;
    if (busy || answered || pending_) {
      nap_ = kShortestNap;
      RunFunctions();
      for (const auto& port : ports_) {
        port->CheckMemory();
        port->PublishRegisters();
      }
      return true;
    }
    if (now >= deadline) return false;
    if (spinning) {
      sched_yield();
    } else if (wait < deadline - now) {
      nap_ = std::min(2 * nap_, kLongestNap);
    } else {
      return false;
    }
  }
}

bool VfioUserHost::LookAtPorts() {
  bool answered = false;
  for (const auto& port : ports_) {
    if (port->blocked()) port->Serve();
    answered |= port->TakeActivity();
    answered |= port->PollRegisters();
  }
  return answered;
}

void VfioUserHost::RunFunctions() {
  pending_ = true;
  for (int round = 0; round < kRounds && pending_; ++round) {
    pending_ = false;
    for (const auto& port : ports_) pending_ |= port->function().Run();
  }
}

DmaWindow VfioUserHost::Map(unsigned port, std::uint64_t iova) {
  return port < ports_.size() ? ports_[port]->Map(iova) : DmaWindow{};
}

void VfioUserHost::ReportFault(const DmaFault& fault) {
  if (options_.hooks.fault) options_.hooks.fault(fault);
}

void VfioUserHost::RaiseVector(unsigned port, unsigned vector) {
  if (options_.hooks.message) options_.hooks.message(port, vector);
  if (port < ports_.size()) ports_[port]->interrupts().Raise(vector);
}

void VfioUserHost::SetIntx(unsigned port, bool asserted) {
  if (options_.hooks.intx) options_.hooks.intx(port, asserted);
  if (port < ports_.size()) ports_[port]->interrupts().SetIntx(asserted);
}

void VfioUserHost::Schedule(Nanoseconds delay, std::function<void()> work) {
  loop_.Schedule(delay, std::move(work));
}

void VfioUserHost::Log(unsigned port, std::string line) {
  if (options_.hooks.log) options_.hooks.log(port, line);
}

}  // namespace ixylab::emulator
