// The EEPROM of a chip (datasheet 6): what the hardware loads at reset and what drivers read and
// write.
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
  /// What a card with SFP+ cages has in it: a valid checksum, a MAC address for each port, settings
  /// for each kind of module, and versions that drivers accept.
  explicit Eeprom(const ChipConfig& config);

  /// Any address: what is not programmed reads 0xFFFF, as erased memory does.
  std::uint16_t Word(std::uint32_t address) const {
    return address < words_.size() ? words_[address] : 0xFFFF;
  }
  /// Beyond the end, nothing happens.
  void SetWord(std::uint32_t address, std::uint16_t value) {
    if (address < words_.size()) words_[address] = value;
  }
  std::array<std::uint8_t, 6> MacAddress(unsigned port) const;

 private:
  void PutMacAddresses(const ChipConfig& config);
  void PutFirmware();
  void PutSfpSettings();
  std::uint16_t Checksum() const;

  std::vector<std::uint16_t> words_;
};

/// The EEPROM's own pins, which EEC moves: a serial memory of bytes (SPI mode 0) with 16-bit
/// addresses, a word's lower byte first. Linux writes the EEPROM so.
class EepromPins {
 public:
  explicit EepromPins(Eeprom& eeprom) : eeprom_(eeprom) {}

  /// The levels of EEC's CS (high: not selected), SK and DI.
  void Drive(bool select, bool clock, bool in);
  bool out() const { return out_; }

 private:
  void TakeBit(bool bit);
  void GiveBit();

  Eeprom& eeprom_;
  bool selected_ = false, clock_ = false, out_ = true;
  bool writable_ = false;  // after WREN
  unsigned bits_ = 0;      // that came in since it was selected
  std::uint8_t command_ = 0;
  std::uint16_t shift_ = 0;
  std::uint32_t address_ = 0;  // of the byte to read first or to write next
};

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_EEPROM_H_
