// A device that sleeps until a frame comes in, around one that polls.
#ifndef DRIVER_IXGBE_WAITING_DEVICE_H_
#define DRIVER_IXGBE_WAITING_DEVICE_H_

#include "driver/device.h"

namespace ixylab::ixgbe {

/// `device` with config.receive_wait and config.interrupt_interval. It is an 82599 that has just
/// been opened with `config` on `bus`. Throws DeviceError: a bus without interrupts, or without one
/// for each queue.
std::unique_ptr<Device> MakeWaiting(std::unique_ptr<Device> device, Bus& bus,
                                    const DeviceConfig& config);

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_WAITING_DEVICE_H_
