// A bus that expects one sequence of register accesses and no other, in the manner of OpenTitan's
// mock_mmio. Its time is virtual.
#ifndef TESTS_DRIVER_MOCK_BUS_H_
#define TESTS_DRIVER_MOCK_BUS_H_

#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <utility>

#include "driver/bus.h"

namespace ixylab {

/// Use it as testing::StrictMock<MockBus>. What it does not expect fails the test and throws
/// DeviceError, so that there is one failure and not one for each access that follows.
///
/// Bits that no expectation speaks of are garbage when read.
class MockBus : public Bus {
 public:
  /// What one Now() costs; reads and writes cost nothing.
  static constexpr Nanoseconds kNowCost = std::chrono::microseconds(100);

  explicit MockBus(DmaSpace& dma);

  // In sequence with each other:
  void ExpectRead(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value);
  void ExpectWrite(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value);
  /// As many reads as the driver likes, at least two, each of `value`.
  void ExpectPolls(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value);
  // What most devices have: 32 bits in BAR 0.
  void ExpectRead32(std::uint32_t offset, std::uint32_t value) { ExpectRead(0, offset, 4, value); }
  void ExpectWrite32(std::uint32_t offset, std::uint32_t value) {
    ExpectWrite(0, offset, 4, value);
  }

  struct Bits {
    std::uint32_t set = 0;
    std::uint32_t clear = 0;
  };
  /// A read, then a write in which `bits` and nothing else has changed.
  void ExpectMask32(std::uint32_t offset, Bits bits);

  /// Polls: `early` of them do not have the bits of `mask` as in `value`, the next one has.
  /// Between two polls the driver may sleep for less than a millisecond.
  void ExpectPoll32(std::uint32_t offset, std::uint32_t mask, std::uint32_t value, int early = 0);
  /// As many polls as the driver likes, never with the right bits.
  void ExpectPollInVain32(std::uint32_t offset, std::uint32_t mask, std::uint32_t value);

  /// Writes `value` once to each of `count` registers `stride` bytes apart, in any order.
  void ExpectWriteTable32(std::uint32_t offset, std::uint32_t count, std::uint32_t value,
                          std::uint32_t stride = 4);
  /// A sleep of a millisecond or more.
  void ExpectSleep(Nanoseconds duration);
  /// Runs `check` when what is expected next (a read, a write or a sleep) happens.
  void Check(std::function<void()> check) { check_ = std::move(check); }

  /// From now on MapRegister(0, offset) is `storage`.
  void Map(std::uint32_t offset, std::uint32_t* storage) { Map(0, offset, storage); }
  void Map(unsigned region, std::uint32_t offset, void* storage) {
    mapped_[{region, offset}] = storage;
  }
  void set_id(PciId id) { id_ = id; }
  /// Virtual time, without the cost of Now().
  Nanoseconds time() const { return time_; }

  // Bus
  PciId id() const override { return id_; }
  MOCK_METHOD(std::uint32_t, Read, (unsigned region, std::uint32_t offset, unsigned bytes),
              (override));
  MOCK_METHOD(void, Write,
              (unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value),
              (override));
  MOCK_METHOD(Interrupts, EnableInterrupts, (std::uint32_t vectors), (override));
  MOCK_METHOD(bool, WaitForInterrupt, (std::uint32_t vector, Nanoseconds timeout), (override));
  void* MapRegister(unsigned region, std::uint32_t offset) override;
  DmaSpace& dma() override { return dma_; }
  Nanoseconds Now() override { return time_ += kNowCost; }
  void Sleep(Nanoseconds duration) override;

  MOCK_METHOD(void, LongSleep, (Nanoseconds duration));

 private:
  std::uint32_t Garbage() { return random_(); }
  /// The check for the expectation that is being made.
  std::function<void()> TakeCheck() {
    return std::exchange(check_, [] {});
  }

  DmaSpace& dma_;
  PciId id_ = {0x8086, 0x10FB};
  std::map<std::pair<unsigned, std::uint32_t>, void*> mapped_;
  Nanoseconds time_ = std::chrono::seconds(3);
  std::mt19937 random_;
  std::function<void()> check_ = [] {};
  testing::Sequence sequence_;
};

}  // namespace ixylab

#endif  // TESTS_DRIVER_MOCK_BUS_H_
