// Interrupt causes, masks, vectors and throttling (datasheet 8.2.3.5, 8.2.3.6).
#ifndef EMULATOR_82599_REGISTERS_INTERRUPT_H_
#define EMULATOR_82599_REGISTERS_INTERRUPT_H_

#include "emulator/82599/port.h"
#include "emulator/register_table.h"

namespace ixylab::emulator::intel82599 {

// clang-format off

inline constexpr Field kEicrFields[] = {
    {"RTXQ", 0, 16}, {"FLOW_DIRECTOR", 16}, {"RX_MISS", 17}, {"PCI_EXCEPTION", 18}, {"MAILBOX", 19},
    {"LSC", 20}, {"LINKSEC", 21}, {"MNG", 22}, {"TS", 23}, {"GPI_SDP0", 24}, {"GPI_SDP1", 25},
    {"GPI_SDP2", 26}, {"GPI_SDP3", 27}, {"ECC", 28}, {"TCP_TIMER", 30}, {"OTHER", 31}};
inline constexpr Field kGpieFields[] = {
    {"SDP0_GPIEN", 0}, {"SDP1_GPIEN", 1}, {"SDP2_GPIEN", 2}, {"SDP3_GPIEN", 3},
    {"MULTIPLE_MSIX", 4}, {"OCD", 5}, {"EIMEN", 6}, {"LL_INTERVAL", 7, 4}, {"RSC_DELAY", 11, 3},
    {"VT_MODE", 14, 2}, {"EIAME", 30}, {"PBA_SUPPORT", 31}};
inline constexpr Field kEitrFields[] = {
    {"ITR_INTERVAL", 3, 9}, {"LLI_MODERATION", 15}, {"LLI_CREDIT", 16, 5}, {"ITR_COUNTER", 21, 7},
    {"CNT_WDIS", 31}};
inline constexpr Field kIvarFields[] = {
    {"INT_ALLOC0", 0, 6}, {"INT_ALLOC_VAL0", 7}, {"INT_ALLOC1", 8, 6}, {"INT_ALLOC_VAL1", 15},
    {"INT_ALLOC2", 16, 6}, {"INT_ALLOC_VAL2", 23}, {"INT_ALLOC3", 24, 6}, {"INT_ALLOC_VAL3", 31}};
inline constexpr Field kIvarMiscFields[] = {
    {"INT_ALLOC0", 0, 7}, {"INT_ALLOC_VAL0", 7}, {"INT_ALLOC1", 8, 7}, {"INT_ALLOC_VAL1", 15}};

inline constexpr Register<Port> kInterruptRegisters[] = {
    // 8.2.3.5 Causes and masks of the first 16 queues and of everything else. A read clears EICR
    // as GPIE.OCD and EIAC say; a write to EICS raises, a read of it returns the causes.
    {{.name = "EICR", .offset = 0x00800, .kind = Kind::kWrite1Clear, .fields = kEicrFields,
      .section = "8.2.3.5.1", .provenance = "Vigor; Linux ixgbe"},
     {.on_read = &Port::ReadEicr, .on_write = &Port::WroteEicr}},
    {{.name = "EICS", .offset = 0x00808, .kind = Kind::kWrite1Set, .writable = 0x7FFFFFFF,
      .fields = kEicrFields, .section = "8.2.3.5.2", .provenance = "Linux ixgbe"},
     {.on_read = &Port::ReadEics, .on_write = &Port::WroteEics}},
    {{.name = "EIAC", .offset = 0x00810, .fields = kEicrFields, .section = "8.2.3.5.5",
      .provenance = "Linux ixgbe"}},
    {{.name = "EIMS", .offset = 0x00880, .kind = Kind::kWrite1Set, .writable = 0x7FFFFFFF,
      .fields = kEicrFields, .section = "8.2.3.5.3", .provenance = "Vigor"},
     {.on_read = &Port::ReadEims, .on_write = &Port::WroteEims}},
    {{.name = "EIMC", .offset = 0x00888, .kind = Kind::kWriteOnly, .writable = 0x7FFFFFFF,
      .fields = kEicrFields, .section = "8.2.3.5.4", .provenance = "Vigor; TinyNF"},
     {.on_write = &Port::WroteEimc}},
    {{.name = "EIAM", .offset = 0x00890, .fields = kEicrFields, .section = "8.2.3.5.6",
      .provenance = "Linux ixgbe"}},

    // Per vector: EICR[1..2] and so on in the datasheet
    {{.name = "EICR_EX", .offset = 0x00A80, .count = 2, .first_index = 1,
      .kind = Kind::kWrite1Clear, .section = "8.2.3.5", .provenance = "TinyNF; reset guessed"},
     {.on_read = &Port::ReadEicrEx, .on_write = &Port::WroteEicrEx}},
    {{.name = "EICS_EX", .offset = 0x00A90, .count = 2, .first_index = 1, .kind = Kind::kWrite1Set,
      .section = "8.2.3.5.7", .provenance = "DPDK ixgbe"},
     {.on_read = &Port::ReadEicsEx, .on_write = &Port::WroteEicsEx}},
    {{.name = "EIMS_EX", .offset = 0x00AA0, .count = 2, .first_index = 1, .kind = Kind::kWrite1Set,
      .section = "8.2.3.5.8", .provenance = "DPDK ixgbe"},
     {.on_read = &Port::ReadEimsEx, .on_write = &Port::WroteEimsEx}},
    {{.name = "EIMC_EX", .offset = 0x00AB0, .count = 2, .first_index = 1, .kind = Kind::kWriteOnly,
      .section = "8.2.3.5.9", .provenance = "TinyNF; Vigor"},
     {.on_write = &Port::WroteEimcEx}},
    {{.name = "EIAM_EX", .offset = 0x00AD0, .count = 2, .first_index = 1, .section = "8.2.3.5.10",
      .provenance = "DPDK ixgbe"}},

    // Throttling and allocation to vectors
    {{.name = "EITR", .offset = 0x00820, .count = 24, .fields = kEitrFields, .section = "8.2.3.5",
      .provenance = "DPDK ixgbe; Linux ixgbe"},
     {.on_write = &Port::WroteEitr}},
    {{.name = "EITR", .offset = 0x12300, .count = 104, .first_index = 24, .fields = kEitrFields,
      .section = "8.2.3.5", .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteEitr}},
    {{.name = "EITRSEL", .offset = 0x00894, .section = "8.2.3.5", .provenance = "DPDK ixgbe"}},
    {{.name = "GPIE", .offset = 0x00898, .fields = kGpieFields, .section = "8.2.3.5",
      .provenance = "Vigor; DPDK ixgbe"},
     {.on_write = &Port::WroteGpie}},
    {{.name = "IVAR", .offset = 0x00900, .count = 64, .fields = kIvarFields, .section = "8.2.3.5",
      .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WroteIvar}},
    {{.name = "IVAR_MISC", .offset = 0x00A00, .fields = kIvarMiscFields, .section = "8.2.3.5",
      .provenance = "DPDK ixgbe"}},
    {{.name = "RSCINT", .offset = 0x12000, .count = 128, .section = "8.2.3.5",
      .provenance = "DPDK ixgbe"}},

    // 8.2.3.6 MSI-X pending bits, cleared by writing 1
    {{.name = "PBACL", .offset = 0x110C0, .count = 8, .kind = Kind::kWrite1Clear,
      .section = "8.2.3.6", .provenance = "DPDK ixgbe"},
     {.on_write = &Port::WrotePbacl}},
    {{.name = "PBACL", .offset = 0x11068, .section = "8.2.3.6", .provenance = "DPDK ixgbe",
      .alias_of = 0x110C0}},

    // 8.2.3.15 Timers
    {{.name = "FRTIMER", .offset = 0x00048, .kind = Kind::kReadOnly, .section = "8.2.3.15",
      .provenance = "DPDK ixgbe"}},
    {{.name = "TCPTIMER", .offset = 0x0004C, .section = "8.2.3.15", .provenance = "DPDK ixgbe"}},
};

// clang-format on

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_REGISTERS_INTERRUPT_H_
