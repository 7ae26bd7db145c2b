// What every driver asks of its caller, before it touches the device.
#ifndef DRIVER_CHECKS_H_
#define DRIVER_CHECKS_H_

#include <cstddef>

#include "driver/bus.h"
#include "driver/device.h"

namespace ixylab {

/// What a driver can be asked for.
struct Limits {
  std::size_t queues = 1;
  bool offloads = false;  // checksums and VLAN tags
  std::uint32_t max_frame_size = DeviceConfig().max_frame_size;
  bool interrupts = false;
  Nanoseconds interrupt_interval{0};
};

/// Throws DeviceError if a ring's size is not a power of two from 64 to 4,096, if there are no
/// pools, if a pool cannot fill the receive rings that take from it, or if `config` asks for what
/// is not within `limits`.
void CheckConfig(Bus& bus, const DeviceConfig& config, const Limits& limits);

}  // namespace ixylab

#endif  // DRIVER_CHECKS_H_
