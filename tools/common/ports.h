// The two ports of a target, opened as a program needs them.
#ifndef TOOLS_COMMON_PORTS_H_
#define TOOLS_COMMON_PORTS_H_

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "driver/device.h"
#include "driver/memory_pool.h"
#include "emulator/wire/pcap/pcap_player.h"
#include "emulator/wire/wire.h"
#include "hil/target/model_target.h"
#include "hil/target/target.h"
#include "tools/common/program.h"

namespace ixylab::tools {

class Ports {
 public:
  /// What hangs on the far end of each port's wire, as in hil::ModelOptions: for a model only.
  using FarEnds = std::array<emulator::Endpoint*, 2>;

  /// Opens the target, but no port yet. Throws TargetError.
  explicit Ports(const CommonOptions& options, const FarEnds& far_ends = {});

  hil::Target& target() { return *target_; }

  /// Opens port 0 or 1, with one queue and buffers of its own. Throws DeviceError.
  Device& Open(unsigned port);
  /// Waits for the link of an open port; if the other one is at the end of its cable, both must be
  /// open. Throws DeviceError.
  void WaitForLink(unsigned port);

  /// One that is open.
  Device& device(unsigned port) { return *devices_[port]; }

  /// Buffers for frames of the program's own; they live as long as the ports. Throws DeviceError.
  MemoryPool& AddPool();

  /// Plugs `player`, one of the far ends, into the wire of `port`.
  void Plug(unsigned port, emulator::PcapPlayer& player);
  /// Runs `work` (feeding a wire) on a model as if it came from outside.
  void Inject(const std::function<void()>& work) { model_->host().Inject(work); }

  /// The target's time: what a capture's timestamps say. Since 1970 where it is not virtual.
  Nanoseconds Now();

 private:
  // In the order of their lives: buffers are in the target's memory, the devices use them.
  std::unique_ptr<hil::Target> target_;
  hil::ModelTarget* model_ = nullptr;  // the target, if it is one
  std::vector<std::unique_ptr<MemoryPool>> pools_;
  std::array<std::unique_ptr<Device>, 2> devices_;
};

}  // namespace ixylab::tools

#endif  // TOOLS_COMMON_PORTS_H_
