// A program here inside a VM: the host boots it, hands it this very program, which is linked
// statically, and runs it on the cards there.
#ifndef TOOLS_COMMON_GUEST_H_
#define TOOLS_COMMON_GUEST_H_

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hil/process.h"
#include "tools/common/program.h"

namespace ixylab::tools {

/// What the guest's program writes here comes out of Host::stream().
inline constexpr std::string_view kStreamPort = "/dev/virtio-ports/ixylab.stream";

/// The host's side of a VM that runs.
class Host {
 public:
  Host();

  /// The far end of the cable of a card, 0 or 1: for SocketEnd.
  int wire(unsigned port) const { return wires_[port].ours.get(); }
  /// What the guest writes to kStreamPort.
  int stream() const { return stream_.ours.get(); }

  /// The guest's program has printed GuestTask::ready_line.
  bool ready() const { return ready_; }
  /// Ctrl-C or SIGTERM came.
  bool interrupted() const { return interrupted_; }
  /// Asks the guest's program to end, as Ctrl-C does there.
  void Stop();

 private:
  friend void RunInGuest(const CommonOptions&, const std::string&, const struct GuestTask&);

  std::array<hil::DescriptorPair, 2> wires_;
  hil::DescriptorPair stream_;
  hil::DescriptorPair stop_;
  std::atomic<bool> ready_ = false;
  std::atomic<bool> interrupted_ = false;
  std::atomic<bool> stopped_ = false;
};

/// What is to be done.
struct GuestTask {
  std::vector<std::string> arguments = {};  // of the program, besides --target and --batch
  std::string ready_line = {};              // with which it says that its ports are open
  bool has_wires = false;                   // the cards' cables end at the host, not at each other
  /// Runs on a thread from when the guest is up, and looks after interrupts; when it returns, the
  /// program is stopped. It must return once the guest's ends of its descriptors are closed. Null:
  /// there is nothing to do here, and an interrupt stops the program.
  std::function<void(Host& host)> work = nullptr;
};

/// Runs `program`, which this is, in the VM of `options.target`, and shows what it prints. Throws
/// std::runtime_error if the VM or the program fails, and what `work` throws.
void RunInGuest(const CommonOptions& options, const std::string& program, const GuestTask& task);

}  // namespace ixylab::tools

#endif  // TOOLS_COMMON_GUEST_H_
