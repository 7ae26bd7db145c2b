// Reads and writes by register, and waits that end: each has a deadline in the bus's time and an
// error that names the register.
#ifndef DRIVER_IXGBE_REGISTER_ACCESS_H_
#define DRIVER_IXGBE_REGISTER_ACCESS_H_

#include <cstdint>
#include <cstdio>

#include "driver/bus.h"
#include "driver/ixgbe/registers.h"

namespace ixylab::ixgbe {

class RegisterAccess {
 public:
  explicit RegisterAccess(Bus& bus) : bus_(bus) {}

  std::uint32_t Read(Register r) { return bus_.Read32(r.offset); }
  void Write(Register r, std::uint32_t value) { bus_.Write32(r.offset, value); }
  void Set(Register r, std::uint32_t bits) { Write(r, Read(r) | bits); }
  void Clear(Register r, std::uint32_t bits) { Write(r, Read(r) & ~bits); }
  void WriteAll(const RegisterArray& array, std::uint32_t value) {
    for (std::uint32_t n = 0; n < array.count; ++n) Write(array[n], value);
  }
  void Sleep(Nanoseconds duration) { bus_.Sleep(duration); }

  /// Waits until the bits of `mask` read as `expected`; false after `deadline`.
  bool Poll(Register r, std::uint32_t mask, std::uint32_t expected, Nanoseconds deadline) {
    constexpr Nanoseconds kInterval = std::chrono::microseconds(10);
    const Nanoseconds end = bus_.Now() + deadline;
    while ((Read(r) & mask) != expected) {
      if (bus_.Now() >= end) return false;
      bus_.Sleep(kInterval);
    }
    return true;
  }

  /// The same, but throws DeviceError.
  void WaitFor(Register r, std::uint32_t mask, std::uint32_t expected, Nanoseconds deadline) {
    if (Poll(r, mask, expected, deadline)) return;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(deadline).count();
    char text[160];
    std::snprintf(text, sizeof text,
                  "%s (0x%05x): bits 0x%08x did not become 0x%08x within %lld ms, last read 0x%08x",
                  r.name, r.offset, mask, expected, static_cast<long long>(ms), Read(r));
    throw DeviceError(text);
  }

 private:
  Bus& bus_;
};

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_REGISTER_ACCESS_H_
