// A target: two network ports and what they can do. The one place where the driver's bus meets the
// emulator's host; a test or a program sees only this.
#ifndef HIL_TARGET_TARGET_H_
#define HIL_TARGET_TARGET_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "driver/bus.h"

namespace ixylab::hil {

/// The target's name is wrong or it cannot be had; one line that says what to do.
class TargetError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Capabilities {
  bool pads_short_frames = false;  // frames of 1..59 bytes arrive with 60
  bool can_unplug = false;         // SetCable works
  bool reports_faults = false;     // dma_faults() is meaningful
  bool virtual_time = false;       // sleeping costs nothing
  bool has_rss = false;            // several receive queues get traffic by flow
  bool threads = false;            // several threads may use the ports at once
  std::uint16_t max_queues = 1;
  std::uint64_t soak_packets = 10'000'000;
};

class Target {
 public:
  virtual ~Target() = default;

  virtual std::string_view name() const = 0;
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

/// A name that OpenTarget takes.
struct TargetInfo {
  std::string_view name;
  std::string_view description;
};

/// All targets of this build; the first is the default.
std::span<const TargetInfo> Targets();

/// Throws TargetError if `spec` is not a target's name.
void CheckTarget(std::string_view spec);

/// Opens the target `spec`; the same seed gives the same device addresses. Throws TargetError.
std::unique_ptr<Target> OpenTarget(std::string_view spec, std::uint64_t seed);

}  // namespace ixylab::hil

#endif  // HIL_TARGET_TARGET_H_
