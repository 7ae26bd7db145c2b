// Flow control, link and PHY (datasheet 8.2.3.3, 8.2.3.22).
#ifndef EMULATOR_82599_REGISTERS_MAC_H_
#define EMULATOR_82599_REGISTERS_MAC_H_

#include "emulator/82599/port.h"
#include "emulator/register_table.h"

namespace ixylab::emulator::intel82599 {

// clang-format off

inline constexpr Field kFcrtlFields[] = {{"RTL", 5, 14}, {"XONE", 31}};
inline constexpr Field kFcrthFields[] = {{"RTH", 5, 14}, {"FCEN", 31}};
inline constexpr Field kFcttvFields[] = {{"TTV0", 0, 16}, {"TTV1", 16, 16}};
inline constexpr Field kFccfgFields[] = {{"TFCE", 3, 2}};
inline constexpr Field kTfcsFields[] = {{"TXOFF", 0}, {"TXOFF_BITMAP", 8, 8}};
inline constexpr Field kHlreg0Fields[] = {
    {"TXCRCEN", 0}, {"RXCRCSTRP", 1}, {"JUMBOEN", 2}, {"TXPADEN", 10}, {"LPBK", 15}, {"MDCSPD", 16},
    {"CONTMDC", 17}, {"PREPEND", 20, 4}, {"RXLNGTHERREN", 27}, {"RXPADSTRIPEN", 28}};
inline constexpr Field kPcs1glctlFields[] = {
    {"FLV", 0}, {"FORCE_LINK", 5}, {"LINK_LATCH_LOW", 6}, {"AN_1G_TIMEOUT_EN", 18},
    {"LINK_OK_FIX_EN", 25}};
inline constexpr Field kPcs1glstaFields[] = {
    {"LINK_OK", 0}, {"SYNC_OK", 4}, {"AN_COMPLETE", 16}, {"AN_PAGE_RX", 17}, {"AN_TIMED_OUT", 18},
    {"AN_REMOTE_FAULT", 19}, {"AN_ERROR_RWS", 20}};
inline constexpr Field kPcs1ganaFields[] = {
    {"FDC", 5}, {"ASM", 7, 2}, {"RFLT", 12, 2}, {"NEXTP", 15}};
inline constexpr Field kMscaFields[] = {
    {"MDIADD", 0, 16}, {"DEVADD", 16, 5}, {"PHYADD", 21, 5}, {"OPCODE", 26, 2}, {"STCODE", 28, 2},
    {"MDICMD", 30}, {"MDIINPROGEN", 31}};
inline constexpr Field kMsrwdFields[] = {{"MDIWRDATA", 0, 16}, {"MDIRDDATA", 16, 16}};
inline constexpr Field kMaxfrsFields[] = {{"MFS", 16, 16}};
inline constexpr Field kMflcnFields[] = {{"PMCF", 0}, {"DPF", 1}, {"RPFCE", 2}, {"RFCE", 3}};
inline constexpr Field kAutocFields[] = {
    {"FLU", 0}, {"ANACK2", 1}, {"ANSF", 2, 5}, {"TENG_PMA_PMD_PARALLEL", 7, 2}, {"ONEG_PMA_PMD", 9},
    {"D10GMP", 10}, {"RATD", 11}, {"RESTART_AN", 12}, {"LMS", 13, 3}, {"KR_SUPPORT", 16},
    {"FECR", 17}, {"FECA", 18}, {"ANRXAT", 19, 4}, {"ANRXDM", 23}, {"ANRXLM", 24}, {"ANPDT", 25, 2},
    {"RF", 27}, {"PB", 28, 2}, {"KX_SUPPORT", 30, 2}};
inline constexpr Field kAutoc2Fields[] = {
    {"TENG_PMA_PMD_SERIAL", 16, 2}, {"DDPT", 18}, {"FASM", 28}, {"PDD", 30}};
inline constexpr Field kLinksFields[] = {
    {"ONEG_SIGNAL_DETECT", 0}, {"FEC_SIGNAL_DETECT", 1}, {"FEC_BLOCK_LOCK", 2}, {"KR_HI_BER", 3},
    {"KR_PCS_BLOCK_LOCK", 4}, {"AN_NEXT_PAGE_RX", 5}, {"AN_PAGE_RX", 6}, {"LINK_STATUS", 7},
    {"TENG_SIGNAL_DETECT", 8, 4}, {"TENG_SERIAL_SIGNAL_DETECT", 12}, {"TENG_LANE_SYNC", 13, 4},
    {"TENG_ALIGN", 17}, {"ONEG_SYNC", 18}, {"AN_RX_IDLE", 19}, {"ONEG_AN_EN", 20},
    {"ONEG_LINK_EN", 21}, {"TENG_LINK_EN", 22}, {"FEC_EN", 23}, {"TENG_SERIAL_EN", 24},
    {"SGMII_EN", 25}, {"LINK_MODE", 26, 2}, {"LINK_SPEED", 28, 2}, {"LINK_UP", 30},
    {"AN_COMPLETED", 31}};
inline constexpr Field kMmngcFields[] = {{"MNG_VETO", 0}};
inline constexpr Field kMaccFields[] = {{"FLU", 0}, {"FSV", 16, 2}, {"FS", 18}};

inline constexpr Register<Port> kMacRegisters[] = {
    // 8.2.3.3 Flow control
    {{.name = "PFCTOP", .offset = 0x03008, .section = "8.2.3.3.1",
      .provenance = "DPDK ixgbe; ethtool masks"}},
    {{.name = "FCTTV", .offset = 0x03200, .count = 4, .fields = kFcttvFields,
      .section = "8.2.3.3.2", .provenance = "TinyNF; ethtool masks"}},
    {{.name = "FCRTL", .offset = 0x03220, .count = 8, .readable = 0x8007FFF0,
      .writable = 0x8007FFF0, .fields = kFcrtlFields, .section = "8.2.3.3.3",
      .provenance = "TinyNF; ethtool masks"},
     {.on_write = &Port::WroteFlowControl}},
    {{.name = "FCRTH", .offset = 0x03260, .count = 8, .readable = 0x8007FFF0,
      .writable = 0x8007FFF0, .fields = kFcrthFields, .section = "8.2.3.3.4",
      .provenance = "TinyNF; ethtool masks"},
     {.on_write = &Port::WroteFlowControl}},
    {{.name = "FCRTV", .offset = 0x032A0, .writable = 0x0000FFFF, .section = "8.2.3.3.5",
      .provenance = "TinyNF; Vigor"}},
    {{.name = "FCCFG", .offset = 0x03D00, .fields = kFccfgFields, .section = "8.2.3.3.7",
      .provenance = "TinyNF; Linux ixgbe"},
     {.on_write = &Port::WroteFlowControl}},
    {{.name = "TFCS", .offset = 0x0CE00, .kind = Kind::kReadOnly, .fields = kTfcsFields,
      .section = "8.2.3.3", .provenance = "82598 datasheet, 3.1.4.5.1; DPDK ixgbe"},
     {.on_read = &Port::ReadTfcs}},

    // 8.2.3.22 1 Gb/s PCS
    {{.name = "PCS1GCFIG", .offset = 0x04200, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "PCS1GLCTL", .offset = 0x04208, .reset = 0x02040000, .fields = kPcs1glctlFields,
      .section = "8.2.3.22", .provenance = "Vigor"}},
    {{.name = "PCS1GLSTA", .offset = 0x0420C, .kind = Kind::kReadOnly, .fields = kPcs1glstaFields,
      .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "PCS1GDBG0", .offset = 0x04210, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "PCS1GDBG1", .offset = 0x04214, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "PCS1GANA", .offset = 0x04218, .reset = 0x000001A0, .fields = kPcs1ganaFields,
      .section = "8.2.3.22", .provenance = "Vigor"}},
    {{.name = "PCS1GANLP", .offset = 0x0421C, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PCS1GANNP", .offset = 0x04220, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "PCS1GANLPNP", .offset = 0x04224, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},

    // 8.2.3.22 MAC core
    {{.name = "HLREG0", .offset = 0x04240, .reset = 0x08012C0B, .fields = kHlreg0Fields,
      .section = "8.2.3.22.8", .provenance = "Vigor; TinyNF"},
     {.on_write = &Port::WroteHlreg0}},
    {{.name = "HLREG1", .offset = 0x04244, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PAP", .offset = 0x04248, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "MACA", .offset = 0x0424C, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "MSCA", .offset = 0x0425C, .fields = kMscaFields, .section = "8.2.3.22",
      .provenance = "Vigor; Linux ixgbe"},
     {.on_write = &Port::WroteMsca}},
    {{.name = "MSRWD", .offset = 0x04260, .writable = 0x0000FFFF, .fields = kMsrwdFields,
      .section = "8.2.3.22", .provenance = "Vigor"}},
    {{.name = "MLADD", .offset = 0x04264, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "MAXFRS", .offset = 0x04268, .reset = 0x05EE0000, .writable = 0xFFFF0000,
      .fields = kMaxfrsFields, .section = "8.2.3.22", .provenance = "DPDK ixgbe; reset guessed"},
     {.on_write = &Port::WroteReceiveControl}},
    {{.name = "PCSS1", .offset = 0x04288, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PCSS2", .offset = 0x0428C, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "XPCSS", .offset = 0x04290, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "MFLCN", .offset = 0x04294, .fields = kMflcnFields, .section = "8.2.3.22.34",
      .provenance = "TinyNF; Linux ixgbe"},
     {.on_write = &Port::WroteMflcn}},
    {{.name = "SERDESC", .offset = 0x04298, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "MACS", .offset = 0x0429C, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    // As the EEPROM of an SFP+ board sets it: LMS 10 Gb/s serial, AUTOC2 SFI. Without one:
    // 0xC19D8284.
    {{.name = "AUTOC", .offset = 0x042A0, .reset = 0xC09C6004, .self_clearing = 0x00001000,
      .fields = kAutocFields, .section = "8.2.3.22.19", .provenance = "Linux ixgbe; Vigor"},
     {.on_write = &Port::WroteAutoc}},
    {{.name = "LINKS", .offset = 0x042A4, .kind = Kind::kReadOnly, .fields = kLinksFields,
      .section = "8.2.3.22", .provenance = "Vigor"},
     {.on_read = &Port::ReadLinks}},
    {{.name = "AUTOC2", .offset = 0x042A8, .reset = 0x00020000, .fields = kAutoc2Fields,
      .section = "8.2.3.22", .provenance = "Linux ixgbe; Vigor"}},
    {{.name = "AUTOC3", .offset = 0x042AC, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "ANLP1", .offset = 0x042B0, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "Linux ixgbe"},
     {.on_read = &Port::ReadAnlp1}},
    {{.name = "ANLP2", .offset = 0x042B4, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "MMNGC", .offset = 0x042D0, .kind = Kind::kReadOnly, .fields = kMmngcFields,
      .section = "8.2.3.22", .provenance = "Vigor"}},
    {{.name = "ANLPNP1", .offset = 0x042D4, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "ANLPNP2", .offset = 0x042D8, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "KRPCSFC", .offset = 0x042E0, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "KRPCSS", .offset = 0x042E4, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "FECS1", .offset = 0x042E8, .kind = Kind::kReadClear, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "FECS2", .offset = 0x042EC, .kind = Kind::kReadClear, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "SGMIIC", .offset = 0x04314, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "MPVC", .offset = 0x04318, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
    {{.name = "LINKS2", .offset = 0x04324, .kind = Kind::kReadOnly, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "MACC", .offset = 0x04330, .fields = kMaccFields, .section = "8.2.3.22",
      .provenance = "DPDK ixgbe"}},
    {{.name = "SMADARCTL", .offset = 0x14F10, .section = "8.2.3.22", .provenance = "DPDK ixgbe"}},
};

// clang-format on

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_REGISTERS_MAC_H_
