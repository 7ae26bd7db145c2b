// The driver for the Intel 82599 family.
#ifndef DRIVER_IXGBE_IXGBE_H_
#define DRIVER_IXGBE_IXGBE_H_

#include "driver/device.h"

namespace ixylab::ixgbe {

/// Intel's family of one chip on many boards. Tested is 10FB, 82599ES with SFI/SFP+; accepted are
/// 10F7 KX4, 10F8 combined backplane, 10F9 CX4, 10FC XAUI/BX4, 1507 SFP+ EM, 1514 KX4 mezzanine,
/// 1517 KR, 151C 10GBASE-T, 1529 SFP+ FCoE, 152A backplane FCoE, 154A quad SFP+, 154D SFP+ SF2,
/// 154F LS, 1557 82599EN SFP+ and 1558 QSFP+.
inline constexpr std::uint16_t kVendorId = 0x8086, kTestedDeviceId = 0x10FB;
inline constexpr std::uint16_t kDeviceIds[] = {0x10F7, 0x10F8, 0x10F9, 0x10FB, 0x10FC, 0x1507,
                                               0x1514, 0x1517, 0x151C, 0x1529, 0x152A, 0x154A,
                                               0x154D, 0x154F, 0x1557, 0x1558};

/// The driver of the ixy paper: resets the device behind `bus` and brings it up with one queue
/// pair. `config` is as CheckConfig (driver/checks.h) accepts it. Throws DeviceError: another
/// device, a register that does not answer, an option (driver/ixgbe/options.h opens with those).
std::unique_ptr<Device> Open(Bus& bus, const DeviceConfig& config);

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_IXGBE_H_
