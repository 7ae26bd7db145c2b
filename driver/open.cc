#include "driver/open.h"

#include <algorithm>
#include <cstdio>

#include "driver/ixgbe/ixgbe.h"

namespace ixylab {

std::span<const SupportedDevice> SupportedDevices() { return ixgbe::SupportedDevices(); }

std::unique_ptr<Device> Open(Bus& bus, const DeviceConfig& config) {
  const PciId id = bus.id();
  if (std::ranges::find(SupportedDevices(), id, &SupportedDevice::id) == SupportedDevices().end()) {
    char text[96];
    std::snprintf(text, sizeof text, "PCI id %04x:%04x: no driver here is for this device",
                  id.vendor, id.device);
    throw DeviceError(text);
  }
  return ixgbe::Open(bus, config);
}

}  // namespace ixylab
