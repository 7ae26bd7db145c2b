// Values: what `lspci -vvv` shows of X520 adapters with an 82599ES, one with BAR 0 of 128 KiB (no
// flash) and not prefetchable, one with Intel's EEPROM; the rest is what PCI Express 4.0 (chapter
// 7) says of a function that has no such thing.
#include "emulator/82599/config_space.h"

#include <array>

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint16_t kIntel = 0x8086, kSubsystem = 0x000C;
constexpr std::uint8_t kRevision = 1;
constexpr std::uint32_t kEthernetController = 0x020000;
constexpr std::uint32_t kMultiFunction = 0x80;  // Header Type
constexpr std::uint32_t kRegisterBarBytes = 128 * 1024;

constexpr pci::Value kRegisters[] = {
    {pci::kCommand, 2, 0,
     pci::kIoSpace | pci::kMemorySpace | pci::kBusMaster | pci::kParityErrorResponse |
         pci::kSerrEnable | pci::kInterruptDisable},
    {pci::kCacheLineSize, 1, 0, 0xFF},

    // Power management 3, device specific initialization, PME from D0 and D3hot; no soft reset bit:
    // the way from D3hot to D0 is a reset.
    {kPmCapability + 2, 2, 0x4823},
    {kPmCapability + 4, 2, 0x2000, 0x0103},

    // MSI: one message, 64 bit, maskable.
    {kMsiCapability + 2, 2, 0x0180, 0x0001},
    {kMsiCapability + 4, 4, 0, 0xFFFFFFFC},
    {kMsiCapability + 8, 4, 0, 0xFFFFFFFF},
    {kMsiCapability + 12, 2, 0, 0xFFFF},
    {kMsiCapability + 16, 4, 0, 0x00000001},

    // PCI Express 2, endpoint: payload up to 512, function level reset; 5 GT/s x 8.
    {kPcieCapability + 2, 2, 0x0002},
    {kPcieCapability + 4, 4, 0x10008CC2},
    {kPcieCapability + 8, 2, 0x2810, 0xF8FF},
    {kPcieCapability + 12, 4, 0x0001F482},
    {kPcieCapability + 16, 2, 0, 0x00CB},
    {kPcieCapability + 18, 2, 0x1082},
    {kPcieCapability + 36, 4, 0x0000001F},
    {kPcieCapability + 40, 2, 0, 0x001F},
    {kPcieCapability + 48, 2, 0x0002, 0x001F},

    {kVpdCapability + 2, 2, 0, 0xFFFF},

    // Advanced errors (of which there are none): masks and severities of those that can be
    // reported.
    {kAerCapability + 8, 4, 0, 0x001FF010},
    {kAerCapability + 12, 4, 0x00062010, 0x001FF010},
    {kAerCapability + 20, 4, 0x00002000, 0x000031C1},
    {kAerCapability + 24, 4, 0x000000A0, 0x00000140},

    // 64 virtual functions, in two BARs of 16 KiB each. Enabling them is storage.
    {kSrIovCapability + 8, 2, 0, 0x0019},
    {kSrIovCapability + 12, 2, 64},
    {kSrIovCapability + 14, 2, 64},
    {kSrIovCapability + 16, 2, 0, 0xFFFF},
    {kSrIovCapability + 20, 2, 384},
    {kSrIovCapability + 22, 2, 2},
    {kSrIovCapability + 26, 2, 0x10ED},
    {kSrIovCapability + 28, 4, 0x00000553},
    {kSrIovCapability + 32, 4, 0x00000001, 0x00000553},
    {kSrIovCapability + 36, 4, 0x00000004, 0xFFFFC000},
    {kSrIovCapability + 40, 4, 0, 0xFFFFFFFF},
    {kSrIovCapability + 48, 4, 0x00000004, 0xFFFFC000},
    {kSrIovCapability + 52, 4, 0, 0xFFFFFFFF},
};

struct ExtendedCapability {
  std::uint16_t id;
  std::uint32_t offset;
};
constexpr ExtendedCapability kExtended[] = {{pci::kAdvancedErrors, kAerCapability},
                                            {pci::kSerialNumber, kDsnCapability},
                                            {pci::kAri, kAriCapability},
                                            {pci::kSrIov, kSrIovCapability}};

}  // namespace

pci::ConfigSpace MakeConfigSpace(const ChipConfig& config, unsigned port) {
  pci::ConfigSpace space({.vendor = kIntel,
                          .device = config.device_id,
                          .revision = kRevision,
                          .class_code = kEthernetController,
                          .subsystem_vendor = kIntel,
                          .subsystem = kSubsystem});
  space.AddBar(kRegisterBar, pci::BarKind::kMemory64, kRegisterBarBytes);
  space.AddBar(kIoBar, pci::BarKind::kIo, kIoBarBytes);
  space.AddCapability(pci::kPowerManagement, std::array<std::uint8_t, 6>{}, {}, kPmCapability);
  space.AddCapability(pci::kMsi, std::array<std::uint8_t, 22>{}, {}, kMsiCapability);
  space.AddCapability(pci::kPciExpress, std::array<std::uint8_t, 58>{}, {}, kPcieCapability);
  space.AddCapability(pci::kVitalProductData, std::array<std::uint8_t, 6>{}, {}, kVpdCapability);
  for (const auto& [id, offset] : kExtended) space.AddExtendedCapability(id, 1, offset);
  space.Define(kRegisters);

  // The serial number is the EUI-64 of port 0's MAC address (PCI Express 4.0, 7.9.3).
  const std::array<std::uint8_t, 6>& mac = config.mac;
  const bool two = config.ports == 2;
  space.Define(std::array<pci::Value, 6>{{
      {pci::kHeaderType, 1, two ? kMultiFunction : 0},
      {pci::kInterruptPin, 1, port + 1},  // INTA#, INTB#
      {kDsnCapability + 4, 4,
       0xFF000000 | std::uint32_t{mac[3]} << 16 | std::uint32_t{mac[4]} << 8 | mac[5]},
      {kDsnCapability + 8, 4,
       std::uint32_t{mac[0]} << 24 | std::uint32_t{mac[1]} << 16 | std::uint32_t{mac[2]} << 8 |
           0xFF},
      {kAriCapability + 4, 2, two && port == 0 ? 0x0100u : 0u},  // Next Function
      {kSrIovCapability + 18, 2, port},                          // Function Dependency Link
  }});
  return space;
}

}  // namespace ixylab::emulator::intel82599
