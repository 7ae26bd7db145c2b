// Where two dumps of registers differ, and on whose word the model's value stands: a chip that
// differs corrects the model there.
#ifndef HIL_REGS_COMPARE_H_
#define HIL_REGS_COMPARE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/register_table.h"
#include "hil/regs/dump.h"

namespace ixylab::hil {

/// Bits that two 82599s, or one at two times, have differently for a reason that is no fault.
struct NotCompared {
  std::string_view name;    // of the register
  std::uint32_t bits = 0;   // others are compared
  bool first_only = false;  // of an array the register 0 alone; or else all
  std::string_view reason;
};
std::span<const NotCompared> NotComparedRegisters();
/// The bits of the register at `offset` that are not compared.
std::uint32_t NotComparedBits(std::uint32_t offset);

struct RegisterDifference {
  std::uint32_t offset = 0;
  std::uint32_t a = 0, b = 0;  // as read
  std::uint32_t bits = 0;      // that differ and are compared
};

struct DumpComparison {
  std::size_t compared = 0;  // registers
  std::vector<RegisterDifference> differences;
  /// Rows of NotComparedRegisters whose bits do differ.
  std::vector<const NotCompared*> excused;
  std::vector<std::uint32_t> only_a, only_b;  // registers that the other has not
};

/// Throws RegsError if they are of different ports or states.
DumpComparison Compare(const RegisterDump& a, const RegisterDump& b);

/// How far the model's value can be trusted, the least first.
enum class Trust {
  kGuessed,
  kOneSource,  // one source, or none that is named
  kSeveral,
};
Trust TrustIn(const emulator::RegisterInfo& row);

/// The differences by provenance, the least trusted first; registers of an array that differ
/// alike are one line.
std::string ToText(const DumpComparison& comparison, const RegisterDump& a, const RegisterDump& b);
/// All of them singly, for programs.
std::string ToJson(const DumpComparison& comparison, const RegisterDump& a, const RegisterDump& b);

}  // namespace ixylab::hil

#endif  // HIL_REGS_COMPARE_H_
