// What `ethtool -d` reads besides: registers for diagnosis and some that only the 82598 has, from a
// time when one list did for both. Nothing is known of them but that reading them does no harm.
#ifndef EMULATOR_82599_REGISTERS_DIAGNOSTIC_H_
#define EMULATOR_82599_REGISTERS_DIAGNOSTIC_H_

#include "emulator/register_table.h"

namespace ixylab::emulator::intel82599 {

class Port;

// clang-format off

inline constexpr Register<Port> kDiagnosticRegisters[] = {
    // Receive path
    {{.name = "RDSTAT", .offset = 0x02C00, .count = 8, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "RDSTATCTL", .offset = 0x02C20, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "RDHMPN", .offset = 0x02F08, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "RIC_DW", .offset = 0x02F10, .count = 4, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "RDPROBE", .offset = 0x02F20, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "PBRXECC", .offset = 0x03300, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "RXBUFCTRL", .offset = 0x03600, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "RXBUFDATA", .offset = 0x03610, .count = 4, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "DROPEN", .offset = 0x03D04, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "RFVAL", .offset = 0x050A4, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "VMD_CTL", .offset = 0x0581C, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "IMIR", .offset = 0x05A80, .count = 8, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "IMIREXT", .offset = 0x05AA0, .count = 8, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},

    // MAC
    {{.name = "APAE", .offset = 0x04250, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "ARD", .offset = 0x04254, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "AIS", .offset = 0x04258, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "TREG", .offset = 0x0426C, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "MDFTC1", .offset = 0x042B8, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "MDFTC2", .offset = 0x042C0, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "MDFTFIFO1", .offset = 0x042C4, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "MDFTFIFO2", .offset = 0x042C8, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "MDFTS", .offset = 0x042CC, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "ATLASCTL", .offset = 0x04800, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},

    // Transmit path. What lies between these are ring registers of queues 72, 112 and 124
    {{.name = "DCA_TXCTRL_82598", .offset = 0x07214, .first_index = 5, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "DCA_TXCTRL_82598", .offset = 0x0721C, .count = 3, .first_index = 7,
      .kind = Kind::kReadOnly, .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "DCA_TXCTRL_82598", .offset = 0x0722C, .count = 3, .first_index = 11,
      .kind = Kind::kReadOnly, .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "TDSTAT", .offset = 0x07C14, .first_index = 5, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "TDSTAT", .offset = 0x07C1C, .first_index = 7, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "TDSTATCTL", .offset = 0x07C20, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "TIC_DW", .offset = 0x07F14, .count = 2, .stride = 8, .first_index = 1,
      .kind = Kind::kReadOnly, .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "TDPROBE", .offset = 0x07F20, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "PBTXECC", .offset = 0x0C300, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "TXBUFCTRL", .offset = 0x0C600, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "TXBUFDATA", .offset = 0x0C610, .count = 4, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "TIPG", .offset = 0x0CB00, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},

    // PCIe
    {{.name = "MSIXPBA", .offset = 0x02000, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
    {{.name = "PCIEECCCTL", .offset = 0x1106C, .kind = Kind::kReadOnly,
      .provenance = "Linux ixgbe: ethtool -d"}},
};

// clang-format on

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_REGISTERS_DIAGNOSTIC_H_
