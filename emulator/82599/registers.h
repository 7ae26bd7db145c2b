// The registers of the 82599 (datasheet 8.2.3): rows by group in registers_*.h, one table of all.
//
// A row with behaviour names its hooks as second element, and its header then includes port.h:
//   {{.name = "RDT", .offset = 0x01018, ...}, {.on_write = &Port::WroteRdt}},
// Behaviour names a register by its row, which is looked up when compiling:
//   constexpr RegisterInfo kRdt = Row("RDT");
//   registers_.Peek(kRdt.At(queue))
#ifndef EMULATOR_82599_REGISTERS_H_
#define EMULATOR_82599_REGISTERS_H_

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>

#include "emulator/82599/registers_diagnostic.h"
#include "emulator/82599/registers_filter.h"
#include "emulator/82599/registers_general.h"
#include "emulator/82599/registers_interrupt.h"
#include "emulator/82599/registers_mac.h"
#include "emulator/82599/registers_offload.h"
#include "emulator/82599/registers_receive.h"
#include "emulator/82599/registers_statistics.h"
#include "emulator/82599/registers_transmit.h"
#include "emulator/82599/registers_virtualization.h"
#include "emulator/register_table.h"

namespace ixylab::emulator::intel82599 {

inline constexpr std::span<const Register<Port>> kRegisterGroups[] = {
    kGeneralRegisters, kMacRegisters,        kInterruptRegisters,
    kFilterRegisters,  kReceiveRegisters,    kTransmitRegisters,
    kOffloadRegisters, kStatisticsRegisters, kVirtualizationRegisters,
    kDiagnosticRegisters,
};

/// The row (not an alias) of the register `name` that has the one with `index`. An unknown name
/// does not compile.
consteval const RegisterInfo& Row(std::string_view name, std::uint32_t index = 0) {
  for (const auto& group : kRegisterGroups) {
    for (const RegisterInfo& row : group) {
      if (row.name == name && row.alias_of == RegisterInfo::kNoAlias && index >= row.first_index &&
          index - row.first_index < row.count) {
        return row;
      }
    }
  }
  throw std::invalid_argument("no such register");
}

/// Offset of a per-queue receive register for `queue` 0..127, given the row of the lower bank: the
/// upper 64 queues have their registers 0xC000 higher.
constexpr std::uint32_t ReceiveQueueOffset(const RegisterInfo& row, std::uint32_t queue) {
  return queue < 64 ? row.At(queue) : row.At(queue - 64) + 0xC000;
}

/// The table of all registers, one for all ports.
const RegisterTable<Port>& Registers();

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_REGISTERS_H_
