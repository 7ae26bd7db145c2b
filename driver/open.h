// Opens a device: the right driver is chosen by its PCI id.
#ifndef DRIVER_OPEN_H_
#define DRIVER_OPEN_H_

#include <memory>
#include <span>
#include <string>

#include "driver/bus.h"
#include "driver/device.h"
#include "driver/supported_device.h"

namespace ixylab {

/// All devices that there is a driver for.
std::span<const SupportedDevice> SupportedDevices();

/// Resets the device behind `bus` and brings it up. `bus` and the pools must outlive the result.
/// Throws DeviceError: unsupported id, bad configuration, a register that does not answer.
std::unique_ptr<Device> Open(Bus& bus, const DeviceConfig& config);

/// The PCI device of this machine at `address` ("0000:03:00.0"), taken from the kernel until it is
/// closed. `dma` (HugepageMemory) and the pools, which are of it, must outlive the result. Throws
/// DeviceError as above, and as OpenSysfsBus does.
std::unique_ptr<Device> Open(const std::string& address, DmaSpace& dma, const DeviceConfig& config);

}  // namespace ixylab

#endif  // DRIVER_OPEN_H_
