#include "driver/virtio/capabilities.h"

#include <cstdio>

#include "driver/virtio/registers.h"

namespace ixylab::virtio {
namespace {

std::uint32_t Read(Bus& bus, std::uint32_t offset, unsigned bytes) {
  return bus.Read(Bus::kConfigSpace, offset, bytes);
}

void AddStructure(Bus& bus, std::uint32_t at, Capabilities& capabilities) {
  constexpr unsigned kBars = 6;
  const Structure structure{.bar = Read(bus, at + capability::kBar, 1),
                            .offset = Read(bus, at + capability::kOffset, 4),
                            .length = Read(bus, at + capability::kLength, 4)};
  if (structure.bar >= kBars) return;
  switch (Read(bus, at + capability::kType, 1)) {
    case capability::kCommonCfg:
      if (!capabilities.common) capabilities.common = structure;
      break;
    case capability::kNotifyCfg:
      if (capabilities.notify) break;
      capabilities.notify = structure;
      capabilities.notify_off_multiplier = Read(bus, at + capability::kNotifyOffMultiplier, 4);
      break;
    case capability::kDeviceCfg:
      if (!capabilities.device) capabilities.device = structure;
      break;
    default:
      break;
  }
}

}  // namespace

Capabilities ReadCapabilities(Bus& bus) {
  // Behind the header, in dwords: so many capabilities fit, and a longer list goes in circles.
  constexpr std::uint32_t kFirst = 0x40;
  constexpr std::uint32_t kEnd = 0x100;
  constexpr std::uint32_t kMost = (kEnd - kFirst) / 4;

  Capabilities capabilities;
  if ((Read(bus, pci::kStatus, 2) & pci::kStatusCapabilities) == 0) return capabilities;
  std::uint32_t at = Read(bus, pci::kCapabilities, 1) & ~3u;
  for (std::uint32_t count = 0; at != 0; ++count) {
    if (at < kFirst || count == kMost) {
      char text[96];
      std::snprintf(text, sizeof text, "PCI capabilities: the list %s 0x%02x",
                    at < kFirst ? "leads into the header, to" : "has no end, it came back to", at);
      throw DeviceError(text);
    }
    switch (Read(bus, at, 1)) {
      case pci::kVendorSpecific:
        AddStructure(bus, at, capabilities);
        break;
      case pci::kMsix:
        capabilities.msix_enabled = (Read(bus, at + 2, 2) & pci::kMsixEnable) != 0;
        break;
      default:
        break;
    }
    at = Read(bus, at + 1, 1) & ~3u;
  }
  return capabilities;
}

}  // namespace ixylab::virtio
