#include "emulator/82599/eeprom.h"

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

// Words of the EEPROM's map (datasheet 6.1; names and numbers from DPDK's ixgbe_type.h).
constexpr std::uint32_t kFirstPointer = 0x03;  // to the sections that the hardware loads ...
constexpr std::uint32_t kLastPointer = 0x0E;
constexpr std::array<std::uint32_t, 2> kCorePointer = {0x09, 0x0A};  // ... one of them per port
constexpr std::uint32_t kFirmwarePointer = 0x0F;
constexpr std::uint32_t kDeviceCapabilities = 0x2C;
constexpr std::uint32_t kChecksum = 0x3F;
constexpr std::uint16_t kChecksumTotal = 0xBABA;

// Device capabilities: any SFP+ module (bit 0), and no crosstalk work-around needed (bit 7).
constexpr std::uint16_t kCapabilities = 0x0081;
// The pass-through patch's version; DPDK and Linux ask for more than 5 on fibre.
constexpr std::uint16_t kFirmwareVersion = 0x0006;

// Where this image keeps the sections.
constexpr std::array<std::uint16_t, 2> kCoreSection = {0x40, 0x44};
constexpr std::uint16_t kFirmwareSection = 0x48;
constexpr std::uint16_t kPatchSection = 0x50;
constexpr std::uint32_t kWords = 0x60;

// How long the hardware needs.
constexpr Nanoseconds kReadTime = std::chrono::microseconds(20);

constexpr RegisterInfo kEec = Row("EEC"), kEerd = Row("EERD");

}  // namespace

Eeprom::Eeprom(const ChipConfig& config) : words_(kWords, 0) {
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
  words_[kFirmwarePointer] = kFirmwareSection;
  words_[kFirmwareSection + 4] = kPatchSection;
  words_[kPatchSection + 7] = kFirmwareVersion;
  words_[kDeviceCapabilities] = kCapabilities;
  words_[kChecksum] = static_cast<std::uint16_t>(kChecksumTotal - Checksum());
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
  constexpr std::uint32_t kRequest = 1u << 6, kGrant = 1u << 7, kAutoReadDone = 1u << 9;
  std::uint32_t value = registers_.Peek(kEec.offset) & ~(kGrant | kAutoReadDone);
  if ((value & kRequest) != 0) value |= kGrant;
  if (auto_read_done_) value |= kAutoReadDone;
  return value;
}

void Port::WroteEerd(std::uint32_t, std::uint32_t value) {
  constexpr std::uint32_t kStart = 1u << 0, kDone = 1u << 1;
  const std::uint32_t address = value >> 2 & 0x3FFF;
  registers_.Poke(kEerd.offset, address << 2);
  if ((value & kStart) == 0) return;
  Later(kReadTime, [this, address] {
    registers_.Poke(kEerd.offset,
                    std::uint32_t{chip_.eeprom.Word(address)} << 16 | address << 2 | kDone);
  });
}

}  // namespace ixylab::emulator::intel82599
