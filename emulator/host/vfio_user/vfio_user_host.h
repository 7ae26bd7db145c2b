// The host in another process: clients of the vfio-user protocol (QEMU >= 10.1 as a rule), one for
// each port, access the functions of a card over Unix sockets, map memory for their DMA and get
// interrupts by eventfd.
#ifndef EMULATOR_HOST_VFIO_USER_VFIO_USER_HOST_H_
#define EMULATOR_HOST_VFIO_USER_VFIO_USER_HOST_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/host.h"
#include "emulator/host/event_loop.h"
#include "emulator/host/file_descriptor.h"

namespace ixylab::emulator {

namespace vfio_user {
class Port;
}  // namespace vfio_user

/// A client's access to a region, of 1, 2 or 4 bytes: what the model was asked and what it said.
struct RegisterAccess {
  Nanoseconds time{0};  // the event loop's
  unsigned port = 0;
  bool write = false;
  unsigned region = 0;
  std::uint32_t offset = 0;
  unsigned bytes = 0;
  std::uint32_t value = 0;
};

/// Wall clock, single-threaded: everything happens in Step. Whatever a client sends, the worst that
/// comes of it is that it is disconnected.
class VfioUserHost final : public Host {
 public:
  /// What becomes known, each as it happens; null: nobody is interested. A hook may not call Step.
  struct Hooks {
    /// What a driver did wrong, a model does not know, or a client asked for and did not get.
    std::function<void(unsigned port, std::string_view line)> log = nullptr;
    std::function<void(const DmaFault&)> fault = nullptr;
    std::function<void(const RegisterAccess&)> access = nullptr;
    /// A message, whether or not the client has an eventfd for it.
    std::function<void(unsigned port, unsigned vector)> message = nullptr;
    /// The level of INTA#, as often as the model says it.
    std::function<void(unsigned port, bool asserted)> intx = nullptr;
    std::function<void(unsigned port)> connected = nullptr;
    /// After the function was reset: "the client closed the connection".
    std::function<void(unsigned port, std::string_view why)> gone = nullptr;
  };
  struct Options {
    /// How long Step looks for the next message without sleeping, after it has handled one.
    Nanoseconds spin = std::chrono::microseconds(50);
    /// Clients may map what NicFunction::MappableAreas names, and get no message for it. Step looks
    /// there as long as it spins, and every now and then while it sleeps.
    bool map_doorbells = false;
    Hooks hooks = {};
  };

  /// `loop` must outlive the host.
  VfioUserHost(EventLoop& loop, Options options);
  /// Hangs up. Does not touch functions any more.
  ~VfioUserHost() override;

  /// Plugs a function in, as port 0, 1, ... in the order of the calls. It must outlive the last
  /// Step.
  void Plug(NicFunction& function);

  /// Serves who connects to `listening`, a listening Unix stream socket: one client at a time, one
  /// that comes meanwhile is hung up on. Once the client has gone the function is reset and the
  /// next one may come. Throws std::out_of_range for a port that is not plugged in,
  /// std::system_error.
  void Listen(unsigned port, FileDescriptor listening);
  /// Serves the client at the other end of `socket`, a connected Unix stream socket.
  void Attach(unsigned port, FileDescriptor socket);

  /// Whether a client is there.
  bool connected(unsigned port) const;

  /// Waits for what comes first, at most `timeout` (messages, delayed work, what else the loop
  /// watches), handles it and lets the functions run. False if there was nothing to do.
  bool Step(Nanoseconds timeout);

  // Host
  DmaWindow Map(unsigned port, std::uint64_t iova) override;
  const std::atomic<std::uint64_t>& map_epoch() const override { return map_epoch_; }
  void ReportFault(const DmaFault& fault) override;
  void RaiseVector(unsigned port, unsigned vector) override;
  void SetIntx(unsigned port, bool asserted) override;
  Nanoseconds Now() override { return loop_.Now(); }
  void Schedule(Nanoseconds delay, std::function<void()> work) override;
  void Log(unsigned port, std::string line) override;

 private:
  /// True if a client has sent a message that is answered now, or written a mapped register.
  bool LookAtPorts();
  void RunFunctions();

  EventLoop& loop_;
  const Options options_;
  std::atomic<std::uint64_t> map_epoch_{0};
  std::vector<std::unique_ptr<vfio_user::Port>> ports_;
  Nanoseconds spin_until_{0};
  bool pending_ = false;  // a function may have more to do
  Nanoseconds nap_{0};    // the next one between two looks at mapped registers
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_HOST_VFIO_USER_VFIO_USER_HOST_H_
