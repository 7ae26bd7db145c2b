// The EEPROM of a chip (datasheet 6): what the hardware loads at reset and what drivers read.
#ifndef EMULATOR_82599_EEPROM_H_
#define EMULATOR_82599_EEPROM_H_

#include <array>
#include <cstdint>
#include <vector>

#include "emulator/82599/chip.h"

namespace ixylab::emulator::intel82599 {

/// 16-bit words. Shared by the ports of a chip.
class Eeprom {
 public:
  /// What a card with an SFP+ cage has in it: a valid checksum, a MAC address for each port, and
  /// versions that drivers accept.
  explicit Eeprom(const ChipConfig& config);

  /// Any address: what is not programmed reads 0xFFFF, as erased memory does.
  std::uint16_t Word(std::uint32_t address) const {
    return address < words_.size() ? words_[address] : 0xFFFF;
  }
  std::array<std::uint8_t, 6> MacAddress(unsigned port) const;

 private:
  std::uint16_t Checksum() const;

  std::vector<std::uint16_t> words_;
};

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_EEPROM_H_
