// The devices that a driver is for.
#ifndef DRIVER_SUPPORTED_DEVICE_H_
#define DRIVER_SUPPORTED_DEVICE_H_

#include <string_view>

#include "driver/bus.h"

namespace ixylab {

/// A PCI id that a driver here accepts.
struct SupportedDevice {
  PciId id;
  std::string_view name;    // "82599ES 10-Gigabit SFI/SFP+"
  std::string_view driver;  // "ixgbe"
  bool tested;              // false: same family by the datasheet, but nobody ran it
};

}  // namespace ixylab

#endif  // DRIVER_SUPPORTED_DEVICE_H_
