// Opens a device: the right driver is chosen by its PCI id.
#ifndef DRIVER_OPEN_H_
#define DRIVER_OPEN_H_

#include <memory>
#include <span>

#include "driver/bus.h"
#include "driver/device.h"

namespace ixylab {

/// All devices that there is a driver for.
std::span<const SupportedDevice> SupportedDevices();

/// Resets the device behind `bus` and brings it up. `bus` and the pools must outlive the result.
/// Throws DeviceError: unsupported id, bad configuration, a register that does not answer.
std::unique_ptr<Device> Open(Bus& bus, const DeviceConfig& config);

}  // namespace ixylab

#endif  // DRIVER_OPEN_H_
