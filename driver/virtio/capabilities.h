// The capability list in PCI configuration space, which tells where a modern device has its
// registers.
#ifndef DRIVER_VIRTIO_CAPABILITIES_H_
#define DRIVER_VIRTIO_CAPABILITIES_H_

#include <cstdint>
#include <optional>

#include "driver/bus.h"

namespace ixylab::virtio {

/// Where one structure is (struct virtio_pci_cap, virtio 1.2, 4.1.4).
struct Structure {
  unsigned bar = 0;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

struct Capabilities {
  std::optional<Structure> common;
  std::optional<Structure> notify;
  std::uint32_t notify_off_multiplier = 0;
  std::optional<Structure> device;
  bool msix_enabled = false;
};

/// The first of each kind that a driver may use; those of a reserved kind or BAR are left out, as
/// 4.1.4.1 demands. Throws DeviceError if the list has no end or leads out of where lists may be.
Capabilities ReadCapabilities(Bus& bus);

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_CAPABILITIES_H_
