// Feature bits of a virtio-net device, and which of them this driver takes.
#ifndef DRIVER_VIRTIO_FEATURES_H_
#define DRIVER_VIRTIO_FEATURES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "driver/bus.h"

namespace ixylab::virtio {

struct Feature {
  unsigned bit;
  std::string_view name;
};

// virtio 1.2, 5.1.3 and 6.
inline constexpr Feature VIRTIO_NET_F_MAC{5, "VIRTIO_NET_F_MAC"};
inline constexpr Feature VIRTIO_NET_F_MRG_RXBUF{15, "VIRTIO_NET_F_MRG_RXBUF"};
inline constexpr Feature VIRTIO_NET_F_STATUS{16, "VIRTIO_NET_F_STATUS"};
inline constexpr Feature VIRTIO_NET_F_CTRL_VQ{17, "VIRTIO_NET_F_CTRL_VQ"};
inline constexpr Feature VIRTIO_NET_F_CTRL_RX{18, "VIRTIO_NET_F_CTRL_RX"};
inline constexpr Feature VIRTIO_NET_F_MQ{22, "VIRTIO_NET_F_MQ"};
inline constexpr Feature VIRTIO_NET_F_CTRL_MAC_ADDR{23, "VIRTIO_NET_F_CTRL_MAC_ADDR"};
inline constexpr Feature VIRTIO_F_ANY_LAYOUT{27, "VIRTIO_F_ANY_LAYOUT"};
inline constexpr Feature VIRTIO_F_EVENT_IDX{29, "VIRTIO_F_EVENT_IDX"};
inline constexpr Feature VIRTIO_F_VERSION_1{32, "VIRTIO_F_VERSION_1"};
inline constexpr Feature VIRTIO_F_ACCESS_PLATFORM{33, "VIRTIO_F_ACCESS_PLATFORM"};
inline constexpr Feature VIRTIO_F_RING_PACKED{34, "VIRTIO_F_RING_PACKED"};
inline constexpr Feature VIRTIO_F_ORDER_PLATFORM{36, "VIRTIO_F_ORDER_PLATFORM"};
inline constexpr Feature VIRTIO_NET_F_SPEED_DUPLEX{63, "VIRTIO_NET_F_SPEED_DUPLEX"};

/// A set of feature bits.
class Features {
 public:
  constexpr Features() = default;
  constexpr explicit Features(std::uint64_t bits) : bits_(bits) {}

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool Has(Feature feature) const { return (bits_ >> feature.bit & 1) != 0; }

  /// Throws DeviceError that names the feature and what it is wanted for.
  void Require(Feature feature, std::string_view purpose) const {
    if (Has(feature)) return;
    throw DeviceError("virtio: the device does not offer " + std::string(feature.name) +
                      " (feature " + std::to_string(feature.bit) + "), which " +
                      std::string(purpose) + " needs");
  }

  constexpr Features With(Feature feature) const {
    return Features(bits_ | std::uint64_t{1} << feature.bit);
  }
  constexpr Features Without(Feature feature) const {
    return Features(bits_ & ~(std::uint64_t{1} << feature.bit));
  }

  /// Those of `offered` that the driver takes.
  static constexpr Features Wanted(Features offered, bool several_queues) {
    Features wanted;
    for (const Feature& feature :
         {VIRTIO_NET_F_MAC, VIRTIO_NET_F_MRG_RXBUF, VIRTIO_NET_F_STATUS, VIRTIO_NET_F_CTRL_VQ,
          VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_MAC_ADDR, VIRTIO_F_ANY_LAYOUT, VIRTIO_F_EVENT_IDX,
          VIRTIO_F_VERSION_1, VIRTIO_F_RING_PACKED, VIRTIO_NET_F_SPEED_DUPLEX,
          // Device addresses are those of the DmaSpace anyhow.
          VIRTIO_F_ACCESS_PLATFORM,
          // On x86 a device sees memory and doorbells in our order, whatever the device is.
          VIRTIO_F_ORDER_PLATFORM}) {
      wanted = wanted.With(feature);
    }
    // It moves the control queue behind the last pair that the device has.
    if (several_queues) wanted = wanted.With(VIRTIO_NET_F_MQ);
    wanted.bits_ &= offered.bits_;
    // QEMU's event of a packed queue does not move on as it takes buffers (virtqueue_packed_pop),
    // and where a full backend made it stop and go on (virtio_net_tx_complete), it then sleeps
    // although there are packets. Without the event it asks for every notification.
    if (wanted.Has(VIRTIO_F_RING_PACKED)) wanted = wanted.Without(VIRTIO_F_EVENT_IDX);
    // 6.3: with VERSION_1 it goes without saying.
    if (wanted.Has(VIRTIO_F_VERSION_1)) wanted = wanted.Without(VIRTIO_F_ANY_LAYOUT);
    // The header has a descriptor of its own there, and its buffers are never merged.
    if (!wanted.Has(VIRTIO_F_VERSION_1) && !wanted.Has(VIRTIO_F_ANY_LAYOUT)) {
      wanted = wanted.Without(VIRTIO_NET_F_MRG_RXBUF);
    }
    // 5.1.3.1: these need it.
    if (!wanted.Has(VIRTIO_NET_F_CTRL_VQ)) {
      wanted = wanted.Without(VIRTIO_NET_F_CTRL_RX)
                   .Without(VIRTIO_NET_F_CTRL_MAC_ADDR)
                   .Without(VIRTIO_NET_F_MQ);
    }
    return wanted;
  }

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_FEATURES_H_
