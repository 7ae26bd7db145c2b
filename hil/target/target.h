// A target: two network ports and what they can do. The one place where the driver's bus meets the
// emulator's host; a test or a program sees only this.
#ifndef HIL_TARGET_TARGET_H_
#define HIL_TARGET_TARGET_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "driver/bus.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// What a target can do, and how it is to be treated. The defaults are what any device does.
struct Capabilities {
  bool pads_short_frames = false;  // frames of 1..59 bytes arrive with 60
  bool can_unplug = false;         // SetCable works
  bool holds_frames = false;       // while the link is down; or else they are lost
  bool needs_link = false;         // a frame sent while the link is down breaks the device
  bool counts_missed = false;      // Statistics::missed_packets is exact; or else it may stay 0
  bool reports_speed = false;      // LinkState::megabits_per_second is not 0 while the link is up
  bool reports_faults = false;     // dma_faults() is meaningful
  bool virtual_time = false;       // sleeping costs nothing
  bool has_rss = false;            // several receive queues get traffic by flow
  bool toeplitz = false;           // ... by the hash and key of the published verification suite
  bool threads = false;            // several threads may use the ports at once
  bool virtio_legacy = false;      // is to be opened with DeviceConfig::virtio_legacy
  bool checksum_offload = false;   // DeviceConfig::checksum_offload, likewise the others
  bool vlan_offload = false;
  bool interrupts = false;  // receive_wait
  std::uint32_t max_frame_size = 1514;
  std::uint16_t max_queues = 1;
  std::uint32_t max_descriptors = 4096;  // that a ring has at most, however many are asked for
  std::uint64_t soak_packets = 10'000'000;
  /// If nothing arrived for so long, nothing is under way.
  Nanoseconds quiet = std::chrono::milliseconds(5);
};

class Target {
 public:
  virtual ~Target() = default;

  virtual std::string_view name() const = 0;
  /// For tables of what targets do: as a rule the name, but PCI ports are told by what they are.
  virtual std::string_view kind() const { return name(); }
  virtual const Capabilities& capabilities() const = 0;

  /// Port 0 or 1. Both share one DmaSpace.
  virtual Bus& bus(unsigned port) = 0;
  DmaSpace& dma() { return bus(0).dma(); }

  /// Polls `condition` until it holds, at most `deadline` of the target's time. The only way in
  /// which tests wait.
  bool Until(const std::function<bool()>& condition, Nanoseconds deadline);

  /// Plugs or pulls the cable between the ports (capability can_unplug).
  virtual void SetCable(bool plugged) = 0;
  /// DMA accesses that an IOMMU refused so far (capability reports_faults).
  virtual std::vector<std::string> dma_faults() = 0;

  /// The last register accesses of both ports, oldest first, one line each, decoded by name and
  /// fields.
  virtual std::vector<std::string> last_accesses() = 0;

  /// Hands every register access from now on to `sink`, one decoded line without a line end; null
  /// ends it. Register accesses only: a doorbell that the driver stores to directly is not seen.
  using TraceSink = std::function<void(std::string_view line)>;
  virtual void SetTrace(TraceSink sink) = 0;
};

/// Throws TargetError if `name` is not a target's name.
void CheckTarget(std::string_view name);

/// Opens the target `name`; the same seed gives the same device addresses on a model. `control` is
/// the path of a channel over which the cable of PCI ports can be pulled (cable_control.h), or
/// nothing. Throws TargetError, for a VM too: its devices are tested from inside.
std::unique_ptr<Target> OpenTarget(std::string_view name, std::uint64_t seed,
                                   const std::string& control = {});

}  // namespace ixylab::hil

#endif  // HIL_TARGET_TARGET_H_
