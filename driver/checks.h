// What every driver asks of its caller, before it touches the device.
#ifndef DRIVER_CHECKS_H_
#define DRIVER_CHECKS_H_

#include <cstddef>

#include "driver/bus.h"
#include "driver/device.h"

namespace ixylab {

/// Throws DeviceError if a ring's size is not a power of two from 64 to 4,096, if there are no
/// pools or more than `max_queues`, or if a pool cannot fill the receive rings that take from it.
void CheckConfig(Bus& bus, const DeviceConfig& config, std::size_t max_queues);

}  // namespace ixylab

#endif  // DRIVER_CHECKS_H_
