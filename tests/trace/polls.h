// The polls that drivers make, with their own limits (from their sources): once `trigger` was
// written so, `polled` must answer so within `tries` reads, `interval` apart.
#ifndef TESTS_TRACE_POLLS_H_
#define TESTS_TRACE_POLLS_H_

#include <chrono>
#include <cstdint>
#include <string_view>

namespace ixylab::trace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// The bits of a register, and which of them are set.
struct Match {
  std::string_view name;
  std::uint32_t mask = 0;
  std::uint32_t value = 0;
  bool Matches(std::uint32_t x) const { return (x & mask) == value; }
};

struct Poll {
  std::string_view what;
  Match trigger;
  Match polled;          // of the same index, where both are of an array
  bool any_bit = false;  // one of polled.mask is enough
  unsigned tries = 1;
  microseconds interval{0};

  bool Ends(std::uint32_t value) const {
    return any_bit ? (value & polled.mask) != 0 : polled.Matches(value);
  }
};

/// Of Linux 6.1's ixgbe.
inline constexpr Poll kLinuxPolls[] = {
    {.what = "EEPROM word is read",
     .trigger = {"EERD", 0x1, 0x1},
     .polled = {"EERD", 0x2, 0x2},
     .tries = 100'000,
     .interval = microseconds(5)},
    {.what = "MDIO command has ended",
     .trigger = {"MSCA", 0x40000000, 0x40000000},
     .polled = {"MSCA", 0x40000000, 0},
     .tries = 100,
     .interval = microseconds(10)},
    {.what = "the semaphore between drivers is free once it was given back",
     .trigger = {"SWSM", 0x3, 0x0},
     .polled = {"SWSM", 0x1, 0x0},
     .tries = 2000,
     .interval = microseconds(50)},
    {.what = "the semaphore between driver and firmware is taken",
     .trigger = {"SWSM", 0x2, 0x2},
     .polled = {"SWSM", 0x2, 0x2},
     .tries = 2000,
     .interval = microseconds(50)},
    {.what = "shared resources are free once they were given back",
     .trigger = {"SW_FW_SYNC", 0x3FF, 0x0},
     .polled = {"SW_FW_SYNC", 0x3FF, 0x0},
     .tries = 200,
     .interval = milliseconds(5)},
    {.what = "PCIe master is disabled",
     .trigger = {"CTRL", 0x04000004, 0x00000004},
     .polled = {"STATUS", 0x80000, 0},
     .tries = 800,
     .interval = microseconds(100)},
    {.what = "reset has ended",
     .trigger = {"CTRL", 0x04000000, 0x04000000},
     .polled = {"CTRL", 0x04000008, 0},
     .tries = 10,
     .interval = microseconds(1)},
    {.what = "link state machine restarts",
     .trigger = {"AUTOC", 0x1000, 0x1000},
     .polled = {"ANLP1", 0x000F0000, 0},
     .any_bit = true,
     .tries = 10,
     .interval = milliseconds(4)},
    {.what = "link comes up",
     .trigger = {"AUTOC", 0x1000, 0x1000},
     .polled = {"LINKS", 0x40000000, 0x40000000},
     .tries = 90,
     .interval = milliseconds(100)},
    {.what = "transmit security path is empty",
     .trigger = {"SECTXCTRL", 0x2, 0x2},
     .polled = {"SECTXSTAT", 0x1, 0x1},
     .tries = 20,
     .interval = milliseconds(10)},
    {.what = "receive security path is empty",
     .trigger = {"SECRXCTRL", 0x2, 0x2},
     .polled = {"SECRXSTAT", 0x1, 0x1},
     .tries = 40,
     .interval = milliseconds(1)},
    {.what = "receive queue is enabled",
     .trigger = {"RXDCTL", 0x02000000, 0x02000000},
     .polled = {"RXDCTL", 0x02000000, 0x02000000},
     .tries = 10,
     .interval = milliseconds(1)},
    {.what = "receive queue is disabled",
     .trigger = {"RXDCTL", 0x02000000, 0},
     .polled = {"RXDCTL", 0x02000000, 0},
     .tries = 10,
     .interval = milliseconds(1)},
    {.what = "transmit queue is enabled",
     .trigger = {"TXDCTL", 0x02000000, 0x02000000},
     .polled = {"TXDCTL", 0x02000000, 0x02000000},
     .tries = 10,
     .interval = milliseconds(1)},
};

/// Of our driver: 100 ms, 1 s, or 10 s for the link.
inline constexpr Poll kOurPolls[] = {
    {.what = "EEPROM word is read",
     .trigger = {"EERD", 0x1, 0x1},
     .polled = {"EERD", 0x2, 0x2},
     .tries = 10'000,
     .interval = microseconds(10)},
    {.what = "PCIe master is disabled",
     .trigger = {"CTRL", 0x04000004, 0x00000004},
     .polled = {"STATUS", 0x80000, 0},
     .tries = 10'000,
     .interval = microseconds(10)},
    {.what = "reset has ended",
     .trigger = {"CTRL", 0x04000000, 0x04000000},
     .polled = {"CTRL", 0x04000008, 0},
     .tries = 100'000,
     .interval = microseconds(10)},
    {.what = "the EEPROM is loaded",
     .trigger = {"CTRL", 0x04000000, 0x04000000},
     .polled = {"EEC", 0x200, 0x200},
     .tries = 100'000,
     .interval = microseconds(10)},
    {.what = "DMA is initialised",
     .trigger = {"CTRL", 0x04000000, 0x04000000},
     .polled = {"RDRXCTL", 0x8, 0x8},
     .tries = 100'000,
     .interval = microseconds(10)},
    {.what = "link comes up",
     .trigger = {"AUTOC", 0x1000, 0x1000},
     .polled = {"LINKS", 0x40000000, 0x40000000},
     .tries = 1'000'000,
     .interval = microseconds(10)},
    {.what = "receive queue is enabled",
     .trigger = {"RXDCTL", 0x02000000, 0x02000000},
     .polled = {"RXDCTL", 0x02000000, 0x02000000},
     .tries = 10'000,
     .interval = microseconds(10)},
    {.what = "transmit queue is enabled",
     .trigger = {"TXDCTL", 0x02000000, 0x02000000},
     .polled = {"TXDCTL", 0x02000000, 0x02000000},
     .tries = 10'000,
     .interval = microseconds(10)},
};

}  // namespace ixylab::trace

#endif  // TESTS_TRACE_POLLS_H_
