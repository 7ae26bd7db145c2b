// The 82599's EEPROM: 16-bit words, read one by one.
#ifndef DRIVER_IXGBE_EEPROM_H_
#define DRIVER_IXGBE_EEPROM_H_

#include "driver/bus.h"

namespace ixylab::ixgbe {

/// Throws DeviceError if there is no EEPROM, if it does not answer or if its checksum is wrong
/// (section 6.3.2.1).
void CheckEeprom(Bus& bus);

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_EEPROM_H_
