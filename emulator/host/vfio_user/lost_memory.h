// Memory that a client shares and then takes away (it makes the file shorter): an access to it is a
// SIGBUS.
#ifndef EMULATOR_HOST_VFIO_USER_LOST_MEMORY_H_
#define EMULATOR_HOST_VFIO_USER_LOST_MEMORY_H_

namespace ixylab::emulator::vfio_user {

/// While one is there, this thread survives accesses to lost memory: `replace(context, address)` is
/// called from the signal handler, puts other memory there and says whether it did. An access to
/// any other address ends as it would have without this.
///
/// A signal handler has no other way to know whom to ask than a global variable, and Linux lets a
/// process have but one handler: those two are all the global state there is.
class LostMemoryGuard {
 public:
  using Replace = bool (*)(void* context, const void* address);

  LostMemoryGuard(Replace replace, void* context);
  ~LostMemoryGuard();
  LostMemoryGuard(const LostMemoryGuard&) = delete;
  LostMemoryGuard& operator=(const LostMemoryGuard&) = delete;

  /// The process's handler for SIGBUS, once; before the first guard.
  static void InstallHandler();

  /// This thread's, asked from the handler.
  static bool Survives(const void* address);

 private:
  const Replace replace_;
  void* const context_;
  const LostMemoryGuard* const outer_;
};

}  // namespace ixylab::emulator::vfio_user

#endif  // EMULATOR_HOST_VFIO_USER_LOST_MEMORY_H_
