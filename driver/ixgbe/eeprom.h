// The 82599's EEPROM: 16-bit words, read one by one through EERD.
#ifndef DRIVER_IXGBE_EEPROM_H_
#define DRIVER_IXGBE_EEPROM_H_

#include <cstdint>

#include "driver/ixgbe/register_access.h"

namespace ixylab::ixgbe {

/// The word at `address` (0 to 0x3FFF). Throws DeviceError if EERD does not answer.
std::uint16_t ReadEepromWord(RegisterAccess& registers, std::uint16_t address);

/// Throws DeviceError if there is no EEPROM or its checksum is wrong (section 6.3.2.1).
void CheckEeprom(RegisterAccess& registers);

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_EEPROM_H_
