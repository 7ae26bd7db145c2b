// The device configuration (virtio 1.2, 2.5, 5.1.4): struct virtio_net_config.
#include "emulator/virtio_net/port.h"

namespace ixylab::emulator::virtio_net {
namespace {

constexpr std::uint32_t kMac = 0, kStatus = 6, kMaxPairs = 8, kMtu = 10, kSpeed = 12, kDuplex = 16;
constexpr std::uint32_t VIRTIO_NET_S_LINK_UP = 1;
constexpr std::uint32_t kMegabitsPerSecond = 10'000;
constexpr std::uint32_t kFullDuplex = 1;  // 5.1.4, the layout; a later paragraph swaps the two

}  // namespace

/// A field exists where its feature is offered, and is 0 else.
void Port::UpdateDeviceConfig() {
  const std::uint64_t offered = OfferedFeatures(false) | OfferedFeatures(true);
  const auto put = [&](std::uint64_t feature, std::uint32_t offset, unsigned bytes,
                       std::uint32_t value) {
    for (unsigned byte = 0; byte < bytes; ++byte) {
      device_config_[offset + byte] =
          static_cast<std::uint8_t>((offered & feature) != 0 ? value >> 8 * byte : 0);
    }
  };
  for (unsigned byte = 0; byte < mac_.size(); ++byte) {
    put(VIRTIO_NET_F_MAC, kMac + byte, 1, mac_[byte]);
  }
  put(VIRTIO_NET_F_STATUS, kStatus, 2, link_up_ ? VIRTIO_NET_S_LINK_UP : 0);
  put(VIRTIO_NET_F_MQ, kMaxPairs, 2, config_.queue_pairs);
  put(VIRTIO_NET_F_MTU, kMtu, 2, config_.mtu);
  put(VIRTIO_NET_F_SPEED_DUPLEX, kSpeed, 4, kMegabitsPerSecond);
  put(VIRTIO_NET_F_SPEED_DUPLEX, kDuplex, 1, kFullDuplex);
}

/// Of any width, as memory: the legacy interface demands it (4.1.4.10).
std::uint32_t Port::ReadDeviceConfig(std::uint32_t offset, unsigned bytes) {
  // 4.1.4.3.1: a generation that changes with every change could come round to the same one.
  if (config_unread_) ++config_generation_;
  config_unread_ = false;
  std::uint32_t value = 0;
  for (unsigned byte = 0; byte < bytes && offset + byte < device_config_.size(); ++byte) {
    value |= std::uint32_t{device_config_[offset + byte]} << 8 * byte;
  }
  return value;
}

/// 5.1.4.3: through the legacy interface drivers write the MAC address, where there is no command
/// for it.
void Port::WriteDeviceConfig(std::uint32_t offset, unsigned bytes, std::uint32_t value,
                             bool legacy) {
  if (!legacy || Has(VIRTIO_NET_F_CTRL_MAC_ADDR | VIRTIO_F_VERSION_1) ||
      offset + bytes > mac_.size()) {
    return LogOnce("the device configuration is read-only: offset " + std::to_string(offset));
  }
  for (unsigned byte = 0; byte < bytes; ++byte) {
    mac_[offset + byte] = static_cast<std::uint8_t>(value >> 8 * byte);
  }
  filter_.own = mac_;
  UpdateDeviceConfig();
}

void Port::OnCarrier(bool present) {
  if (link_up_ == present) return;
  link_up_ = present;
  UpdateDeviceConfig();
  if (Has(VIRTIO_NET_F_STATUS)) ConfigChanged();
}

}  // namespace ixylab::emulator::virtio_net
