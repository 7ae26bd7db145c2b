// The PCI side of an 82599 as it is after power-on: BARs, identity and capabilities where the chip
// has them.
#ifndef EMULATOR_82599_CONFIG_SPACE_H_
#define EMULATOR_82599_CONFIG_SPACE_H_

#include <cstdint>

#include "emulator/82599/chip.h"
#include "emulator/pci/config_space.h"
#include "emulator/pci/msix.h"

namespace ixylab::emulator::intel82599 {

inline constexpr unsigned kRegisterBar = 0, kIoBar = 2, kMsixBar = 4;
inline constexpr std::uint32_t kIoBarBytes = 32;

// Where the capabilities are.
inline constexpr std::uint32_t kPmCapability = 0x40, kMsiCapability = 0x50, kMsixCapability = 0x70,
                               kPcieCapability = 0xA0, kVpdCapability = 0xE0,
                               kAerCapability = 0x100, kDsnCapability = 0x140,
                               kAriCapability = 0x150, kSrIovCapability = 0x160;

inline constexpr pci::MsixLayout kMsixLayout = {.vectors = 64,
                                                .bar = kMsixBar,
                                                .kind = pci::BarKind::kMemory64,
                                                .bar_bytes = 0x4000,
                                                .pending_bits = 0x2000,
                                                .capability = kMsixCapability};

/// All of it but MSI-X, which pci::Msix adds.
pci::ConfigSpace MakeConfigSpace(const ChipConfig& config, unsigned port);

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_CONFIG_SPACE_H_
