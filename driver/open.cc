#include "driver/open.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "driver/checks.h"
#include "driver/ixgbe/eeprom.h"
#include "driver/ixgbe/ixgbe.h"
#include "driver/ixgbe/options.h"
#include "driver/pci/pci.h"
#include "driver/virtio/virtio.h"

namespace ixylab {

std::span<const SupportedDevice> SupportedDevices() {
  static const std::vector<SupportedDevice> devices = [] {
    const auto virtio = virtio::SupportedDevices();
    std::vector<SupportedDevice> all(virtio.begin(), virtio.end());
    for (const std::uint16_t id : ixgbe::kDeviceIds) {
      const bool tested = id == ixgbe::kTestedDeviceId;
      all.push_back({{ixgbe::kVendorId, id}, "Intel 82599", "ixgbe", tested});
    }
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
  if (device->driver == "virtio") return virtio::Open(bus, config);
  CheckConfig(bus, config,
              {.queues = ixgbe::kMaxQueues,
               .offloads = true,
               .max_frame_size = ixgbe::kMaxFrameSize,
               .interrupts = true,
               .interrupt_interval = ixgbe::kMaxInterruptInterval});
  std::unique_ptr<Device> opened = ixgbe::OpenWithOptions(bus, config);
  ixgbe::CheckEeprom(bus);
  return opened;
}

std::unique_ptr<Device> Open(const std::string& address, DmaSpace& dma,
                             const DeviceConfig& config) {
  std::unique_ptr<Bus> bus = OpenSysfsBus(address, dma);
  std::unique_ptr<Device> device = Open(*bus, config);
  device->Keep(std::move(bus));
  return device;
}

}  // namespace ixylab
