#include "emulator/host/vfio_user/lost_memory.h"

#include <csignal>

namespace ixylab::emulator::vfio_user {
namespace {

thread_local const LostMemoryGuard* innermost = nullptr;

/// The handler that was there before.
struct sigaction& Previous() {
  static struct sigaction previous {};
  return previous;
}

void OnSigbus(int, siginfo_t* info, void*) {
  if (LostMemoryGuard::Survives(info->si_addr)) return;
  // The access happens again, with this handler gone.
  sigaction(SIGBUS, &Previous(), nullptr);
}

}  // namespace

LostMemoryGuard::LostMemoryGuard(Replace replace, void* context)
    : replace_(replace), context_(context), outer_(innermost) {
  innermost = this;
}

LostMemoryGuard::~LostMemoryGuard() { innermost = outer_; }

bool LostMemoryGuard::Survives(const void* address) {
  const LostMemoryGuard* const guard = innermost;
  return guard != nullptr && guard->replace_(guard->context_, address);
}

void LostMemoryGuard::InstallHandler() {
  // Thread-safe, and once.
  [[maybe_unused]] static const bool installed = [] {
    struct sigaction action {};
    action.sa_sigaction = OnSigbus;
    action.sa_flags = SA_SIGINFO;
    return sigaction(SIGBUS, &action, &Previous()) == 0;
  }();
}

}  // namespace ixylab::emulator::vfio_user
