// What the 82599 can do beyond the paper's driver: several queues, offloads, longer frames,
// waiting.
#ifndef DRIVER_IXGBE_OPTIONS_H_
#define DRIVER_IXGBE_OPTIONS_H_

#include "driver/device.h"

namespace ixylab::ixgbe {

/// As many as RSS can tell apart (section 7.1.2.8).
inline constexpr std::size_t kMaxQueues = 16;
/// MAXFRS: 15.5 KiB with the CRC (DPDK, ixgbe_dev_info_get).
inline constexpr std::uint32_t kMaxFrameSize = 15872 - 4;
/// EITR's nine bits, in units of 2 us.
inline constexpr Nanoseconds kMaxInterruptInterval = std::chrono::microseconds(511 * 2);

/// As ixgbe::Open (driver/ixgbe/ixgbe.h), with what `config` asks for. It is what CheckConfig
/// (driver/checks.h) accepts within the bounds above.
std::unique_ptr<Device> OpenWithOptions(Bus& bus, const DeviceConfig& config);

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_OPTIONS_H_
