// Virtualization (datasheet 8.2.3.27): storage.
#ifndef EMULATOR_82599_REGISTERS_VIRTUALIZATION_H_
#define EMULATOR_82599_REGISTERS_VIRTUALIZATION_H_

#include "emulator/register_table.h"

namespace ixylab::emulator::intel82599 {

class Port;

// clang-format off

inline constexpr Field kPfvtctlFields[] = {
    {"VT_ENA", 0}, {"DEF_PL", 7, 6}, {"DIS_DEF_POOL", 29}, {"RPL_EN", 30}};
inline constexpr Field kPfmailboxFields[] = {
    {"STS", 0}, {"ACK", 1}, {"VFU", 2}, {"PFU", 3}, {"RVFU", 4}};
inline constexpr Field kPfvml2fltFields[] = {
    {"AUPE", 24}, {"ROMPE", 25}, {"ROPE", 26}, {"BAM", 27}, {"MPE", 28}};
inline constexpr Field kPfvlvfFields[] = {{"VLAN_ID", 0, 12}, {"VI_EN", 31}};
inline constexpr Field kPfqdeFields[] = {{"QDE", 0}, {"QUEUE_IDX", 8, 7}, {"WE", 16}, {"RE", 17}};
inline constexpr Field kPfvmvirFields[] = {{"PORT_VLAN_ID", 0, 16}, {"VLANA", 30, 2}};
inline constexpr Field kPfdtxgswcFields[] = {{"LBE", 0}};

inline constexpr Register<Port> kVirtualizationRegisters[] = {
    // Mailboxes and function-level resets
    {{.name = "PFVFLRE", .offset = 0x001C0, .first_index = 1, .kind = Kind::kReadOnly,
      .section = "8.2.3.27", .provenance = "DPDK ixgbe"}},
    {{.name = "PFVFLRE", .offset = 0x00600, .kind = Kind::kReadOnly, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PFVFLREC", .offset = 0x00700, .count = 2, .kind = Kind::kWrite1Clear,
      .section = "8.2.3.27", .provenance = "DPDK ixgbe"}},
    {{.name = "PFMBICR", .offset = 0x00710, .count = 4, .kind = Kind::kWrite1Clear,
      .section = "8.2.3.27", .provenance = "DPDK ixgbe"}},
    {{.name = "PFMBIMR", .offset = 0x00720, .count = 2, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    // STS, ACK and RVFU ask for something, and VFU is the virtual function's: there is none.
    {{.name = "PFMAILBOX", .offset = 0x04B00, .count = 64, .writable = 0x0000001B,
      .self_clearing = 0x00000013, .fields = kPfmailboxFields, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PFMBMEM", .offset = 0x13000, .count = 1024, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},

    // Pools
    {{.name = "PFQDE", .offset = 0x02F04, .fields = kPfqdeFields, .section = "8.2.3.27.9",
      .provenance = "TinyNF; DPDK ixgbe"}},
    {{.name = "PFVMTXSW", .offset = 0x05180, .count = 2, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PFVTCTL", .offset = 0x051B0, .fields = kPfvtctlFields, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PFVFRE", .offset = 0x051E0, .count = 2, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PFVMVIR", .offset = 0x08000, .count = 64, .fields = kPfvmvirFields,
      .section = "8.2.3.27", .provenance = "DPDK ixgbe"}},
    {{.name = "PFVFTE", .offset = 0x08110, .count = 2, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PFVFSPOOF", .offset = 0x08200, .count = 8, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PFDTXGSWC", .offset = 0x08220, .fields = kPfdtxgswcFields, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PFVMECM", .offset = 0x08790, .count = 2, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PFVML2FLT", .offset = 0x0F000, .count = 64, .fields = kPfvml2fltFields,
      .section = "8.2.3.27", .provenance = "DPDK ixgbe"}},
    {{.name = "PFVLVF", .offset = 0x0F100, .count = 64, .readable = 0x80000FFF,
      .writable = 0x80000FFF, .fields = kPfvlvfFields, .section = "8.2.3.27.15",
      .provenance = "TinyNF; Vigor"}},
    {{.name = "PFVLVFB", .offset = 0x0F200, .count = 128, .section = "8.2.3.27.16",
      .provenance = "TinyNF; Vigor"}},
    {{.name = "PFUTA", .offset = 0x0F400, .count = 128, .section = "8.2.3.27.17",
      .provenance = "TinyNF; Vigor"}},
    {{.name = "PFMRCTL", .offset = 0x0F600, .count = 4, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PFMRVLAN", .offset = 0x0F610, .count = 8, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},
    {{.name = "PFMRVM", .offset = 0x0F630, .count = 8, .section = "8.2.3.27",
      .provenance = "DPDK ixgbe"}},

    // What virtual functions see, at the physical function's addresses
    {{.name = "VTCTRL", .offset = 0x00300, .count = 64, .kind = Kind::kWriteOnly, .section = "8.3",
      .provenance = "DPDK ixgbe"}},
    {{.name = "VTEICR", .offset = 0x00B00, .count = 64, .kind = Kind::kWrite1Clear,
      .section = "8.3", .provenance = "DPDK ixgbe"}},
    {{.name = "VTEICS", .offset = 0x00C00, .count = 64, .kind = Kind::kWriteOnly, .section = "8.3",
      .provenance = "DPDK ixgbe"}},
    {{.name = "VTEIMS", .offset = 0x00D00, .count = 64, .kind = Kind::kWrite1Set, .section = "8.3",
      .provenance = "DPDK ixgbe"}},
    {{.name = "VTEIMC", .offset = 0x00E00, .count = 64, .kind = Kind::kWriteOnly, .section = "8.3",
      .provenance = "DPDK ixgbe"}},
    {{.name = "VTEIAC", .offset = 0x00F00, .count = 64, .section = "8.3",
      .provenance = "DPDK ixgbe"}},
    {{.name = "VFMAILBOX", .offset = 0x04C00, .count = 64, .section = "8.3",
      .provenance = "DPDK ixgbe"}},
    {{.name = "VTEIAM", .offset = 0x04D00, .count = 64, .section = "8.3",
      .provenance = "DPDK ixgbe"}},
    {{.name = "VTIVAR_MISC", .offset = 0x04E00, .count = 64, .section = "8.3",
      .provenance = "DPDK ixgbe"}},
    {{.name = "VTIVAR", .offset = 0x12500, .count = 64, .section = "8.3",
      .provenance = "DPDK ixgbe"}},
    {{.name = "VFGPRC", .offset = 0x0101C, .count = 64, .stride = 0x40, .kind = Kind::kReadOnly,
      .section = "8.3", .provenance = "DPDK ixgbe"}},
    {{.name = "VFGORC_LSB", .offset = 0x01020, .count = 64, .stride = 0x40, .kind = Kind::kReadOnly,
      .section = "8.3", .provenance = "DPDK ixgbe"}},
    {{.name = "VFGORC_MSB", .offset = 0x0D020, .count = 64, .stride = 0x40, .kind = Kind::kReadOnly,
      .section = "8.3", .provenance = "DPDK ixgbe"}},
    {{.name = "VFMPRC", .offset = 0x0D01C, .count = 64, .stride = 0x40, .kind = Kind::kReadOnly,
      .section = "8.3", .provenance = "DPDK ixgbe"}},
    {{.name = "VFGPTC", .offset = 0x08300, .count = 64, .kind = Kind::kReadOnly, .section = "8.3",
      .provenance = "DPDK ixgbe"}},
    {{.name = "VFGOTC_LSB", .offset = 0x08400, .count = 64, .stride = 8, .kind = Kind::kReadOnly,
      .section = "8.3", .provenance = "DPDK ixgbe"}},
    {{.name = "VFGOTC_MSB", .offset = 0x08404, .count = 64, .stride = 8, .kind = Kind::kReadOnly,
      .section = "8.3", .provenance = "DPDK ixgbe"}},
};

// clang-format on

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_REGISTERS_VIRTUALIZATION_H_
