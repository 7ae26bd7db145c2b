// Transmit DMA, its packet buffers and DCB (datasheet 8.2.3.9 to 8.2.3.11).
#ifndef EMULATOR_82599_REGISTERS_TRANSMIT_H_
#define EMULATOR_82599_REGISTERS_TRANSMIT_H_

#include "emulator/82599/port.h"
#include "emulator/register_table.h"

namespace ixylab::emulator::intel82599 {

// clang-format off

inline constexpr Field kTxdctlFields[] = {
    {"PTHRESH", 0, 7}, {"HTHRESH", 8, 7}, {"WTHRESH", 16, 7}, {"ENABLE", 25}, {"SWFLSH", 26}};
inline constexpr Field kTdwbalFields[] = {{"HEAD_WB_EN", 0}, {"HEADWB_LOW", 2, 30}};
inline constexpr Field kDcaTxctrlFields[] = {
    {"TX_DESC_DCA_EN", 5}, {"TX_DESC_READ_RO_EN", 9}, {"TX_DESC_WB_RO_EN", 11},
    {"TX_DATA_READ_RO_EN", 13}, {"CPUID", 24, 8}};
inline constexpr Field kDmatxctlFields[] = {{"TE", 0}, {"NS", 1}, {"GDV", 3}, {"VT", 16, 16}};
inline constexpr Field kDtxmxszrqFields[] = {{"MAX_BYTES_NUM_REQ", 0, 12}};
inline constexpr Field kDtxtcpflglFields[] = {
    {"TCP_FLG_FIRST_SEG", 0, 12}, {"TCP_FLG_MID_SEG", 16, 12}};
inline constexpr Field kDtxtcpflghFields[] = {{"TCP_FLG_LST_SEG", 0, 12}};
inline constexpr Field kTxpbsizeFields[] = {{"SIZE", 10, 10}};
inline constexpr Field kTxpbthreshFields[] = {{"THRESH", 0, 10}};
inline constexpr Field kMngtxmapFields[] = {{"MAP", 0, 3}};
inline constexpr Field kMtqcFields[] = {{"RT_ENA", 0}, {"VT_ENA", 1}, {"NUM_TC_OR_Q", 2, 2}};
inline constexpr Field kRttdcsFields[] = {
    {"TDPAC", 0}, {"VMPAC", 1}, {"TDRM", 4}, {"ARBDIS", 6}, {"LTTDESC", 17, 3}, {"BDPM", 22},
    {"BPBFSM", 23}, {"SPEED_CHG", 31}};
inline constexpr Field kRttpcsFields[] = {{"TPPAC", 5}, {"TPRM", 8}, {"ARBD", 22, 10}};
inline constexpr Field kRtrpcsFields[] = {{"RRM", 1}, {"RAC", 2}};
inline constexpr Field kRtrup2tcFields[] = {
    {"UP0MAP", 0, 3}, {"UP1MAP", 3, 3}, {"UP2MAP", 6, 3}, {"UP3MAP", 9, 3}, {"UP4MAP", 12, 3},
    {"UP5MAP", 15, 3}, {"UP6MAP", 18, 3}, {"UP7MAP", 21, 3}};
inline constexpr Field kRttdqselFields[] = {{"TXDQ_IDX", 0, 7}};
inline constexpr Field kRttbcnrcFields[] = {{"RF_DEC", 0, 14}, {"RF_INT", 14, 10}, {"RS_ENA", 31}};

inline constexpr Register<Port> kTransmitRegisters[] = {
    // 8.2.3.9 Rings
    {{.name = "TDBAL", .offset = 0x06000, .count = 128, .stride = 0x40, .readable = 0xFFFFFF80,
      .section = "8.2.3.9.5", .provenance = "Vigor; ethtool masks"},
     {.on_write = &Port::WroteTxRing}},
    {{.name = "TDBAH", .offset = 0x06004, .count = 128, .stride = 0x40, .section = "8.2.3.9.6",
      .provenance = "Vigor; ethtool masks"},
     {.on_write = &Port::WroteTxRing}},
    {{.name = "TDLEN", .offset = 0x06008, .count = 128, .stride = 0x40, .readable = 0x000FFF80,
      .writable = 0x000FFF80, .section = "8.2.3.9.7", .provenance = "Vigor; ethtool masks"},
     {.on_write = &Port::WroteTxRing}},
    {{.name = "DCA_TXCTRL", .offset = 0x0600C, .count = 128, .stride = 0x40, .reset = 0x00002A00,
      .writable = 0xFF002A20, .fields = kDcaTxctrlFields, .section = "8.2.3.11.2",
      .provenance = "Vigor; TinyNF"}},
    // Software may write it before it enables the queue.
    {{.name = "TDH", .offset = 0x06010, .count = 128, .stride = 0x40, .readable = 0x0000FFFF,
      .writable = 0x0000FFFF, .section = "8.2.3.9.8", .provenance = "Vigor"},
     {.on_read = &Port::ReadTdh, .on_write = &Port::WroteTdh}},
    {{.name = "TDT", .offset = 0x06018, .count = 128, .stride = 0x40, .readable = 0x0000FFFF,
      .writable = 0x0000FFFF, .section = "8.2.3.9.9", .provenance = "Vigor"},
     {.on_write = &Port::WroteTdt}},
    {{.name = "TXDCTL", .offset = 0x06028, .count = 128, .stride = 0x40, .writable = 0x067F7F7F,
      .self_clearing = 0x04000000, .fields = kTxdctlFields, .section = "8.2.3.9.10",
      .provenance = "Vigor"},
     {.on_read = &Port::ReadTxdctl, .on_write = &Port::WroteTxdctl}},
    {{.name = "TDWBAL", .offset = 0x06038, .count = 128, .stride = 0x40, .fields = kTdwbalFields,
      .section = "8.2.3.9.11", .provenance = "TinyNF"},
     {.on_write = &Port::WroteTxRing}},
    {{.name = "TDWBAH", .offset = 0x0603C, .count = 128, .stride = 0x40, .section = "8.2.3.9.11",
      .provenance = "TinyNF"},
     {.on_write = &Port::WroteTxRing}},

    // All queues
    {{.name = "DMATXCTL", .offset = 0x04A80, .reset = 0x81000004, .writable = 0xFFFF000B,
      .fields = kDmatxctlFields, .section = "8.2.3.9.2", .provenance = "Vigor; TinyNF"},
     {.on_write = &Port::WroteTransmitControl}},
    {{.name = "DTXTCPFLGL", .offset = 0x04A88, .reset = 0x0FF60FF6, .fields = kDtxtcpflglFields,
      .section = "8.2.3.9.3", .provenance = "DPDK ixgbe; reset: FreeBSD D44258, from an 82599"}},
    {{.name = "DTXTCPFLGH", .offset = 0x04A8C, .reset = 0x00000F7F, .fields = kDtxtcpflghFields,
      .section = "8.2.3.9.4", .provenance = "DPDK ixgbe; reset: FreeBSD D44258, from an 82599"}},
    {{.name = "DTXMXSZRQ", .offset = 0x08100, .reset = 0x00000010, .writable = 0x00000FFF,
      .fields = kDtxmxszrqFields, .section = "8.2.3.9.1", .provenance = "Vigor; TinyNF"}},
    {{.name = "MTQC", .offset = 0x08120, .writable = 0x0000000F, .fields = kMtqcFields,
      .section = "8.2.3.9.15", .provenance = "Vigor; TinyNF"}},
    {{.name = "TXPBSIZE", .offset = 0x0CC00, .count = 8, .reset = 0x00028000,
      .writable = 0x000FFC00, .fields = kTxpbsizeFields, .section = "8.2.3.9.13",
      .provenance = "TinyNF; Vigor"}},
    {{.name = "TXPBTHRESH", .offset = 0x04950, .reset = 0x00000096, .fields = kTxpbthreshFields,
      .section = "8.2.3.9.16", .provenance = "TinyNF"}},
    {{.name = "TXPBTHRESH", .offset = 0x04954, .count = 7, .first_index = 1,
      .fields = kTxpbthreshFields, .section = "8.2.3.9.16", .provenance = "TinyNF"}},
    {{.name = "MNGTXMAP", .offset = 0x0CD10, .fields = kMngtxmapFields, .section = "8.2.3.9.14",
      .provenance = "DPDK ixgbe"}},
    {{.name = "LBDRPEN", .offset = 0x0CA00, .section = "8.2.3.9", .provenance = "DPDK ixgbe"}},

    // 8.2.3.10 DCB arbiters
    {{.name = "RTRPCS", .offset = 0x02430, .fields = kRtrpcsFields, .section = "8.2.3.10.1",
      .provenance = "TinyNF"}},
    {{.name = "RTTDCS", .offset = 0x04900, .reset = 0x00C00000, .writable = 0x00C00053,
      .fields = kRttdcsFields, .section = "8.2.3.10.2", .provenance = "Vigor; TinyNF"}},
    {{.name = "RTTPCS", .offset = 0x0CD00, .reset = 0x89000000, .fields = kRttpcsFields,
      .section = "8.2.3.10.3", .provenance = "TinyNF: ARBD 0x224"}},
    {{.name = "RTRUP2TC", .offset = 0x03020, .fields = kRtrup2tcFields, .section = "8.2.3.10.4",
      .provenance = "TinyNF"}},
    {{.name = "RTTUP2TC", .offset = 0x0C800, .fields = kRtrup2tcFields, .section = "8.2.3.10.5",
      .provenance = "DPDK ixgbe"}},
    {{.name = "RTRPT4C", .offset = 0x02140, .count = 8, .section = "8.2.3.10.6",
      .provenance = "TinyNF"}},
    {{.name = "RTRPT4S", .offset = 0x02160, .count = 8, .kind = Kind::kReadOnly,
      .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTTDT2C", .offset = 0x04910, .count = 8, .section = "8.2.3.10.9",
      .provenance = "TinyNF"}},
    {{.name = "RTTDT2S", .offset = 0x04930, .count = 8, .kind = Kind::kReadOnly,
      .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTTPT2C", .offset = 0x0CD20, .count = 8, .section = "8.2.3.10.10",
      .provenance = "TinyNF"}},
    {{.name = "RTTPT2S", .offset = 0x0CD40, .count = 8, .kind = Kind::kReadOnly,
      .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    // RTTDQSEL says which queue's RTTDT1C and RTTBCNRC are meant.
    {{.name = "RTTDQSEL", .offset = 0x04904, .writable = 0x0000007F, .fields = kRttdqselFields,
      .section = "8.2.3.10.13", .provenance = "Vigor; TinyNF"},
     {.on_write = &Port::WroteRttdqsel}},
    {{.name = "RTTDT1C", .offset = 0x04908, .section = "8.2.3.10.14", .provenance = "TinyNF"},
     {.on_write = &Port::WroteQueueArbiter}},
    {{.name = "RTTDT1S", .offset = 0x0490C, .kind = Kind::kReadOnly, .section = "8.2.3.10",
      .provenance = "DPDK ixgbe"}},
    {{.name = "RTTBCNRM", .offset = 0x04980, .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTTBCNRC", .offset = 0x04984, .fields = kRttbcnrcFields, .section = "8.2.3.10",
      .provenance = "Vigor"},
     {.on_write = &Port::WroteQueueArbiter}},
    {{.name = "RTTBCNRS", .offset = 0x04988, .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTTBCNRD", .offset = 0x0498C, .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTTDTECC", .offset = 0x04990, .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTTBCNTG", .offset = 0x04A90, .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTTBCNCR", .offset = 0x08B00, .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTTBCNACH", .offset = 0x08B04, .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTTBCNACL", .offset = 0x08B08, .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTTBCNIDX", .offset = 0x08B0C, .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTTBCNCP", .offset = 0x08B10, .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "RTFRTIMER", .offset = 0x08B14, .kind = Kind::kReadOnly, .section = "8.2.3.10",
      .provenance = "DPDK ixgbe"}},
    {{.name = "RTTBCNRTT", .offset = 0x05150, .section = "8.2.3.10", .provenance = "DPDK ixgbe"}},
    {{.name = "TXLLQ", .offset = 0x082E0, .count = 4, .provenance = "DPDK ixgbe"}},
};

// clang-format on

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_REGISTERS_TRANSMIT_H_
