// Where the model answers a read of the Linux recording otherwise than the recorded stub did, and
// why. The model is right or has yet to learn it; it is never changed to match the stub. (What
// recordings of our driver may have differently stands in hil/regs/compare.h.)
#ifndef TESTS_TRACE_DIFFERENCES_H_
#define TESTS_TRACE_DIFFERENCES_H_

#include <cstdint>
#include <string_view>

namespace ixylab::trace {

struct Difference {
  std::string_view name;   // of the register, for all of an array
  std::uint32_t bits = 0;  // that may differ: no others
  std::string_view reason;
};

// clang-format off
inline constexpr Difference kReadDifferences[] = {
    {"AUTOC", 0x00001000, "RESTART_AN clears itself; the stub stores it"},
    {"CTRL", 0x00000004, "a reset clears GIO_DIS with all else; the stub keeps it"},
    {"DMATXCTL", 0x81000004, "the chip's reset value; the stub starts with 0"},
    {"EEC", 0x00003C30, "size and flash bits of another EEPROM"},
    {"EERD", 0xFFFF0000, "the contents of another EEPROM"},
    {"EICR", 0x00100000, "the link comes up after reset (LSC); the stub's is always up"},
    {"FACTPS", 0x00000104, "both ports are enabled; the stub answers 0"},
    {"FWSM", 0x00000040, "EEP_RELOAD_IND is set after reset; the stub's is not"},
    {"HLREG0", 0x08012C0B, "the chip's reset value; the stub starts with 0"},
    {"IPSRXIDX", 0x80000000, "WRITE is a command and clears itself; the stub stores it"},
    {"IPSTXIDX", 0x80000000, "WRITE is a command and clears itself; the stub stores it"},
    {"LEDCTL", 0x05040100, "the chip's reset value; the stub starts with 0"},
    {"LINKS", 0x00000080,
     "LINK_STATUS tells that the link was down since the last read; the stub's never is"},
    {"MAXFRS", 0x05EE0000, "the chip's reset value; the stub starts with 0"},
    {"MSRWD", 0xFFFF0000, "no PHY answers, and MDIO is pulled up; the stub's reads 0"},
    {"PCS1GANA", 0x000001A0, "the chip's reset value; the stub starts with 0"},
    {"PCS1GLCTL", 0x02040000, "the chip's reset value; the stub starts with 0"},
    {"PFVML2FLT", 0x8B599001,
     "the stub answers a mark of its own, 0x82599001, whatever is written"},
    {"RAH", 0x00003322, "another MAC address"},
    {"RAL", 0x11BE2DA2, "another MAC address"},
    {"RDRXCTL", 0x00108800, "the chip's reset value; the stub starts with 0"},
    {"RTTDCS", 0x00C00000, "the chip's reset value; the stub starts with 0"},
    {"SECRXCTRL", 0x00000001, "the chip's reset value; the stub starts with 0"},
    {"SECRXSTAT", 0x00000001,
     "the path is empty; the stub never says so, and Linux polled to its limit"},
    {"SECTXCTRL", 0x00000001, "the chip's reset value; the stub starts with 0"},
    {"SECTXMINIFG", 0x00001001, "the chip's reset value; the stub starts with 0"},
    {"SECTXSTAT", 0x00000001,
     "the path is empty; the stub never says so, and Linux polled to its limit"},
    {"STATUS", 0x00000080, "LINKUP follows the link; the stub's is always 0"},
    {"TXDCTL", 0x04000000, "SWFLSH clears itself; the stub stores it"},
    {"VLNCTRL", 0x00008100, "the chip's reset value; the stub starts with 0"},
};

/// Bits that Linux writes and the model does not store.
inline constexpr Difference kIgnoredWrites[] = {
    {"EIMC", 0x80000000, "reserved (8.2.3.5.4); Linux masks all 32 bits"},
    {"EIMS", 0x80000000, "reserved (8.2.3.5.3); Linux enables EICR.OTHER"},
    {"FCRTH", 0x7FF80000, "underflow: Linux takes 32 from the size of a packet buffer that is 0"},
    {"I2CCTL", 0x00000004, "an input of the chip; Linux writes back what it read a while ago"},
};
// clang-format on

}  // namespace ixylab::trace

#endif  // TESTS_TRACE_DIFFERENCES_H_
