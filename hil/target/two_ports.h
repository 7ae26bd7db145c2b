// Both ports of a target, opened by our driver, and frames from one to the other.
#ifndef HIL_TARGET_TWO_PORTS_H_
#define HIL_TARGET_TWO_PORTS_H_

#include <array>
#include <memory>
#include <optional>

#include "driver/bus.h"
#include "driver/device.h"
#include "driver/memory_pool.h"
#include "hil/target/target.h"

namespace ixylab::hil {

class TwoPorts {
 public:
  /// A port of 10GBASE-T negotiates for some seconds; a frame takes none.
  static constexpr Nanoseconds kLinkDeadline = std::chrono::seconds(10);
  static constexpr Nanoseconds kFrameDeadline = std::chrono::seconds(1);

  /// Opens both ports, with rings of 64 descriptors. Throws DeviceError.
  explicit TwoPorts(Target& target) : TwoPorts(target, {&target.bus(0), &target.bus(1)}) {}
  /// Over `buses`, which pass on to those of the target and must outlive this.
  TwoPorts(Target& target, const std::array<Bus*, 2>& buses);

  Device& device(unsigned port) { return *devices_.at(port); }

  /// Waits until both links are up; gives a port whose link is not after kLinkDeadline.
  std::optional<unsigned> WaitForLinks();
  /// Sends a frame to everybody from port `from`; false if the other port does not get it within
  /// kFrameDeadline.
  bool SendAcross(unsigned from);

 private:
  Target& target_;
  MemoryPool pool_;
  std::array<std::unique_ptr<Device>, 2> devices_;
};

}  // namespace ixylab::hil

#endif  // HIL_TARGET_TWO_PORTS_H_
