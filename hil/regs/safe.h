// Which registers of a running 82599 can be read without changing anything.
#ifndef HIL_REGS_SAFE_H_
#define HIL_REGS_SAFE_H_

#include <span>
#include <string_view>

#include "emulator/register_table.h"

namespace ixylab::hil {

/// A register that its kind lets read, and that is not read all the same.
struct UnsafeRegister {
  std::string_view name;
  std::string_view reason;
};
std::span<const UnsafeRegister> UnsafeRegisters();

/// Why its kind forbids to read `row`, or nothing.
std::string_view UnsafeByKind(const emulator::RegisterInfo& row);

/// Why `row` is not read, by its kind or UnsafeRegisters; nothing: it is read.
std::string_view WhyNotRead(const emulator::RegisterInfo& row);

}  // namespace ixylab::hil

#endif  // HIL_REGS_SAFE_H_
