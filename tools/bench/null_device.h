// An 82599 that is not there: BAR0 is plain memory, and rings move only when a stub is told to
// complete descriptors. What runs between two calls of the stub is the driver and nothing else.
#ifndef TOOLS_BENCH_NULL_DEVICE_H_
#define TOOLS_BENCH_NULL_DEVICE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "driver/bus.h"
#include "driver/ixgbe/queue.h"

namespace ixylab::bench {

/// Memory at device addresses that are its virtual ones, so that rings are found by their address.
class PlainMemory final : public DmaSpace {
 public:
  /// Device addresses are contiguous in pages of `page_size`. With `huge`, the kernel is asked for
  /// pages of 2 MiB (which it need not grant), else for 4 KiB.
  explicit PlainMemory(std::size_t page_size, bool huge = true)
      : page_size_(page_size), huge_(huge) {}
  std::size_t page_size() const override { return page_size_; }
  DmaMemory Allocate(std::size_t size) override;

  /// Bytes of the process that are in huge pages now (AnonHugePages of /proc/self/smaps_rollup).
  static std::size_t HugePageBytes();

 private:
  std::size_t page_size_;
  bool huge_;
};

/// The bus of a device whose registers are memory, with what a driver waits for in bring-up: resets
/// are over at once, the EEPROM is empty but for its checksum, the link is up.
class NullBus : public Bus {
 public:
  explicit NullBus(DmaSpace& dma);

  PciId id() const override { return {0x8086, 0x10FB}; }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override;
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override;
  void* MapRegister(unsigned, std::uint32_t offset) override { return &registers_[offset / 4]; }
  std::uint32_t& Register(std::uint32_t offset) { return registers_[offset / 4]; }
  DmaSpace& dma() override { return dma_; }
  Interrupts EnableInterrupts(std::uint32_t) override { return Interrupts::kNone; }
  bool WaitForInterrupt(std::uint32_t, Nanoseconds) override { return false; }
  Nanoseconds Now() override { return now_ += Nanoseconds(1); }
  void Sleep(Nanoseconds duration) override { now_ += duration; }

 private:
  DmaSpace& dma_;
  std::vector<std::uint32_t> registers_;
  Nanoseconds now_{0};
};

/// The device's side of a receive ring.
class NullReceiveRing {
 public:
  explicit NullReceiveRing(std::span<ixgbe::Descriptor> descriptors) : descriptors_(descriptors) {}
  /// Queue 0's ring as the driver described it to the bus's registers.
  explicit NullReceiveRing(NullBus& bus);

  /// Completes the next `packets` (fewer than the ring has), each as a whole frame of `size` bytes.
  void Complete(std::size_t packets, std::uint16_t size);

 private:
  std::span<ixgbe::Descriptor> descriptors_;
  std::size_t head_ = 0;
};

/// The device's side of a transmit ring.
class NullTransmitRing {
 public:
  NullTransmitRing(std::span<ixgbe::Descriptor> descriptors, const std::uint32_t& tail)
      : descriptors_(descriptors), tail_(tail) {}
  explicit NullTransmitRing(NullBus& bus);

  /// Sends all up to the tail: writes DD where it was asked for. Returns how many packets.
  std::size_t Complete();

 private:
  std::span<ixgbe::Descriptor> descriptors_;
  const std::uint32_t& tail_;
  std::size_t head_ = 0;
};

}  // namespace ixylab::bench

#endif  // TOOLS_BENCH_NULL_DEVICE_H_
