// The EEPROM bit by bit: the commands of a serial memory, as in the data sheets of the 25xx family
// and in Linux's ixgbe_write_eeprom_buffer_bit_bang.
#include "emulator/82599/eeprom.h"

namespace ixylab::emulator::intel82599 {
namespace {

enum Command : std::uint8_t {
  kWrite = 0x02,
  kRead = 0x03,
  kWriteDisable = 0x04,
  kReadStatus = 0x05,
  kWriteEnable = 0x06,
};
constexpr unsigned kCommandBits = 8, kHeaderBits = 8 + 16;  // command; and address
constexpr std::uint8_t kWriteEnabled = 1u << 1;             // status; bit 0, busy, is never set

}  // namespace

void EepromPins::Drive(bool select, bool clock, bool in) {
  const bool selected = !select;
  if (selected != selected_) {
    // WRITE ends with its deselection, and with it the permission to write.
    if (!selected && command_ == kWrite) writable_ = false;
    selected_ = selected;
    bits_ = 0;
    command_ = 0;
    out_ = true;  // pulled up
  }
  if (selected && clock && !clock_) TakeBit(in);
  if (selected && !clock && clock_) GiveBit();
  clock_ = clock;
}

/// The clock rises.
void EepromPins::TakeBit(bool bit) {
  shift_ = static_cast<std::uint16_t>(shift_ << 1 | (bit ? 1 : 0));
  ++bits_;
  if (bits_ == kCommandBits) {
    command_ = static_cast<std::uint8_t>(shift_);
    if (command_ == kWriteEnable) writable_ = true;
    if (command_ == kWriteDisable) writable_ = false;
  } else if (bits_ == kHeaderBits) {
    address_ = shift_;
  } else if (bits_ > kHeaderBits && bits_ % 8 == 0 && command_ == kWrite && writable_) {
    const std::uint16_t word = eeprom_.Word(address_ / 2);
    const auto byte = static_cast<std::uint8_t>(shift_);
    eeprom_.SetWord(address_ / 2,
                    static_cast<std::uint16_t>(address_ % 2 == 0 ? (word & 0xFF00) | byte
                                                                 : (word & 0x00FF) | byte << 8));
    ++address_;
  }
}

/// The clock falls: the next bit of an answer, highest first.
void EepromPins::GiveBit() {
  if (command_ == kReadStatus && bits_ >= kCommandBits) {
    const std::uint8_t status = writable_ ? kWriteEnabled : 0;
    out_ = (status >> (7 - bits_ % 8) & 1) != 0;
  } else if (command_ == kRead && bits_ >= kHeaderBits) {
    const std::uint32_t byte = address_ + (bits_ - kHeaderBits) / 8;
    const unsigned shift = 8 * (byte % 2) + 7 - bits_ % 8;
    out_ = (eeprom_.Word(byte / 2) >> shift & 1) != 0;
  }
}

}  // namespace ixylab::emulator::intel82599
