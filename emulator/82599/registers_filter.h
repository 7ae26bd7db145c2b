// Receive filters and RSS (datasheet 8.2.3.7).
#ifndef EMULATOR_82599_REGISTERS_FILTER_H_
#define EMULATOR_82599_REGISTERS_FILTER_H_

#include "emulator/82599/port.h"
#include "emulator/register_table.h"

namespace ixylab::emulator::intel82599 {

// clang-format off

inline constexpr Field kFctrlFields[] = {{"SBP", 1}, {"MPE", 8}, {"UPE", 9}, {"BAM", 10}};
inline constexpr Field kVlnctrlFields[] = {{"VET", 0, 16}, {"CFI", 28}, {"CFIEN", 29}, {"VFE", 30}};
inline constexpr Field kMcstctrlFields[] = {{"MO", 0, 2}, {"MFE", 2}};
inline constexpr Field kPsrtypeFields[] = {
    {"SPLIT_NFS", 1}, {"SPLIT_TCP", 4}, {"SPLIT_UDP", 5}, {"SPLIT_IPV4", 8}, {"SPLIT_IPV6", 9},
    {"SPLIT_L2", 12}, {"RQPL", 29, 3}};
inline constexpr Field kRxcsumFields[] = {{"IPPCSE", 12}, {"PCSD", 13}};
inline constexpr Field kRfctlFields[] = {
    {"RSC_DIS", 5}, {"NFSW_DIS", 6}, {"NFSR_DIS", 7}, {"NFS_VER", 8, 2}, {"IPV6_DIS", 10},
    {"IPFRSP_DIS", 14}};
inline constexpr Field kRahFields[] = {{"RAH", 0, 16}, {"AV", 31}};
inline constexpr Field kMrqcFields[] = {
    {"MRQE", 0, 4}, {"RSS_TCP_IPV4", 16}, {"RSS_IPV4", 17}, {"RSS_IPV6", 20}, {"RSS_TCP_IPV6", 21},
    {"RSS_UDP_IPV4", 22}, {"RSS_UDP_IPV6", 23}};
inline constexpr Field kRetaFields[] = {
    {"ENTRY0", 0, 4}, {"ENTRY1", 8, 4}, {"ENTRY2", 16, 4}, {"ENTRY3", 24, 4}};
inline constexpr Field kRqtcFields[] = {
    {"RQTC0", 0, 3}, {"RQTC1", 4, 3}, {"RQTC2", 8, 3}, {"RQTC3", 12, 3}, {"RQTC4", 16, 3},
    {"RQTC5", 20, 3}, {"RQTC6", 24, 3}, {"RQTC7", 28, 3}};
inline constexpr Field kSdpqfFields[] = {{"SOURCE_PORT", 0, 16}, {"DESTINATION_PORT", 16, 16}};
inline constexpr Field kFtqfFields[] = {
    {"PROTOCOL", 0, 2}, {"PRIORITY", 2, 3}, {"POOL", 8, 6}, {"MASK", 25, 5}, {"POOL_MASK", 30},
    {"QUEUE_ENABLE", 31}};
inline constexpr Field kSynqfFields[] = {{"QUEUE_ENABLE", 0}, {"RX_QUEUE", 1, 7}, {"SYNQFP", 31}};
inline constexpr Field kEtqfFields[] = {
    {"ETYPE", 0, 16}, {"UP", 16, 3}, {"UP_EN", 19}, {"POOL", 20, 6}, {"POOL_EN", 26}, {"FCOE", 27},
    {"TIMESTAMP_1588", 30}, {"FILTER_EN", 31}};
inline constexpr Field kEtqsFields[] = {{"RX_QUEUE", 16, 7}, {"LLI", 29}, {"QUEUE_EN", 31}};
inline constexpr Field kFdirctrlFields[] = {
    {"PBALLOC", 0, 2}, {"INIT_DONE", 3}, {"PERFECT_MATCH", 4}, {"REPORT_STATUS", 5},
    {"REPORT_STATUS_ALWAYS", 7}, {"DROP_Q", 8, 7}, {"FLEX_OFFSET", 16, 5}, {"MAX_LENGTH", 24, 4},
    {"FULL_THRESH", 28, 4}};
inline constexpr Field kFdircmdFields[] = {
    {"CMD", 0, 2}, {"FILTER_VALID", 2}, {"FILTER_UPDATE", 3}, {"IPV6_DMATCH", 4}, {"L4TYPE", 5, 2},
    {"IPV6", 7}, {"CLEARHT", 8}, {"DROP", 9}, {"INT", 10}, {"LAST", 11}, {"COLLISION", 12},
    {"QUEUE_EN", 15}, {"RX_QUEUE", 16, 7}, {"VT_POOL", 24, 6}};

inline constexpr Register<Port> kFilterRegisters[] = {
    // Linux and DPDK write FCTRL and RXCSUM with the receiver on, against the datasheet.
    {{.name = "RXCSUM", .offset = 0x05000, .writable = 0x00003000, .fields = kRxcsumFields,
      .section = "8.2.3.7.5", .provenance = "Vigor; TinyNF"},
     {.on_write = &Port::WroteReceiveControl}},
    {{.name = "RFCTL", .offset = 0x05008, .fields = kRfctlFields, .section = "8.2.3.7.6",
      .provenance = "Vigor; TinyNF"}},
    {{.name = "EXVET", .offset = 0x05078, .provenance = "DPDK ixgbe"}},
    {{.name = "FCTRL", .offset = 0x05080, .fields = kFctrlFields, .section = "8.2.3.7.1",
      .provenance = "Vigor; TinyNF"},
     {.on_write = &Port::WroteReceiveControl}},
    {{.name = "VLNCTRL", .offset = 0x05088, .reset = 0x00008100, .fields = kVlnctrlFields,
      .section = "8.2.3.7.2", .provenance = "Vigor; ethtool masks"},
     {.on_write = &Port::WroteReceiveControl}},
    {{.name = "MCSTCTRL", .offset = 0x05090, .fields = kMcstctrlFields, .section = "8.2.3.7.3",
      .provenance = "Vigor"}},
    {{.name = "ETQF", .offset = 0x05128, .count = 8, .fields = kEtqfFields, .section = "8.2.3.7.21",
      .provenance = "TinyNF; DPDK ixgbe"},
     {.on_write = &Port::WroteQueueFilter}},
    {{.name = "RXFECCERR0", .offset = 0x051B8, .section = "8.2.3.7.23", .provenance = "TinyNF"}},
    {{.name = "MTA", .offset = 0x05200, .count = 128, .section = "8.2.3.7.7",
      .provenance = "TinyNF; ethtool masks"}},
    {{.name = "RAL", .offset = 0x0A200, .count = 128, .stride = 8, .section = "8.2.3.7.8",
      .provenance = "Vigor; ethtool masks"},
     {.on_write = &Port::WroteReceiveAddress}},
    {{.name = "RAL", .offset = 0x05400, .count = 16, .stride = 8, .section = "8.2.3.7.8",
      .provenance = "DPDK ixgbe", .alias_of = 0x0A200}},
    {{.name = "RAH", .offset = 0x0A204, .count = 128, .stride = 8, .readable = 0x8000FFFF,
      .writable = 0x8000FFFF, .fields = kRahFields, .section = "8.2.3.7.9",
      .provenance = "Vigor; ethtool masks"},
     {.on_write = &Port::WroteReceiveAddress}},
    {{.name = "RAH", .offset = 0x05404, .count = 16, .stride = 8, .fields = kRahFields,
      .section = "8.2.3.7.9", .provenance = "DPDK ixgbe", .alias_of = 0x0A204}},
    {{.name = "MPSAR", .offset = 0x0A600, .count = 256, .section = "8.2.3.7.10",
      .provenance = "TinyNF"}},
    {{.name = "VFTA", .offset = 0x0A000, .count = 128, .section = "8.2.3.7.11",
      .provenance = "Vigor"}},
    // PSRTYPE holds the pool's number of RSS queues.
    {{.name = "PSRTYPE", .offset = 0x0EA00, .count = 64, .fields = kPsrtypeFields,
      .section = "8.2.3.7.4", .provenance = "DPDK ixgbe"}},
    {{.name = "PSRTYPE", .offset = 0x05480, .count = 16, .fields = kPsrtypeFields,
      .section = "8.2.3.7.4", .provenance = "DPDK ixgbe", .alias_of = 0x0EA00}},
    {{.name = "MRQC", .offset = 0x05818, .fields = kMrqcFields, .section = "8.2.3.7.12",
      .provenance = "Vigor; TinyNF"},
     {.on_write = &Port::WroteReceiveControl}},
    {{.name = "MRQC", .offset = 0x0EC80, .fields = kMrqcFields, .section = "8.2.3.7.12",
      .provenance = "Vigor", .alias_of = 0x05818}},
    {{.name = "RQTC", .offset = 0x0EC70, .fields = kRqtcFields, .section = "8.2.3.7.13",
      .provenance = "TinyNF"}},
    {{.name = "RSSRK", .offset = 0x05C80, .count = 10, .section = "8.2.3.7.14",
      .provenance = "Vigor"},
     {.on_write = &Port::WroteRssrk}},
    {{.name = "RSSRK", .offset = 0x0EB80, .count = 10, .section = "8.2.3.7.14",
      .provenance = "Vigor", .alias_of = 0x05C80}},
    {{.name = "RETA", .offset = 0x05C00, .count = 32, .writable = 0x0F0F0F0F, .fields = kRetaFields,
      .section = "8.2.3.7.15", .provenance = "Vigor"}},
    {{.name = "RETA", .offset = 0x0EB00, .count = 32, .fields = kRetaFields,
      .section = "8.2.3.7.15", .provenance = "Vigor", .alias_of = 0x05C00}},
    {{.name = "SAQF", .offset = 0x0E000, .count = 128, .section = "8.2.3.7.16",
      .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteQueueFilter}},
    {{.name = "DAQF", .offset = 0x0E200, .count = 128, .section = "8.2.3.7.17",
      .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteQueueFilter}},
    {{.name = "SDPQF", .offset = 0x0E400, .count = 128, .fields = kSdpqfFields,
      .section = "8.2.3.7.18", .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteQueueFilter}},
    {{.name = "FTQF", .offset = 0x0E600, .count = 128, .fields = kFtqfFields,
      .section = "8.2.3.7.19", .provenance = "TinyNF"},
     {.on_write = &Port::WroteQueueFilter}},
    {{.name = "L34TIMIR", .offset = 0x0E800, .count = 128, .section = "8.2.3.5",
      .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteQueueFilter}},
    {{.name = "SYNQF", .offset = 0x0EC30, .fields = kSynqfFields, .section = "8.2.3.7.20",
      .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteQueueFilter}},
    {{.name = "ETQS", .offset = 0x0EC00, .count = 8, .fields = kEtqsFields, .section = "8.2.3.7.22",
      .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteQueueFilter}},
    {{.name = "LLITHRESH", .offset = 0x0EC90, .section = "8.2.3.5", .provenance = "DPDK ixgbe"}},
    {{.name = "IMIRVP", .offset = 0x05AC0, .section = "8.2.3.5", .provenance = "DPDK ixgbe"}},

    // 8.2.3.17 Flow director
    {{.name = "FDIRCTRL", .offset = 0x0EE00, .writable = 0xFFFFFFF7, .fields = kFdirctrlFields,
      .section = "8.2.3.17", .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteFdirctrl}},
    {{.name = "FDIRSIPV6", .offset = 0x0EE0C, .count = 3, .section = "8.2.3.17",
      .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRIPSA", .offset = 0x0EE18, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRIPDA", .offset = 0x0EE1C, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRPORT", .offset = 0x0EE20, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRVLAN", .offset = 0x0EE24, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRHASH", .offset = 0x0EE28, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRCMD", .offset = 0x0EE2C, .self_clearing = 0x00000003, .fields = kFdircmdFields,
      .section = "8.2.3.17", .provenance = "DPDK ixgbe; Linux ixgbe"},
     {.on_write = &Port::WroteFdircmd}},
    {{.name = "FDIRFREE", .offset = 0x0EE38, .kind = Kind::kReadOnly, .section = "8.2.3.17",
      .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRDIP4M", .offset = 0x0EE3C, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRSIP4M", .offset = 0x0EE40, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRTCPM", .offset = 0x0EE44, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRUDPM", .offset = 0x0EE48, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRLEN", .offset = 0x0EE4C, .kind = Kind::kReadClear, .section = "8.2.3.17",
      .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRUSTAT", .offset = 0x0EE50, .kind = Kind::kReadClear, .section = "8.2.3.17",
      .provenance = "Vigor"}},
    {{.name = "FDIRFSTAT", .offset = 0x0EE54, .kind = Kind::kReadClear, .section = "8.2.3.17",
      .provenance = "Vigor"}},
    {{.name = "FDIRMATCH", .offset = 0x0EE58, .kind = Kind::kReadClear, .section = "8.2.3.17",
      .provenance = "Vigor"}},
    {{.name = "FDIRMISS", .offset = 0x0EE5C, .kind = Kind::kReadClear, .section = "8.2.3.17",
      .provenance = "Vigor"}},
    {{.name = "FDIRHKEY", .offset = 0x0EE68, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRSKEY", .offset = 0x0EE6C, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRM", .offset = 0x0EE70, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
    {{.name = "FDIRIP6M", .offset = 0x0EE74, .section = "8.2.3.17", .provenance = "DPDK ixgbe"}},
};

// clang-format on

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_REGISTERS_FILTER_H_
