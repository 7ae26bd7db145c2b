// A modelled 82599 as a fuzzer has it: brought up as a driver does, with traffic in both
// directions, and brought back to that after each input.
#ifndef TESTS_FUZZ_BENCH_82599_H_
#define TESTS_FUZZ_BENCH_82599_H_

#include <cstdint>
#include <memory>

#include "emulator/82599/chip.h"
#include "tests/fuzz/machine.h"

namespace ixylab::fuzz {

class Bench82599 {
 public:
  // Where rings and buffers are at the beginning, from Machine::kMemory on; 32 descriptors each.
  static constexpr std::uint32_t kDescriptors = 32;
  static constexpr std::uint64_t kTxRing = Machine::kMemory, kRxRing = kTxRing + 0x200,
                                 kHeadWriteBack = kRxRing + 0x200, kBuffers = kTxRing + 0x1000;

  Bench82599();

  /// After an input: what a driver does with a device that another one has left behind (a Function
  /// Level Reset, then its own bring-up), and a frame each way. Here shows what an input has broken
  /// that no reset repairs.
  void BringUp();

  std::uint32_t Read(std::uint32_t offset) { return machine.Read(0, offset, 4); }
  void Write(std::uint32_t offset, std::uint32_t value) { machine.Write(0, offset, 4, value); }
  /// One of the two 8-byte words of a descriptor, as the CPU sees it.
  std::uint64_t& Word(std::uint64_t ring, std::uint32_t index, unsigned word);
  emulator::NicFunction& function() { return chip->function(0); }

  Machine machine;
  std::unique_ptr<emulator::intel82599::Chip> chip;

 private:
  void MakeChip();
  void StartRings();
  void ExchangeFrames();

  // No reset brings the EEPROM's contents back: after a write to it there has to be another chip.
  bool eeprom_written_ = true;
};

// Datasheet, 8.2.3. Queue registers are those of queue 0.
inline constexpr std::uint32_t kStatus = 0x00008, kEec = 0x10010, kEewr = 0x10018, kRdbal = 0x01000,
                               kRdbah = 0x01004, kRdlen = 0x01008, kSrrctl = 0x01014,
                               kRdt = 0x01018, kRxdctl = 0x01028, kRxctrl = 0x03000,
                               kHlreg0 = 0x04240, kLinks = 0x042A4, kDmatxctl = 0x04A80,
                               kRdrxctl = 0x02F00, kFctrl = 0x05080, kTdbal = 0x06000,
                               kTdbah = 0x06004, kTdlen = 0x06008, kTdh = 0x06010, kTdt = 0x06018,
                               kTxdctl = 0x06028, kTdwbal = 0x06038, kTdwbah = 0x0603C;

}  // namespace ixylab::fuzz

#endif  // TESTS_FUZZ_BENCH_82599_H_
