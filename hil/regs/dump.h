// The registers of one port of an 82599, read in a state that is the same on every target.
#ifndef HIL_REGS_DUMP_H_
#define HIL_REGS_DUMP_H_

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hil/target/target.h"

namespace ixylab::hil {

/// A dump cannot be had, read or compared; one line that says why.
class RegsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What our driver has made of both ports before the registers are read.
enum class DeviceState {
  kOpen,   // open with rings of 64 descriptors; the links are up and nothing has been sent
  kReset,  // closed again, which is a reset, 50 ms ago
};
/// "open", "reset".
std::string_view StateName(DeviceState state);
/// Throws RegsError.
DeviceState ParseState(std::string_view name);

struct RegisterValue {
  std::uint32_t offset = 0;  // in the model's table, and no alias
  std::uint32_t value = 0;
  friend bool operator==(const RegisterValue&, const RegisterValue&) = default;
};

struct RegisterDump {
  std::string target;   // its name
  std::string machine;  // that read it, as it calls itself
  std::string date;     // "2025-03-01T12:00:00Z"
  std::string device;   // PCI: "8086:10fb"
  DeviceState state = DeviceState::kOpen;
  unsigned port = 0;
  std::vector<RegisterValue> registers;  // in order of their offsets

  /// "vm:82599, port 0, open (desk3, 2025-03-01T12:00:00Z)"
  std::string Title() const;
};

/// Brings both ports into `state` and reads all safe registers (safe.h) of `port` once. Throws
/// RegsError: no 82599, no link; DeviceError.
RegisterDump ReadRegisters(Target& target, unsigned port, DeviceState state);

/// One line for each register: "SRRCTL[0] 0x01014 = 0x12000402 {BSIZEPACKET=2 ...}".
std::string ToText(const RegisterDump& dump);
/// The same for programs; a register is on a line of its own, with its fields that are not 0.
std::string ToJson(const RegisterDump& dump);
/// What ToJson made. Throws RegsError: "FILE: why", where `name` is that of the file.
RegisterDump ParseDump(std::string_view json, const std::string& name);

}  // namespace ixylab::hil

#endif  // HIL_REGS_DUMP_H_
