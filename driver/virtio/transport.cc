#include "driver/virtio/transport.h"

#include <cstdio>

#include "driver/virtio/capabilities.h"
#include "driver/virtio/legacy.h"
#include "driver/virtio/modern.h"

namespace ixylab::virtio {

void Transport::WaitFor(const Place& place, std::uint32_t expected) {
  constexpr Nanoseconds kInterval = std::chrono::microseconds(10);
  const Nanoseconds end = bus_.Now() + kDeadline;
  std::uint32_t value;
  while ((value = Read(place)) != expected) {
    if (bus_.Now() >= end) {
      const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(kDeadline).count();
      char text[128];
      std::snprintf(text, sizeof text,
                    "%s (0x%02x in BAR %u): did not become 0x%02x within %lld ms, last read 0x%02x",
                    place.reg.name, place.offset, place.region, expected,
                    static_cast<long long>(ms), value);
      throw DeviceError(text);
    }
    bus_.Sleep(kInterval);
  }
}

void Transport::Reset() {
  current_ = 0;
  Write(status_, 0);
  WaitFor(status_, 0);
}

void Transport::AddStatus(std::uint8_t bit) {
  current_ |= bit;
  Write(status_, current_);
  WaitFor(status_, current_);
}

// Six registers: two readings in a row must agree (2.5.4 for the legacy interface), and no change
// may have come in between.
MacAddress Transport::ReadMacAddress() {
  const auto read = [this] {
    MacAddress address;
    for (std::uint32_t i = 0; i < address.size(); ++i) {
      address[i] = static_cast<std::uint8_t>(ReadConfig(net::Mac(i)));
    }
    return address;
  };
  const Nanoseconds end = bus_.Now() + kDeadline;
  while (bus_.Now() < end) {
    const std::uint32_t generation = ConfigGeneration();
    const MacAddress address = read();
    if (address == read() && generation == ConfigGeneration()) return address;
  }
  throw DeviceError("virtio: the MAC address in the device's configuration changes all the time");
}

std::unique_ptr<Transport> OpenTransport(Bus& bus, bool legacy) {
  constexpr std::uint16_t kFirstModernId = 0x1040;  // 4.1.2.1: below are transitional devices
  const bool transitional = bus.id().device < kFirstModernId;
  const Capabilities capabilities = ReadCapabilities(bus);
  if (legacy && !transitional) {
    throw DeviceError("virtio: the device has no legacy interface, and virtio_legacy asks for it");
  }
  if (legacy || (transitional && !capabilities.common)) {
    return std::make_unique<LegacyTransport>(bus, capabilities.msix_enabled);
  }
  return std::make_unique<ModernTransport>(bus, capabilities);
}

}  // namespace ixylab::virtio
