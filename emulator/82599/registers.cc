#include "emulator/82599/registers.h"

#include <vector>

#include "emulator/82599/chip.h"

namespace ixylab::emulator::intel82599 {

const RegisterTable<Port>& Registers() {
  static const RegisterTable<Port> table(kRegisterGroups);
  return table;
}

const RegisterInfo* FindRegister(std::uint32_t offset) { return Registers().Find(offset); }

std::vector<const RegisterInfo*> AllRegisters() {
  std::vector<const RegisterInfo*> rows;
  for (const RegisterInfo& row : Registers().rows()) rows.push_back(&row);
  return rows;
}

}  // namespace ixylab::emulator::intel82599
