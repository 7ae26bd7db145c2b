#include "hil/regs/safe.h"

#include "emulator/82599/chip.h"

namespace ixylab::hil {

namespace {

using emulator::Kind;
using emulator::RegisterInfo;

// Beyond these, all that is left is either read by `ethtool -d` on live chips (Linux:
// ixgbe_get_regs, which reads EICS in place of EICR for the reason below), or settings and status
// whose datasheet sections name no effect of a read. LINKS.LINK_STATUS, which ethtool reads
// too, tells of the time since the last read: nobody but the driver that is open here asks.
constexpr UnsafeRegister kUnsafe[] = {
    {"EICR", "a read clears the causes (EICS shows them and does not)"},
    {"EICR_EX", "a read clears the causes (EICS_EX shows them and does not)"},
    {"VTEICR", "a read clears a virtual function's causes"},
    {"VFMAILBOX", "a read clears what was signalled to a virtual function (ixgbevf: R2C_BITS)"},
    {"SWSM", "a read takes the semaphore SMBI"},
    {"RXSTMPH", "a read lets the next time stamp in (Linux: ixgbe_ptp_rx_hang)"},
    {"TXSTMPH", "a read lets the next time stamp in (Linux: ixgbe_ptp_clear_tx_timestamp)"},
    {"AUXSTMPH0", "a read lets the next time stamp in (8.2.3.26)"},
    {"AUXSTMPH1", "a read lets the next time stamp in (8.2.3.26)"},
    {"CIAD", "a read of it is one of the configuration space, where CIAA points"},
    {"PHYDAT", "a read of it is one of the PCIe PHY, where PHYADR points"},
    {"PFMBMEM", "memory: what nobody wrote has no value, and may have no right ECC"},
    {"FHFT", "memory: what nobody wrote has no value, and may have no right ECC"},
    {"FHFT_EXT", "memory: what nobody wrote has no value, and may have no right ECC"},
    {"FTFT", "memory: what nobody wrote has no value, and may have no right ECC"},
    {"FLEX_MNG", "the firmware's memory: to be had with SW_FW_SYNC alone"},
};

}  // namespace

std::span<const UnsafeRegister> UnsafeRegisters() { return kUnsafe; }

std::string_view UnsafeByKind(const RegisterInfo& row) {
  if (row.alias_of != RegisterInfo::kNoAlias) return "a second address of another row";
  switch (row.kind) {
    case Kind::kWriteOnly:
      return "write-only";
    case Kind::kReadClear:
    case Kind::kReadClearPair:
      return "a read clears it";
    case Kind::kReadWrite:
    case Kind::kReadOnly:
    case Kind::kWrite1Clear:
    case Kind::kWrite1Set:
      break;
  }
  const RegisterInfo* const above = emulator::intel82599::FindRegister(row.offset + 4);
  if (above != nullptr && above->kind == Kind::kReadClearPair) {
    return "the lower half of a counter that is read as a whole";
  }
  return {};
}

std::string_view WhyNotRead(const RegisterInfo& row) {
  if (const std::string_view why = UnsafeByKind(row); !why.empty()) return why;
  for (const UnsafeRegister& unsafe : kUnsafe) {
    if (unsafe.name == row.name) return unsafe.reason;
  }
  return {};
}

}  // namespace ixylab::hil
