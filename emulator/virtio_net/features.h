// Feature bits that the model knows (virtio 1.2, 5.1.3 and 6).
#ifndef EMULATOR_VIRTIO_NET_FEATURES_H_
#define EMULATOR_VIRTIO_NET_FEATURES_H_

#include <cstdint>

namespace ixylab::emulator::virtio_net {

inline constexpr std::uint64_t VIRTIO_NET_F_MTU = 1ull << 3;
inline constexpr std::uint64_t VIRTIO_NET_F_MAC = 1ull << 5;
inline constexpr std::uint64_t VIRTIO_NET_F_MRG_RXBUF = 1ull << 15;
inline constexpr std::uint64_t VIRTIO_NET_F_STATUS = 1ull << 16;
inline constexpr std::uint64_t VIRTIO_NET_F_CTRL_VQ = 1ull << 17;
inline constexpr std::uint64_t VIRTIO_NET_F_CTRL_RX = 1ull << 18;
inline constexpr std::uint64_t VIRTIO_NET_F_CTRL_VLAN = 1ull << 19;
inline constexpr std::uint64_t VIRTIO_NET_F_CTRL_RX_EXTRA = 1ull << 20;
inline constexpr std::uint64_t VIRTIO_NET_F_MQ = 1ull << 22;
inline constexpr std::uint64_t VIRTIO_NET_F_CTRL_MAC_ADDR = 1ull << 23;
inline constexpr std::uint64_t VIRTIO_F_NOTIFY_ON_EMPTY = 1ull << 24;  // legacy interface only
inline constexpr std::uint64_t VIRTIO_F_ANY_LAYOUT = 1ull << 27;       // legacy interface only
inline constexpr std::uint64_t VIRTIO_F_INDIRECT_DESC = 1ull << 28;
inline constexpr std::uint64_t VIRTIO_F_EVENT_IDX = 1ull << 29;
inline constexpr std::uint64_t VIRTIO_F_VERSION_1 = 1ull << 32;
inline constexpr std::uint64_t VIRTIO_F_ACCESS_PLATFORM = 1ull << 33;
inline constexpr std::uint64_t VIRTIO_F_RING_PACKED = 1ull << 34;
inline constexpr std::uint64_t VIRTIO_F_RING_RESET = 1ull << 40;
inline constexpr std::uint64_t VIRTIO_NET_F_SPEED_DUPLEX = 1ull << 63;

/// All of them. VIRTIO_NET_F_MTU is only offered with a NetConfig::mtu.
inline constexpr std::uint64_t kAllFeatures =
    VIRTIO_NET_F_MTU | VIRTIO_NET_F_MAC | VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_STATUS |
    VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_VLAN |
    VIRTIO_NET_F_CTRL_RX_EXTRA | VIRTIO_NET_F_MQ | VIRTIO_NET_F_CTRL_MAC_ADDR |
    VIRTIO_F_NOTIFY_ON_EMPTY | VIRTIO_F_ANY_LAYOUT | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |
    VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_RING_PACKED | VIRTIO_F_RING_RESET |
    VIRTIO_NET_F_SPEED_DUPLEX;

/// 6.3: transitional devices offer these through the legacy interface and nowhere else.
inline constexpr std::uint64_t kLegacyOnly = VIRTIO_F_NOTIFY_ON_EMPTY | VIRTIO_F_ANY_LAYOUT;

/// A feature, and what it depends on (5.1.3.1): a driver that takes it has to take those too.
struct FeatureDependency {
  std::uint64_t feature;
  std::uint64_t needs;
};
inline constexpr FeatureDependency kDependencies[] = {
    {VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_CTRL_VLAN, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_CTRL_RX_EXTRA, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_MQ, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_CTRL_MAC_ADDR, VIRTIO_NET_F_CTRL_VQ},
};

}  // namespace ixylab::emulator::virtio_net

#endif  // EMULATOR_VIRTIO_NET_FEATURES_H_
