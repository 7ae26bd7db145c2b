// The driver for the Intel 82599 family.
#ifndef DRIVER_IXGBE_IXGBE_H_
#define DRIVER_IXGBE_IXGBE_H_

#include <memory>
#include <span>

#include "driver/bus.h"
#include "driver/device.h"

namespace ixylab::ixgbe {

/// The 82599 family by PCI id; each accepted, not each tested.
std::span<const SupportedDevice> SupportedDevices();

/// See ixylab::Open. At most 16 queues: as many as RSS can tell apart (section 7.1.2.8).
std::unique_ptr<Device> Open(Bus& bus, const DeviceConfig& config);

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_IXGBE_H_
