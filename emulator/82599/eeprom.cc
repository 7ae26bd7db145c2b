#include "emulator/82599/eeprom.h"

#include <algorithm>
#include <initializer_list>

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

// Words of the EEPROM's map (datasheet 6.1; names and numbers from DPDK's ixgbe_type.h).
constexpr std::uint32_t kFirstPointer = 0x03;  // to the sections that the hardware loads ...
constexpr std::uint32_t kLastPointer = 0x0E;
constexpr std::array<std::uint32_t, 2> kCorePointer = {0x09, 0x0A};  // ... one of them per port
constexpr std::uint32_t kFirmwarePointer = 0x0F;
constexpr std::uint32_t kPartNumber = 0x15;  // two words ("PBA No")
constexpr std::uint32_t kSanMacPointer = 0x28;
constexpr std::uint32_t kSfpListPointer = 0x2B;
constexpr std::uint32_t kDeviceCapabilities = 0x2C;
constexpr std::uint32_t kVersion = 0x2D;  // two words
constexpr std::uint32_t kChecksum = 0x3F;
constexpr std::uint16_t kChecksumTotal = 0xBABA;

// Device capabilities: any vendor's SFP+ module (bit 0), and no crosstalk work-around (bit 7).
constexpr std::uint16_t kAnyModule = 1u << 0, kNoCrosstalk = 1u << 7;
// The pass-through patch's version; DPDK and Linux ask for more than 5 on fibre.
constexpr std::uint16_t kFirmwareVersion = 0x0006;
// The image's version ("firmware-version: 0x80000001" in ethtool -i), and the board's part number,
// six digits and three: E65689-001, a card with two SR modules.
constexpr std::uint16_t kVersionLow = 0x0001, kVersionHigh = 0x8000;
constexpr std::uint16_t kPartNumberHigh = 0xE656, kPartNumberLow = 0x8901;

// The settings of the analog front end by kind of module, written to CORECTL: a list of the numbers
// that ixgbe gives to direct attach cables and optics at port 0 and 1, each with a pointer. The
// values are guessed: only who designs a board knows them.
constexpr std::uint16_t kCopper0 = 3, kCopper1 = 4, kOptics0 = 5, kOptics1 = 6;
constexpr std::uint16_t kEndOfList = 0xFFFF;
constexpr std::uint16_t kCopperSetting = 0x0043, kOpticsSetting = 0x0049;

// Where this image keeps the sections.
constexpr std::array<std::uint16_t, 2> kCoreSection = {0x40, 0x44};
constexpr std::uint16_t kFirmwareSection = 0x48;
constexpr std::uint16_t kPatchSection = 0x50;
constexpr std::uint16_t kSfpList = 0x60, kCopperData = 0x70, kOpticsData = 0x74;
constexpr std::uint32_t kHeader = 0x40;  // words before the sections
constexpr std::uint32_t kWords = 0x100;  // as EEC.EE_SIZE says

// How long the hardware needs. Writing is what the memory chip takes for a page.
constexpr Nanoseconds kReadTime = std::chrono::microseconds(20);
constexpr Nanoseconds kWriteTime = std::chrono::milliseconds(5);

constexpr RegisterInfo kEec = Row("EEC"), kEerd = Row("EERD"), kEewr = Row("EEWR");
constexpr std::uint32_t kEepromRequest = 1u << 6;           // EEC.EE_REQ
constexpr std::uint32_t kStart = 1u << 0, kDone = 1u << 1;  // EERD, EEWR

}  // namespace

Eeprom::Eeprom(const ChipConfig& config) : words_(kWords, 0xFFFF) {
  std::fill_n(words_.begin(), kHeader, 0);
  PutMacAddresses(config);
  PutFirmware();
  PutSfpSettings();
  words_[kPartNumber] = kPartNumberHigh;
  words_[kPartNumber + 1] = kPartNumberLow;
  words_[kSanMacPointer] = 0xFFFF;  // none
  words_[kVersion] = kVersionLow;
  words_[kVersion + 1] = kVersionHigh;
  words_[kDeviceCapabilities] = kNoCrosstalk | (config.any_vendors_module ? kAnyModule : 0);
  words_[kChecksum] = static_cast<std::uint16_t>(kChecksumTotal - Checksum());
}

void Eeprom::PutMacAddresses(const ChipConfig& config) {
  std::array<std::uint8_t, 6> mac = config.mac;
  for (unsigned port = 0; port < 2; ++port) {
    const std::uint16_t section = kCoreSection[port];
    words_[kCorePointer[port]] = section;
    words_[section] = 3;  // words that follow
    for (unsigned word = 0; word < 3; ++word) {
      words_[section + 1 + word] =
          static_cast<std::uint16_t>(mac[2 * word] | mac[2 * word + 1] << 8);
    }
    for (auto byte = mac.rbegin(); byte != mac.rend() && ++*byte == 0; ++byte) {
    }
  }
}

/// Sections of zeros but for what drivers look for: no LESM firmware (+2), the patch's version.
void Eeprom::PutFirmware() {
  std::fill(words_.begin() + kFirmwareSection, words_.begin() + kSfpList, 0);
  words_[kFirmwarePointer] = kFirmwareSection;
  words_[kFirmwareSection + 4] = kPatchSection;
  words_[kPatchSection + 7] = kFirmwareVersion;
}

void Eeprom::PutSfpSettings() {
  words_[kSfpListPointer] = kSfpList;
  const auto put = [this](std::uint16_t at, std::initializer_list<std::uint16_t> values) {
    words_[at] = static_cast<std::uint16_t>(values.size());
    std::ranges::copy(values, words_.begin() + at + 1);
  };
  put(kSfpList, {kCopper0, kCopperData, kCopper1, kCopperData, kOptics0, kOpticsData, kOptics1,
                 kOpticsData, kEndOfList});
  put(kCopperData, {kCopperSetting, kEndOfList});
  put(kOpticsData, {kOpticsSetting, kEndOfList});
}

std::array<std::uint8_t, 6> Eeprom::MacAddress(unsigned port) const {
  std::array<std::uint8_t, 6> mac{};
  for (unsigned byte = 0; byte < mac.size(); ++byte) {
    const std::uint16_t word = Word(Word(kCorePointer[port]) + 1 + byte / 2);
    mac[byte] = static_cast<std::uint8_t>(word >> (byte % 2 * 8));
  }
  return mac;
}

/// The sum of the words 0x00 to 0x3E and of the sections, but for the firmware's.
std::uint16_t Eeprom::Checksum() const {
  std::uint16_t sum = 0;
  for (std::uint32_t address = 0; address < kChecksum; ++address) sum += Word(address);
  for (std::uint32_t pointer = kFirstPointer; pointer <= kLastPointer; ++pointer) {
    const std::uint16_t section = Word(pointer);
    if (section == 0 || section == 0xFFFF) continue;
    for (std::uint16_t word = 1; word <= Word(section); ++word) sum += Word(section + word);
  }
  return sum;
}

// --- EEPROM registers (datasheet 8.2.3.2) ---

std::uint32_t Port::ReadEec(std::uint32_t) {
  constexpr std::uint32_t kOut = 1u << 3, kGrant = 1u << 7, kAutoReadDone = 1u << 9;
  std::uint32_t value = registers_.Peek(kEec.offset) & ~(kOut | kGrant | kAutoReadDone);
  if ((value & kEepromRequest) != 0) {
    value |= kGrant | (eeprom_pins_.out() ? kOut : 0);
  }
  if (auto_read_done_) value |= kAutoReadDone;
  return value;
}

void Port::WroteEec(std::uint32_t, std::uint32_t value) {
  constexpr std::uint32_t kClock = 1u << 0, kSelect = 1u << 1, kIn = 1u << 2;
  const bool granted = (value & kEepromRequest) != 0;  // else the hardware has the pins
  eeprom_pins_.Drive(!granted || (value & kSelect) != 0, (value & kClock) != 0, (value & kIn) != 0);
}

void Port::WroteEerd(std::uint32_t, std::uint32_t value) {
  const std::uint32_t address = value >> 2 & 0x3FFF;
  registers_.Poke(kEerd.offset, address << 2);
  if ((value & kStart) == 0) return;
  Later(kReadTime, [this, address] {
    registers_.Poke(kEerd.offset,
                    std::uint32_t{chip_.eeprom.Word(address)} << 16 | address << 2 | kDone);
  });
}

void Port::WroteEewr(std::uint32_t, std::uint32_t value) {
  const std::uint32_t rest = value & ~(kStart | kDone);
  registers_.Poke(kEewr.offset, rest | kDone);
  if ((value & kStart) == 0) return;
  registers_.Poke(kEewr.offset, rest);
  Later(kWriteTime, [this, rest] {
    chip_.eeprom.SetWord(rest >> 2 & 0x3FFF, static_cast<std::uint16_t>(rest >> 16));
    registers_.Poke(kEewr.offset, rest | kDone);
  });
}

}  // namespace ixylab::emulator::intel82599
