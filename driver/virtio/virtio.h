// The driver for virtio-net over PCI.
#ifndef DRIVER_VIRTIO_VIRTIO_H_
#define DRIVER_VIRTIO_VIRTIO_H_

#include <memory>
#include <span>

#include "driver/bus.h"
#include "driver/device.h"
#include "driver/supported_device.h"

namespace ixylab::virtio {

/// Transitional and modern devices.
std::span<const SupportedDevice> SupportedDevices();

/// See ixylab::Open. Several queues need a device with VIRTIO_NET_F_MQ. A queue has as many
/// descriptors as the device has for it, if that is less than the configuration says.
std::unique_ptr<Device> Open(Bus& bus, const DeviceConfig& config);

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_VIRTIO_H_
