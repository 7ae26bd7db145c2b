#include "driver/open.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "driver/ixgbe/ixgbe.h"
#include "driver/virtio/virtio.h"

namespace ixylab {

std::span<const SupportedDevice> SupportedDevices() {
  static const std::vector<SupportedDevice> devices = [] {
    const auto ixgbe = ixgbe::SupportedDevices();
    const auto virtio = virtio::SupportedDevices();
    std::vector<SupportedDevice> all(ixgbe.begin(), ixgbe.end());
    all.insert(all.end(), virtio.begin(), virtio.end());
    return all;
  }();
  return devices;
}

std::unique_ptr<Device> Open(Bus& bus, const DeviceConfig& config) {
  const PciId id = bus.id();
  const auto device = std::ranges::find(SupportedDevices(), id, &SupportedDevice::id);
  if (device == SupportedDevices().end()) {
    char text[96];
    std::snprintf(text, sizeof text, "PCI id %04x:%04x: no driver here is for this device",
                  id.vendor, id.device);
    throw DeviceError(text);
  }
  return device->driver == "virtio" ? virtio::Open(bus, config) : ixgbe::Open(bus, config);
}

}  // namespace ixylab
