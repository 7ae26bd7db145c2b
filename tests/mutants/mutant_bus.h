// A bus with a fault, around a good one.
#ifndef TESTS_MUTANTS_MUTANT_BUS_H_
#define TESTS_MUTANTS_MUTANT_BUS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "driver/bus.h"
#include "driver/memory_pool.h"

namespace ixylab::mutants {

enum class BusFault {
  kBitDropped,
  kOffsetOffBy4,
  kDoorbellLost,
  kWriteBackTooEarly,
  kCounterNotCleared,
  kResetIgnored,
  kResetNeverEnds,
};

/// The fault that mutants.bzl calls `name`, if it is one of a bus.
std::optional<BusFault> FindBusFault(std::string_view name);

/// Frames whose data are late: what has been held back of them, for all ports.
class LateData {
 public:
  /// The buffers of the pools of the port on `bus`, which replace those of its last opening.
  void Watch(const Bus& bus, std::span<MemoryPool* const> pools);
  void Before();  // a write that may bring frames
  void After();   // holds back what has arrived
  void Deliver();

 private:
  static constexpr std::size_t kBytes = 64;
  using Data = std::array<std::byte, kBytes>;
  struct Held {
    PacketBuffer* buffer;
    Data data;
  };

  std::map<const Bus*, std::vector<PacketBuffer*>> buffers_;
  std::vector<Held> before_;
  std::vector<Held> held_;
};

/// Hides MapRegister, so that it sees every tail.
class MutantBus final : public Bus {
 public:
  MutantBus(Bus& bus, BusFault fault, LateData& late) : bus_(bus), fault_(fault), late_(late) {}

  PciId id() const override { return bus_.id(); }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override;
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override;
  void* MapRegister(unsigned, std::uint32_t) override { return nullptr; }
  DmaSpace& dma() override { return bus_.dma(); }
  Interrupts EnableInterrupts(std::uint32_t vectors) override {
    return bus_.EnableInterrupts(vectors);
  }
  bool WaitForInterrupt(std::uint32_t vector, Nanoseconds timeout) override {
    return bus_.WaitForInterrupt(vector, timeout);
  }
  Nanoseconds Now() override { return bus_.Now(); }
  void Sleep(Nanoseconds duration) override { bus_.Sleep(duration); }

 private:
  Bus& bus_;
  const BusFault fault_;
  LateData& late_;
  std::uint32_t tails_written_ = 0;
  std::map<std::uint32_t, std::uint32_t> counters_;  // what reading should have cleared
};

}  // namespace ixylab::mutants

#endif  // TESTS_MUTANTS_MUTANT_BUS_H_
