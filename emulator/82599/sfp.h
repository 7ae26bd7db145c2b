// An SFP+ module as a port's cage sees it: two memories behind a two-wire bus (SFF-8472; the bus is
// I2C, NXP UM10204). Drivers read them by moving the bus's lines with I2CCTL.
#ifndef EMULATOR_82599_SFP_H_
#define EMULATOR_82599_SFP_H_

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "emulator/82599/chip.h"

namespace ixylab::emulator::intel82599 {

using SfpPage = std::array<std::uint8_t, 256>;

/// What a module says of itself.
struct SfpMemory {
  SfpPage identity;                    // bus address A0h: SFF-8472, 4
  std::optional<SfpPage> diagnostics;  // bus address A2h: SFF-8472, 9; not in every module
};

/// The memory of a module of this type, with `serial` as the last digits of its serial number.
/// Nothing for kNone. Optics have checksums and plausible diagnostics: 35 C, 3.3 V, -2.5 dBm.
std::optional<SfpMemory> MakeSfpMemory(SfpModule module, unsigned serial);

/// The module's end of the bus. Both lines are open-drain: high while nobody pulls them low. The
/// module never stretches the clock.
class SfpBus {
 public:
  explicit SfpBus(std::optional<SfpMemory> memory) : memory_(std::move(memory)) {}

  bool present() const { return memory_.has_value(); }

  /// The master lets go of each line (true) or pulls it low. If both change at once, data settles
  /// while the clock is low.
  void Drive(bool clock, bool data);
  bool clock() const { return master_clock_; }
  bool data() const { return master_data_ && !pulls_low_; }

 private:
  enum class State : std::uint8_t {
    kIdle,     // until the next start condition
    kAddress,  // a byte comes in: the bus address
    kOffset,   // ... the byte to go on with
    kStore,    // ... data
    kSend,     // a byte goes out
  };

  void Rise();
  void Fall();
  bool TakeByte();
  void NextByte();

  std::optional<SfpMemory> memory_;
  bool master_clock_ = true, master_data_ = true;
  bool pulls_low_ = false;

  State state_ = State::kIdle;
  int bit_ = 0;  // of the byte, from the highest one; 8: the acknowledgement
  std::uint8_t shift_ = 0;
  bool acknowledged_ = false;                 // by who received the byte
  bool second_page_ = false;                  // A2h
  std::array<std::uint8_t, 2> offsets_ = {};  // where each page goes on
};

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_SFP_H_
