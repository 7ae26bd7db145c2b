// Security, FCoE, time sync, wake-up and management (datasheet 8.2.3.12 to 8.2.3.16, 8.2.3.24 to
// 8.2.3.26): storage, but for the security paths' status.
#ifndef EMULATOR_82599_REGISTERS_OFFLOAD_H_
#define EMULATOR_82599_REGISTERS_OFFLOAD_H_

#include "emulator/82599/port.h"
#include "emulator/register_table.h"

namespace ixylab::emulator::intel82599 {

// clang-format off

inline constexpr Field kSectxctrlFields[] = {{"SECTX_DIS", 0}, {"TX_DIS", 1}, {"STORE_FORWARD", 2}};
inline constexpr Field kSectxstatFields[] = {
    {"SECTX_RDY", 0}, {"SECTX_OFF_DIS", 1}, {"ECC_TXERR", 2}};
inline constexpr Field kSectxminifgFields[] = {{"MINSECIFG", 0, 4}, {"MRKTIMER", 8, 11}};
inline constexpr Field kSecrxctrlFields[] = {{"SECRX_DIS", 0}, {"RX_DIS", 1}};
inline constexpr Field kSecrxstatFields[] = {
    {"SECRX_RDY", 0}, {"SECRX_OFF_DIS", 1}, {"ECC_RXERR", 2}};
inline constexpr Field kIpstxidxFields[] = {
    {"IPS_TX_EN", 0}, {"SA_IDX", 3, 10}, {"READ", 30}, {"WRITE", 31}};
inline constexpr Field kIpsrxidxFields[] = {
    {"IPS_RX_EN", 0}, {"TABLE", 1, 2}, {"TB_IDX", 3, 10}, {"READ", 30}, {"WRITE", 31}};
inline constexpr Field kIpsrxmodFields[] = {
    {"VALID", 0}, {"PROTO", 2}, {"DECRYPT", 3}, {"IPV6", 4}};
inline constexpr Field kHicrFields[] = {
    {"EN", 0}, {"C", 1}, {"SV", 2}, {"FW_RESET_ENABLE", 6}, {"FW_RESET", 7}};
inline constexpr Field kWufcFields[] = {
    {"LNKC", 0}, {"MAG", 1}, {"EX", 2}, {"MC", 3}, {"BC", 4}, {"ARP", 5}, {"IPV4", 6}, {"IPV6", 7},
    {"NOTCO", 15}, {"FLX", 16, 6}};
inline constexpr Field kWucFields[] = {{"PME_EN", 1}, {"PME_STATUS", 2}, {"WKEN", 4}};
inline constexpr Field kTsynctxctlFields[] = {{"TXTT", 0}, {"EN", 4}};
inline constexpr Field kTsyncrxctlFields[] = {{"RXTT", 0}, {"TYPE", 1, 3}, {"EN", 4}};

inline constexpr Register<Port> kOffloadRegisters[] = {
    // 8.2.3.12 Security. The blocks report ready once TX_DIS or RX_DIS has emptied them.
    {{.name = "SECTXCTRL", .offset = 0x08800, .reset = 0x00000001, .writable = 0x00000007,
      .fields = kSectxctrlFields, .section = "8.2.3.12.1",
      .provenance = "DPDK ixgbe; reset as SECRXCTRL"}},
    {{.name = "SECTXSTAT", .offset = 0x08804, .kind = Kind::kReadOnly, .reset = 0x00000001,
      .fields = kSectxstatFields, .section = "8.2.3.12.2",
      .provenance = "Linux ixgbe; reset as SECRXSTAT"}},
    {{.name = "SECTXBUFFAF", .offset = 0x08808, .reset = 0x00000250, .section = "8.2.3.12.3",
      .provenance = "Linux ixgbe"}},
    {{.name = "SECTXMINIFG", .offset = 0x08810, .reset = 0x00001001, .fields = kSectxminifgFields,
      .section = "8.2.3.12.4", .provenance = "Linux ixgbe; MRKTIMER guessed"}},
    {{.name = "SECRXCTRL", .offset = 0x08D00, .reset = 0x00000001, .writable = 0x00000003,
      .fields = kSecrxctrlFields, .section = "8.2.3.12.5", .provenance = "Vigor; TinyNF"}},
    {{.name = "SECRXSTAT", .offset = 0x08D04, .kind = Kind::kReadOnly, .reset = 0x00000001,
      .fields = kSecrxstatFields, .section = "8.2.3.12.6", .provenance = "Vigor; TinyNF"}},

    // 8.2.3.13 LinkSec
    {{.name = "LSECTXCAP", .offset = 0x08A00, .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECTXCTRL", .offset = 0x08A04, .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECTXSCL", .offset = 0x08A08, .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECTXSCH", .offset = 0x08A0C, .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECTXSA", .offset = 0x08A10, .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECTXPN0", .offset = 0x08A14, .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECTXPN1", .offset = 0x08A18, .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECTXKEY0", .offset = 0x08A1C, .count = 4, .kind = Kind::kWriteOnly,
      .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECTXKEY1", .offset = 0x08A2C, .count = 4, .kind = Kind::kWriteOnly,
      .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECTXUT", .offset = 0x08A3C, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECTXPKTE", .offset = 0x08A40, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECTXPKTP", .offset = 0x08A44, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECTXOCTE", .offset = 0x08A48, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECTXOCTP", .offset = 0x08A4C, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECRXCAP", .offset = 0x08F00, .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECRXCTRL", .offset = 0x08F04, .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECRXSCL", .offset = 0x08F08, .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECRXSCH", .offset = 0x08F0C, .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECRXSA", .offset = 0x08F10, .count = 2, .section = "8.2.3.13",
      .provenance = "DPDK ixgbe"}},
    {{.name = "LSECRXPN", .offset = 0x08F18, .count = 2, .section = "8.2.3.13",
      .provenance = "DPDK ixgbe"}},
    {{.name = "LSECRXKEY", .offset = 0x08F20, .count = 8, .kind = Kind::kWriteOnly,
      .section = "8.2.3.13", .provenance = "DPDK ixgbe"}},
    {{.name = "LSECRXUT", .offset = 0x08F40, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECRXOCTD", .offset = 0x08F44, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "DPDK ixgbe; Vigor"}},
    {{.name = "LSECRXOCTV", .offset = 0x08F48, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "DPDK ixgbe; Vigor"}},
    {{.name = "LSECRXBAD", .offset = 0x08F4C, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECRXNOSCI", .offset = 0x08F50, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECRXUNSCI", .offset = 0x08F54, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECRXUNCH", .offset = 0x08F58, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "DPDK ixgbe; Vigor"}},
    {{.name = "LSECRXDELAY", .offset = 0x08F5C, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECRXLATE", .offset = 0x08F60, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECRXOK", .offset = 0x08F64, .count = 2, .kind = Kind::kReadClear,
      .section = "8.2.3.13", .provenance = "Vigor"}},
    {{.name = "LSECRXINV", .offset = 0x08F6C, .count = 2, .kind = Kind::kReadClear,
      .section = "8.2.3.13", .provenance = "Vigor"}},
    {{.name = "LSECRXNV", .offset = 0x08F74, .count = 2, .kind = Kind::kReadClear,
      .section = "8.2.3.13", .provenance = "Vigor"}},
    {{.name = "LSECRXUNSA", .offset = 0x08F7C, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},
    {{.name = "LSECRXNUSA", .offset = 0x08F80, .kind = Kind::kReadClear, .section = "8.2.3.13",
      .provenance = "Vigor"}},

    // 8.2.3.14 IPsec: a window to the tables, moved by the WRITE and READ bits of the index
    // registers
    {{.name = "IPSTXIDX", .offset = 0x08900, .self_clearing = 0xC0000000, .fields = kIpstxidxFields,
      .section = "8.2.3.14", .provenance = "Linux ixgbe; DPDK ixgbe"},
     {.on_write = &Port::WroteIpstxidx}},
    {{.name = "IPSTXSALT", .offset = 0x08904, .section = "8.2.3.14", .provenance = "Linux ixgbe"}},
    {{.name = "IPSTXKEY", .offset = 0x08908, .count = 4, .section = "8.2.3.14",
      .provenance = "Linux ixgbe"}},
    {{.name = "IPSRXIDX", .offset = 0x08E00, .self_clearing = 0xC0000000, .fields = kIpsrxidxFields,
      .section = "8.2.3.14", .provenance = "Linux ixgbe; DPDK ixgbe"},
     {.on_write = &Port::WroteIpsrxidx}},
    {{.name = "IPSRXIPADDR", .offset = 0x08E04, .count = 4, .section = "8.2.3.14",
      .provenance = "Linux ixgbe"}},
    {{.name = "IPSRXSPI", .offset = 0x08E14, .section = "8.2.3.14", .provenance = "Linux ixgbe"}},
    {{.name = "IPSRXIPIDX", .offset = 0x08E18, .section = "8.2.3.14", .provenance = "Linux ixgbe"}},
    {{.name = "IPSRXKEY", .offset = 0x08E1C, .count = 4, .section = "8.2.3.14",
      .provenance = "Linux ixgbe"}},
    {{.name = "IPSRXSALT", .offset = 0x08E2C, .section = "8.2.3.14", .provenance = "Linux ixgbe"}},
    {{.name = "IPSRXMOD", .offset = 0x08E30, .fields = kIpsrxmodFields, .section = "8.2.3.14",
      .provenance = "Linux ixgbe"}},

    // 8.2.3.16 FCoE
    {{.name = "FCPTRL", .offset = 0x02410, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "FCPTRH", .offset = 0x02414, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "FCBUFF", .offset = 0x02418, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "FCDMARW", .offset = 0x02420, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "TEOFF", .offset = 0x04A94, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "TSOFF", .offset = 0x04A98, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "FCRXCTRL", .offset = 0x05100, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "FCFLT", .offset = 0x05108, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "FCSMAC", .offset = 0x0510C, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "FCFLTRW", .offset = 0x05110, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "FCD_ID", .offset = 0x05114, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "REOFF", .offset = 0x05158, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "FCPARAM", .offset = 0x051D8, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "RSOFF", .offset = 0x051F8, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "FCRECTL", .offset = 0x0ED00, .section = "8.2.3.16", .provenance = "DPDK ixgbe"}},
    {{.name = "FCRETA", .offset = 0x0ED10, .count = 8, .section = "8.2.3.16",
      .provenance = "DPDK ixgbe"}},

    // 8.2.3.24 Wake-up
    {{.name = "WUC", .offset = 0x05800, .fields = kWucFields, .section = "8.2.3.24",
      .provenance = "DPDK ixgbe"}},
    {{.name = "WUFC", .offset = 0x05808, .fields = kWufcFields, .section = "8.2.3.24.2",
      .provenance = "TinyNF; DPDK ixgbe"}},
    {{.name = "WUS", .offset = 0x05810, .kind = Kind::kWrite1Clear, .fields = kWufcFields,
      .section = "8.2.3.24", .provenance = "Linux ixgbe"}},
    {{.name = "IPAV", .offset = 0x05838, .section = "8.2.3.24", .provenance = "DPDK ixgbe"}},
    {{.name = "IP4AT", .offset = 0x05840, .count = 4, .stride = 8, .section = "8.2.3.24",
      .provenance = "DPDK ixgbe"}},
    {{.name = "IP6AT", .offset = 0x05880, .count = 4, .section = "8.2.3.24",
      .provenance = "DPDK ixgbe"}},
    {{.name = "WUPL", .offset = 0x05900, .kind = Kind::kReadOnly, .section = "8.2.3.24",
      .provenance = "DPDK ixgbe"}},
    {{.name = "WUPM", .offset = 0x05A00, .count = 32, .kind = Kind::kReadOnly,
      .section = "8.2.3.24", .provenance = "DPDK ixgbe"}},
    {{.name = "FHFT", .offset = 0x09000, .count = 256, .section = "8.2.3.24",
      .provenance = "DPDK ixgbe"}},
    {{.name = "FHFT_EXT", .offset = 0x09800, .count = 128, .section = "8.2.3.24",
      .provenance = "DPDK ixgbe"}},

    // 8.2.3.25 Management
    {{.name = "MAVTV", .offset = 0x05010, .count = 8, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    {{.name = "MFUTP", .offset = 0x05030, .count = 8, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    {{.name = "BMCIP", .offset = 0x05050, .count = 4, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    {{.name = "BMCIPVAL", .offset = 0x05060, .section = "8.2.3.25", .provenance = "DPDK ixgbe"}},
    {{.name = "MDEF_EXT", .offset = 0x05160, .count = 8, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    {{.name = "METF", .offset = 0x05190, .count = 4, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    {{.name = "MANC", .offset = 0x05820, .section = "8.2.3.25", .provenance = "DPDK ixgbe"}},
    {{.name = "MFVAL", .offset = 0x05824, .section = "8.2.3.25", .provenance = "DPDK ixgbe"}},
    {{.name = "MANC2H", .offset = 0x05860, .section = "8.2.3.25", .provenance = "DPDK ixgbe"}},
    {{.name = "MDEF", .offset = 0x05890, .count = 8, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    {{.name = "MIPAF", .offset = 0x058B0, .count = 16, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    {{.name = "MMAL", .offset = 0x05910, .count = 4, .stride = 8, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    {{.name = "MMAH", .offset = 0x05914, .count = 4, .stride = 8, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    {{.name = "FTFT", .offset = 0x09400, .count = 256, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    {{.name = "FLEX_MNG", .offset = 0x15800, .count = 448, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    // EN 0: there is no firmware to take a command.
    {{.name = "HICR", .offset = 0x15F00, .fields = kHicrFields, .section = "8.2.3.25",
      .provenance = "Linux ixgbe"}},
    {{.name = "HSMC0R", .offset = 0x15F04, .section = "8.2.3.25", .provenance = "DPDK ixgbe"}},
    {{.name = "HSMC1R", .offset = 0x15F08, .section = "8.2.3.25", .provenance = "DPDK ixgbe"}},
    {{.name = "FWSTS", .offset = 0x15F0C, .section = "8.2.3.25", .provenance = "DPDK ixgbe"}},
    {{.name = "SWSR", .offset = 0x15F10, .section = "8.2.3.25", .provenance = "DPDK ixgbe"}},
    {{.name = "FWRESETCNT", .offset = 0x15F40, .kind = Kind::kReadOnly, .section = "8.2.3.25",
      .provenance = "DPDK ixgbe"}},
    {{.name = "HFDR", .offset = 0x15FE8, .section = "8.2.3.25", .provenance = "DPDK ixgbe"}},

    // 8.2.3.26 Time sync
    {{.name = "TSYNCRXCTL", .offset = 0x05188, .fields = kTsyncrxctlFields, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
    {{.name = "RXSTMPL", .offset = 0x051E8, .kind = Kind::kReadOnly, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
    {{.name = "RXSTMPH", .offset = 0x051A4, .kind = Kind::kReadOnly, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
    {{.name = "RXSATRL", .offset = 0x051A0, .kind = Kind::kReadOnly, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
    {{.name = "RXSATRH", .offset = 0x051A8, .kind = Kind::kReadOnly, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
    {{.name = "RXMTRL", .offset = 0x05120, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "TSYNCTXCTL", .offset = 0x08C00, .fields = kTsynctxctlFields, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
    {{.name = "TXSTMPL", .offset = 0x08C04, .kind = Kind::kReadOnly, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
    {{.name = "TXSTMPH", .offset = 0x08C08, .kind = Kind::kReadOnly, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
    {{.name = "SYSTIML", .offset = 0x08C0C, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "SYSTIMH", .offset = 0x08C10, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "TIMINCA", .offset = 0x08C14, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "TIMADJL", .offset = 0x08C18, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "TIMADJH", .offset = 0x08C1C, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "TSAUXC", .offset = 0x08C20, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "TRGTTIML0", .offset = 0x08C24, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "TRGTTIMH0", .offset = 0x08C28, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "TRGTTIML1", .offset = 0x08C2C, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "TRGTTIMH1", .offset = 0x08C30, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "FREQOUT0", .offset = 0x08C34, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "FREQOUT1", .offset = 0x08C38, .section = "8.2.3.26", .provenance = "DPDK ixgbe"}},
    {{.name = "AUXSTMPL0", .offset = 0x08C3C, .kind = Kind::kReadOnly, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
    {{.name = "AUXSTMPH0", .offset = 0x08C40, .kind = Kind::kReadOnly, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
    {{.name = "AUXSTMPL1", .offset = 0x08C44, .kind = Kind::kReadOnly, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
    {{.name = "AUXSTMPH1", .offset = 0x08C48, .kind = Kind::kReadOnly, .section = "8.2.3.26",
      .provenance = "DPDK ixgbe"}},
};

// clang-format on

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_REGISTERS_OFFLOAD_H_
