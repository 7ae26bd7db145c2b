// Receive DMA and its packet buffers (datasheet 8.2.3.8, 8.2.3.11).
#ifndef EMULATOR_82599_REGISTERS_RECEIVE_H_
#define EMULATOR_82599_REGISTERS_RECEIVE_H_

#include "emulator/82599/port.h"
#include "emulator/register_table.h"

namespace ixylab::emulator::intel82599 {

// clang-format off

inline constexpr Field kRxdctlFields[] = {{"ENABLE", 25}, {"SWFLSH", 26}, {"VME", 30}};
inline constexpr Field kSrrctlFields[] = {
    {"BSIZEPACKET", 0, 5}, {"BSIZEHEADER", 8, 6}, {"RDMTS", 22, 3}, {"DESCTYPE", 25, 3},
    {"DROP_EN", 28}};
inline constexpr Field kRscctlFields[] = {{"RSCEN", 0}, {"MAXDESC", 2, 2}};
inline constexpr Field kRdrxctlFields[] = {
    {"CRCSTRIP", 1}, {"DMAIDONE", 3}, {"RSCFRSTSIZE", 17, 5}, {"RSCACKC", 25}, {"FCOE_WRFIX", 26}};
inline constexpr Field kRxctrlFields[] = {{"RXEN", 0}};
inline constexpr Field kRxpbsizeFields[] = {{"SIZE", 10, 10}};
inline constexpr Field kRscdbuFields[] = {{"RSCACKDIS", 7}};
inline constexpr Field kDcaRxctrlFields[] = {
    {"RX_DESC_DCA_EN", 5}, {"RX_HEAD_DCA_EN", 6}, {"RX_PAYLOAD_DCA_EN", 7},
    {"RX_DESC_READ_RO_EN", 9}, {"RX_DESC_WB_RO_EN", 11}, {"RESERVED12", 12},
    {"RX_DATA_WRITE_RO_EN", 13}, {"RX_HEAD_WRITE_RO_EN", 15}, {"CPUID", 24, 8}};
inline constexpr Field kDcaCtrlFields[] = {{"DCA_DIS", 0}, {"DCA_MODE", 1, 4}};

inline constexpr Register<Port> kReceiveRegisters[] = {
    // 8.2.3.8 Rings. Queues 64 to 127 have a bank of their own, and 0 to 15 second addresses for
    // SRRCTL and DCA_RXCTRL. RDBAL ignores its low bits: rings are aligned to 128 bytes.
    {{.name = "RDBAL", .offset = 0x01000, .count = 64, .stride = 0x40, .readable = 0xFFFFFF80,
      .writable = 0xFFFFFF80, .section = "8.2.3.8.1", .provenance = "Vigor; ethtool masks"},
     {.on_write = &Port::WroteRxRing}},
    {{.name = "RDBAH", .offset = 0x01004, .count = 64, .stride = 0x40, .section = "8.2.3.8.2",
      .provenance = "Vigor; ethtool masks"},
     {.on_write = &Port::WroteRxRing}},
    {{.name = "RDLEN", .offset = 0x01008, .count = 64, .stride = 0x40, .readable = 0x000FFF80,
      .writable = 0x000FFFFF, .section = "8.2.3.8.3", .provenance = "Vigor; ethtool masks"},
     {.on_write = &Port::WroteRxRing}},
    {{.name = "DCA_RXCTRL", .offset = 0x0100C, .count = 64, .stride = 0x40, .reset = 0x0000B200,
      .writable = 0xFF00F2E0, .fields = kDcaRxctrlFields, .section = "8.2.3.11.1",
      .provenance = "Vigor; TinyNF"}},
    {{.name = "DCA_RXCTRL", .offset = 0x02200, .count = 16, .fields = kDcaRxctrlFields,
      .section = "8.2.3.11.1", .provenance = "Vigor", .alias_of = 0x0100C}},
    // Drivers write 0 to it before they enable the queue.
    {{.name = "RDH", .offset = 0x01010, .count = 64, .stride = 0x40, .readable = 0x0000FFFF,
      .writable = 0x0000FFFF, .section = "8.2.3.8.4", .provenance = "Vigor; ixy"},
     {.on_read = &Port::ReadRdh, .on_write = &Port::WroteRdh}},
    {{.name = "SRRCTL", .offset = 0x01014, .count = 64, .stride = 0x40, .reset = 0x00000402,
      .writable = 0x1FC03F1F, .fields = kSrrctlFields, .section = "8.2.3.8.7",
      .provenance = "Vigor"},
     {.on_write = &Port::WroteRxRing}},
    {{.name = "SRRCTL", .offset = 0x02100, .count = 16, .fields = kSrrctlFields,
      .section = "8.2.3.8.7", .provenance = "Vigor", .alias_of = 0x01014}},
    {{.name = "RDT", .offset = 0x01018, .count = 64, .stride = 0x40, .readable = 0x0000FFFF,
      .writable = 0x0000FFFF, .section = "8.2.3.8.5", .provenance = "Vigor; ethtool masks"}},
    {{.name = "RXDCTL", .offset = 0x01028, .count = 64, .stride = 0x40, .writable = 0x467F4000,
      .fields = kRxdctlFields, .section = "8.2.3.8.6", .provenance = "Vigor"},
     {.on_read = &Port::ReadRxdctl, .on_write = &Port::WroteRxdctl}},
    {{.name = "RSCCTL", .offset = 0x0102C, .count = 64, .stride = 0x40, .fields = kRscctlFields,
      .section = "8.2.3.8", .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteRscctl}},
    {{.name = "RDBAL", .offset = 0x0D000, .count = 64, .stride = 0x40, .first_index = 64,
      .readable = 0xFFFFFF80, .writable = 0xFFFFFF80, .section = "8.2.3.8.1",
      .provenance = "Vigor"},
     {.on_write = &Port::WroteRxRing}},
    {{.name = "RDBAH", .offset = 0x0D004, .count = 64, .stride = 0x40, .first_index = 64,
      .section = "8.2.3.8.2", .provenance = "Vigor"},
     {.on_write = &Port::WroteRxRing}},
    {{.name = "RDLEN", .offset = 0x0D008, .count = 64, .stride = 0x40, .first_index = 64,
      .readable = 0x000FFF80, .writable = 0x000FFFFF, .section = "8.2.3.8.3",
      .provenance = "Vigor"},
     {.on_write = &Port::WroteRxRing}},
    {{.name = "DCA_RXCTRL", .offset = 0x0D00C, .count = 64, .stride = 0x40, .first_index = 64,
      .reset = 0x0000B200, .writable = 0xFF00F2E0, .fields = kDcaRxctrlFields,
      .section = "8.2.3.11.1", .provenance = "Vigor; TinyNF"}},
    {{.name = "RDH", .offset = 0x0D010, .count = 64, .stride = 0x40, .first_index = 64,
      .readable = 0x0000FFFF, .writable = 0x0000FFFF, .section = "8.2.3.8.4",
      .provenance = "Vigor; ixy"},
     {.on_read = &Port::ReadRdh, .on_write = &Port::WroteRdh}},
    {{.name = "SRRCTL", .offset = 0x0D014, .count = 64, .stride = 0x40, .first_index = 64,
      .reset = 0x00000402, .writable = 0x1FC03F1F, .fields = kSrrctlFields, .section = "8.2.3.8.7",
      .provenance = "Vigor"},
     {.on_write = &Port::WroteRxRing}},
    {{.name = "RDT", .offset = 0x0D018, .count = 64, .stride = 0x40, .first_index = 64,
      .readable = 0x0000FFFF, .writable = 0x0000FFFF, .section = "8.2.3.8.5",
      .provenance = "Vigor"}},
    {{.name = "RXDCTL", .offset = 0x0D028, .count = 64, .stride = 0x40, .first_index = 64,
      .writable = 0x467F4000, .fields = kRxdctlFields, .section = "8.2.3.8.6",
      .provenance = "Vigor"},
     {.on_read = &Port::ReadRxdctl, .on_write = &Port::WroteRxdctl}},
    {{.name = "RSCCTL", .offset = 0x0D02C, .count = 64, .stride = 0x40, .first_index = 64,
      .fields = kRscctlFields, .section = "8.2.3.8", .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteRscctl}},

    // All queues
    {{.name = "RDRXCTL", .offset = 0x02F00, .reset = 0x00108808, .writable = 0x063E0022,
      .fields = kRdrxctlFields, .section = "8.2.3.8.8", .provenance = "Vigor; TinyNF"},
     {.on_read = &Port::ReadRdrxctl, .on_write = &Port::WroteReceiveControl}},
    {{.name = "RXCTRL", .offset = 0x03000, .writable = 0x00000001, .fields = kRxctrlFields,
      .section = "8.2.3.8.10", .provenance = "Vigor; ethtool masks"},
     {.on_write = &Port::WroteReceiveControl}},
    {{.name = "RSCDBU", .offset = 0x03028, .fields = kRscdbuFields, .section = "8.2.3.8.12",
      .provenance = "TinyNF; DPDK ixgbe"}},
    {{.name = "RXMEMWRAP", .offset = 0x03190, .kind = Kind::kReadOnly, .section = "8.2.3.8",
      .provenance = "DPDK ixgbe"}},
    {{.name = "RXPBSIZE", .offset = 0x03C00, .count = 8, .reset = 0x00080000,
      .writable = 0x000FFC00, .fields = kRxpbsizeFields, .section = "8.2.3.8.9",
      .provenance = "TinyNF; Vigor"}},

    // 8.2.3.11 DCA
    {{.name = "DCA_ID", .offset = 0x11070, .kind = Kind::kReadOnly, .section = "8.2.3.11",
      .provenance = "DPDK ixgbe"}},
    {{.name = "DCA_CTRL", .offset = 0x11074, .reset = 0x00000001, .fields = kDcaCtrlFields,
      .section = "8.2.3.11", .provenance = "DPDK ixgbe; reset guessed"}},
};

// clang-format on

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_REGISTERS_RECEIVE_H_
