// A bus that remembers what its driver did: the last register accesses of all ports in one ring,
// decoded only when somebody asks.
#ifndef HIL_TARGET_LOGGING_BUS_H_
#define HIL_TARGET_LOGGING_BUS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "driver/bus.h"

namespace ixylab::hil {

struct RegisterAccess {
  Nanoseconds time{0};
  unsigned port = 0;
  bool write = false;
  unsigned region = 0;  // BAR 0 to 5 or Bus::kConfigSpace
  std::uint32_t offset = 0;
  unsigned bytes = 4;
  std::uint32_t value = 0;
};

/// The ring. Safe for accesses from several threads.
class AccessLog {
 public:
  static constexpr std::size_t kKept = 32;
  /// "SRRCTL[0] 0x01014 = 0x12000402 {...}": the name, offset, value and fields of a register.
  using Decoder = std::function<std::string(const RegisterAccess& access)>;
  using Sink = std::function<void(std::string_view line)>;

  explicit AccessLog(Decoder decode) : decode_(std::move(decode)) {}

  void Add(const RegisterAccess& access);
  /// The last kKept accesses, oldest first: "    1.234567 ms  port 0  W  RDT[0] 0x01018 = ...".
  std::vector<std::string> Lines() const;
  /// Gets each access from now on as such a line; null ends it.
  void SetSink(Sink sink);

 private:
  std::string Describe(const RegisterAccess& access) const;

  const Decoder decode_;
  mutable std::mutex mutex_;
  Sink sink_;
  std::uint64_t added_ = 0;
  std::array<RegisterAccess, kKept> ring_{};
};

/// Passes everything on to `bus` and register accesses to `log`.
///
/// The time of an access is the last one that the driver saw (it polls with Now or Sleep): asking
/// for it here would cost time on a target with a virtual clock, and so change the run.
class LoggingBus final : public Bus {
 public:
  /// Doorbells are logged too, or else mapped if `bus` can do that: the driver then stores to them
  /// directly.
  enum class Doorbells { kLogged, kMapped };

  LoggingBus(Bus& bus, unsigned port, AccessLog& log, Doorbells doorbells)
      : bus_(bus), port_(port), log_(log), doorbells_(doorbells) {}

  PciId id() const override { return bus_.id(); }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override;
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override;
  void* MapRegister(unsigned region, std::uint32_t offset) override;
  DmaSpace& dma() override { return bus_.dma(); }
  Interrupts EnableInterrupts(std::uint32_t vectors) override {
    return bus_.EnableInterrupts(vectors);
  }
  bool WaitForInterrupt(std::uint32_t vector, Nanoseconds timeout) override;
  Nanoseconds Now() override;
  void Sleep(Nanoseconds duration) override;

 private:
  void Log(bool write, unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value);

  Bus& bus_;
  const unsigned port_;
  AccessLog& log_;
  const Doorbells doorbells_;
  std::atomic<Nanoseconds::rep> last_time_{0};
};

}  // namespace ixylab::hil

#endif  // HIL_TARGET_LOGGING_BUS_H_
