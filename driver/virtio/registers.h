// Where the registers and fields of a virtio-net device over PCI are, by the names of the virtio
// specification ("virtio 1.2", its chapters in brackets).
#ifndef DRIVER_VIRTIO_REGISTERS_H_
#define DRIVER_VIRTIO_REGISTERS_H_

#include <cstdint>

namespace ixylab::virtio {

/// A register at `offset` of the structure that it belongs to, or with legacy devices, of BAR 0.
struct Register {
  const char* name;
  std::uint32_t offset;
  unsigned bytes;
};

// The legacy interface [4.1.4.10], in I/O ports of BAR 0. Device-specific configuration comes
// behind, which the registers of MSI-X move where that is enabled.
namespace legacy {
inline constexpr Register DEVICE_FEATURES{"DEVICE_FEATURES", 0x00, 4};
inline constexpr Register DRIVER_FEATURES{"DRIVER_FEATURES", 0x04, 4};
inline constexpr Register QUEUE_ADDRESS{"QUEUE_ADDRESS", 0x08, 4};
inline constexpr Register QUEUE_SIZE{"QUEUE_SIZE", 0x0C, 2};
inline constexpr Register QUEUE_SELECT{"QUEUE_SELECT", 0x0E, 2};
inline constexpr Register QUEUE_NOTIFY{"QUEUE_NOTIFY", 0x10, 2};
inline constexpr Register DEVICE_STATUS{"DEVICE_STATUS", 0x12, 1};
inline constexpr std::uint32_t kConfig = 0x14;
inline constexpr std::uint32_t kConfigWithMsix = 0x18;
inline constexpr unsigned kQueueAddressShift = 12;  // QUEUE_ADDRESS counts pages of 4,096 bytes
}  // namespace legacy

// The common configuration structure [4.1.4.3]. 64-bit registers take two writes.
namespace common {
inline constexpr Register DEVICE_FEATURE_SELECT{"DEVICE_FEATURE_SELECT", 0x00, 4};
inline constexpr Register DEVICE_FEATURE{"DEVICE_FEATURE", 0x04, 4};
inline constexpr Register DRIVER_FEATURE_SELECT{"DRIVER_FEATURE_SELECT", 0x08, 4};
inline constexpr Register DRIVER_FEATURE{"DRIVER_FEATURE", 0x0C, 4};
inline constexpr Register DEVICE_STATUS{"DEVICE_STATUS", 0x14, 1};
inline constexpr Register CONFIG_GENERATION{"CONFIG_GENERATION", 0x15, 1};
inline constexpr Register QUEUE_SELECT{"QUEUE_SELECT", 0x16, 2};
inline constexpr Register QUEUE_SIZE{"QUEUE_SIZE", 0x18, 2};
inline constexpr Register QUEUE_ENABLE{"QUEUE_ENABLE", 0x1C, 2};
inline constexpr Register QUEUE_NOTIFY_OFF{"QUEUE_NOTIFY_OFF", 0x1E, 2};
inline constexpr Register QUEUE_DESC{"QUEUE_DESC", 0x20, 4};
inline constexpr Register QUEUE_DRIVER{"QUEUE_DRIVER", 0x28, 4};
inline constexpr Register QUEUE_DEVICE{"QUEUE_DEVICE", 0x30, 4};
inline constexpr std::uint32_t kBytes = 0x38;
}  // namespace common

// DEVICE_STATUS [2.1].
inline constexpr std::uint8_t kAcknowledge = 1;
inline constexpr std::uint8_t kDriver = 2;
inline constexpr std::uint8_t kDriverOk = 4;
inline constexpr std::uint8_t kFeaturesOk = 8;
inline constexpr std::uint8_t kFailed = 128;

// Device-specific configuration of a network device [5.1.4].
namespace net {
constexpr Register Mac(std::uint32_t byte) { return {"MAC", byte, 1}; }
inline constexpr Register STATUS{"STATUS", 0x06, 2};
inline constexpr Register MAX_VIRTQUEUE_PAIRS{"MAX_VIRTQUEUE_PAIRS", 0x08, 2};
inline constexpr Register SPEED{"SPEED", 0x0C, 4};
inline constexpr std::uint16_t kLinkUp = 1;                 // STATUS: VIRTIO_NET_S_LINK_UP
inline constexpr std::uint32_t kLargestSpeed = 0x7FFFFFFF;  // Mbit/s; what is more is unknown
}  // namespace net

/// Commands of the control queue [5.1.6.5].
struct Command {
  const char* name;
  std::uint8_t command_class;
  std::uint8_t command;
};
inline constexpr Command VIRTIO_NET_CTRL_RX_PROMISC{"VIRTIO_NET_CTRL_RX_PROMISC", 0, 0};
inline constexpr Command VIRTIO_NET_CTRL_MAC_ADDR_SET{"VIRTIO_NET_CTRL_MAC_ADDR_SET", 1, 1};
inline constexpr Command VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET{"VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET", 4, 0};
inline constexpr std::uint8_t kAckOk = 0;  // VIRTIO_NET_OK

// PCI configuration space: PCI Local Bus Specification 3.0, chapter 6.
namespace pci {
inline constexpr std::uint32_t kStatus = 0x06;
inline constexpr std::uint32_t kStatusCapabilities = 1u << 4;
inline constexpr std::uint32_t kCapabilities = 0x34;
inline constexpr std::uint8_t kVendorSpecific = 0x09;
inline constexpr std::uint8_t kMsix = 0x11;
inline constexpr std::uint32_t kMsixEnable = 1u << 15;  // in the word at 2
}  // namespace pci

// struct virtio_pci_cap [4.1.4]: offsets in it, and its cfg_type.
namespace capability {
inline constexpr std::uint32_t kType = 3;
inline constexpr std::uint32_t kBar = 4;
inline constexpr std::uint32_t kOffset = 8;
inline constexpr std::uint32_t kLength = 12;
inline constexpr std::uint32_t kNotifyOffMultiplier = 16;
inline constexpr std::uint8_t kCommonCfg = 1;
inline constexpr std::uint8_t kNotifyCfg = 2;
inline constexpr std::uint8_t kDeviceCfg = 4;
}  // namespace capability

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_REGISTERS_H_
