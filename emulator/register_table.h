// A device's registers as a table: one row each. Decode, reset, access rules, tracing and the
// register document come from it; behaviour beyond storage is a hook in the row.
#ifndef EMULATOR_REGISTER_TABLE_H_
#define EMULATOR_REGISTER_TABLE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ixylab::emulator {

/// What an access does beside moving the value.
enum class Kind : std::uint8_t {
  kReadWrite,
  kReadOnly,    // writes are ignored
  kWriteOnly,   // reads 0
  kReadClear,   // a read returns the value and clears it
  kWrite1Clear, // writing 1 clears the bit
  kWrite1Set,   // writing 1 sets the bit
};

struct Field {
  std::string_view name;   // datasheet name: "DROP_EN"
  std::uint8_t low = 0;    // lowest bit
  std::uint8_t width = 1;  // bits
};

/// What of a register does not depend on the device class: enough to decode, document and trace.
struct RegisterInfo {
  std::string_view name;            // datasheet name: "RDT"
  std::uint32_t offset = 0;         // of the first one
  std::uint32_t count = 1;
  std::uint32_t stride = 4;         // bytes from one to the next
  std::uint32_t first_index = 0;    // 64 in the upper bank of the receive queues
  Kind kind = Kind::kReadWrite;
  std::uint32_t reset = 0;
  std::uint32_t readable = 0xFFFFFFFF;   // other bits read 0
  std::uint32_t writable = 0xFFFFFFFF;   // other bits keep their value
  std::uint32_t self_clearing = 0;       // bits that read 0 although writing 1 acts
  std::span<const Field> fields;         // lowest bit first; may be empty
  std::string_view section;              // of the 82599 datasheet, "8.2.3.8.5"
  std::string_view provenance;           // who says so: "datasheet", "Linux ixgbe", "Vigor", "guessed"
  std::uint32_t alias_of = 0;            // offset of the register that this is a second address of
};

/// A row: the register and the device's hooks, for `index` = first_index + its place.
template <typename Device>
struct Register : RegisterInfo {
  /// Replaces the read of the stored value.
  std::uint32_t (Device::*on_read)(std::uint32_t index) = nullptr;
  /// Runs after the value was stored under the row's masks; `value` is what was written.
  void (Device::*on_write)(std::uint32_t index, std::uint32_t value) = nullptr;
};

/// "RDT[0]", "CTRL"; for an unknown one "0x01234?".
std::string RegisterName(const RegisterInfo* info, std::uint32_t offset);
/// "SRRCTL[0] 0x01014 = 0x12000402 {BSIZEPACKET=2 BSIZEHEADER=4 DESCTYPE=1 DROP_EN=1}"
std::string DescribeAccess(const RegisterInfo* info, std::uint32_t offset, std::uint32_t value);

}  // namespace ixylab::emulator

#endif  // EMULATOR_REGISTER_TABLE_H_
