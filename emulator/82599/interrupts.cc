// Interrupts (datasheet 7.3, 8.2.3.5): causes, masks, vectors and their throttling.
//
// Bits 0-15 of EICR and its kin are the first 16 vectors that queues are allocated to by IVAR; the
// _EX registers have all 64. Bits 16-30 are causes by name, which IVAR_MISC leads to a vector.
#include <bit>

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kQueueBits = 0x0000FFFF, kOtherBits = 0x7FFF0000;
constexpr std::uint32_t kMultipleMsix = 1u << 4, kOtherClearDisable = 1u << 5,
                        kAutoMaskOnMessage = 1u << 30;  // GPIE, with EIAME the last
constexpr std::uint32_t kAllocationValid = 1u << 7, kAllocationMask = 0x3F;  // a byte of IVAR

constexpr unsigned kNoVector = 64;

constexpr RegisterInfo kGpie = Row("GPIE"), kEiac = Row("EIAC"), kEiam = Row("EIAM"),
                       kEiamEx = Row("EIAM_EX", 1), kIvar = Row("IVAR"),
                       kIvarMisc = Row("IVAR_MISC"), kEitr = Row("EITR"),
                       kEitrUpper = Row("EITR", 24);

std::uint64_t Half(std::uint32_t index, std::uint32_t value) {
  return std::uint64_t{value} << (index == 2 ? 32 : 0);
}

}  // namespace

/// The vector that IVAR gives a queue, as a bit. IVAR[n] has, from its lowest byte on, RX 2n, TX
/// 2n, RX 2n+1, TX 2n+1. Without MSI-X an allocation is a bit of EICR, 0 to 15 (8.2.3.5.12).
std::uint64_t Port::CauseOf(std::uint32_t queue, bool transmit) const {
  const std::uint32_t byte = queue % 2 * 2 + (transmit ? 1 : 0);
  const std::uint32_t allocation = registers_.Peek(kIvar.At(queue / 2)) >> 8 * byte;
  if ((allocation & kAllocationValid) == 0) return 0;
  const bool msix = (registers_.Peek(kGpie.offset) & kMultipleMsix) != 0;
  return std::uint64_t{1} << (allocation & (msix ? kAllocationMask : 0xF));
}

void Port::UpdateCauses() {
  for (std::uint32_t queue = 0; queue < kQueues; ++queue) {
    rx_[queue].cause = CauseOf(queue, false);
    tx_[queue].cause = CauseOf(queue, true);
  }
}

void Port::WroteIvar(std::uint32_t, std::uint32_t) { UpdateCauses(); }

void Port::WroteGpie(std::uint32_t, std::uint32_t) {
  UpdateCauses();
  EvaluateInterrupts();
}

void Port::RaiseOther(std::uint32_t cause) {
  other_causes_ |= cause;
  EvaluateInterrupts();
}

/// Sends a message for each cause that is set and enabled and was not so at the last look.
void Port::EvaluateInterrupts() {
  const std::uint64_t vectors = vector_causes_ & vector_mask_;
  const std::uint32_t others = other_causes_ & other_mask_;
  std::uint64_t fresh = vectors & ~vector_seen_;
  const std::uint32_t fresh_others = others & ~other_seen_;
  vector_seen_ = vectors;
  other_seen_ = others;
  if (fresh == 0 && fresh_others == 0) return;

  if ((registers_.Peek(kGpie.offset) & kMultipleMsix) == 0) {
    if (!Throttled(0)) SendVector(0);
    return;
  }
  if (fresh_others != 0 && OtherVector() != kNoVector) fresh |= std::uint64_t{1} << OtherVector();
  for (; fresh != 0; fresh &= fresh - 1) {
    const auto vector = static_cast<unsigned>(std::countr_zero(fresh));
    if (!Throttled(vector)) SendVector(vector);
  }
}

/// The vector of the causes by name: the second byte of IVAR_MISC.
unsigned Port::OtherVector() const {
  const std::uint32_t allocation = registers_.Peek(kIvarMisc.offset) >> 8;
  return (allocation & kAllocationValid) != 0 ? allocation & kAllocationMask : kNoVector;
}

/// EITR: no two messages of a vector within its interval, which is in units of 2 us at 10 Gbit/s
/// (8.2.3.5.8). One that comes too early waits for its end.
bool Port::Throttled(unsigned vector) {
  const Nanoseconds now = host_.Now();
  if (now >= not_before_[vector]) return false;
  const std::uint64_t bit = std::uint64_t{1} << vector;
  if ((timer_running_ & bit) == 0) {
    timer_running_ |= bit;
    Later(not_before_[vector] - now, [this, vector, bit] {
      timer_running_ &= ~bit;
      const bool msix = (registers_.Peek(kGpie.offset) & kMultipleMsix) != 0;
      vector_seen_ &= msix ? ~bit : 0;
      if (!msix || vector == OtherVector()) other_seen_ = 0;
      EvaluateInterrupts();
    });
  }
  return true;
}

void Port::SendVector(unsigned vector) {
  const std::uint32_t interval =
      registers_.Peek(vector < kEitr.count ? kEitr.At(vector) : kEitrUpper.At(vector)) >> 3 & 0x1FF;
  not_before_[vector] = host_.Now() + std::chrono::microseconds(2) * interval;

  // What happens along with the message: auto-mask by EIAM, auto-clear by EIAC. For vectors 16 and
  // up there is no EIAC: they clear themselves (a guess).
  const std::uint64_t bit = std::uint64_t{1} << vector;
  const bool msix = (registers_.Peek(kGpie.offset) & kMultipleMsix) != 0;
  if (msix) {
    const std::uint64_t auto_mask = (registers_.Peek(kEiam.offset) & kQueueBits) |
                                    Half(1, registers_.Peek(kEiamEx.At(1))) |
                                    Half(2, registers_.Peek(kEiamEx.At(2)));
    const std::uint64_t auto_clear =
        (registers_.Peek(kEiac.offset) & kQueueBits) | ~std::uint64_t{kQueueBits};
    if ((registers_.Peek(kGpie.offset) & kAutoMaskOnMessage) != 0)
      vector_mask_ &= ~(bit & auto_mask);
    vector_causes_ &= ~(bit & auto_clear);
    vector_seen_ &= vector_causes_ & vector_mask_;
  }
  host_.RaiseVector(number_, vector);
}

// --- Cause (EICR, EICS) ---

/// Reading clears (8.2.3.5.1): all, or with GPIE.OCD only the causes by name.
std::uint32_t Port::ReadEicr(std::uint32_t) {
  const std::uint32_t value =
      static_cast<std::uint32_t>(vector_causes_ & kQueueBits) | (other_causes_ & kOtherBits);
  const bool queues_too = (registers_.Peek(kGpie.offset) & kOtherClearDisable) == 0;
  WroteEicr(0, queues_too ? value : value & kOtherBits);
  return value;
}

/// Write 1 to clear. Without EIAME the access also masks what EIAM names (8.2.3.5.6).
void Port::WroteEicr(std::uint32_t, std::uint32_t value) {
  if ((registers_.Peek(kGpie.offset) & kAutoMaskOnMessage) == 0) {
    const std::uint32_t masked = value & registers_.Peek(kEiam.offset);
    vector_mask_ &= ~std::uint64_t{masked & kQueueBits};
    other_mask_ &= ~(masked & kOtherBits);
  }
  vector_causes_ &= ~std::uint64_t{value & kQueueBits};
  other_causes_ &= ~value;
  EvaluateInterrupts();
}

std::uint32_t Port::ReadEics(std::uint32_t) {
  return static_cast<std::uint32_t>(vector_causes_ & kQueueBits) | (other_causes_ & kOtherBits);
}

void Port::WroteEics(std::uint32_t, std::uint32_t value) {
  vector_causes_ |= value & kQueueBits;
  other_causes_ |= value & kOtherBits;
  EvaluateInterrupts();
}

std::uint32_t Port::ReadEicsEx(std::uint32_t index) {
  return static_cast<std::uint32_t>(vector_causes_ >> (index == 2 ? 32 : 0));
}

std::uint32_t Port::ReadEicrEx(std::uint32_t index) {
  const std::uint32_t value = ReadEicsEx(index);
  if ((registers_.Peek(kGpie.offset) & kOtherClearDisable) == 0) WroteEicrEx(index, value);
  return value;
}

void Port::WroteEicrEx(std::uint32_t index, std::uint32_t value) {
  vector_causes_ &= ~Half(index, value);
  EvaluateInterrupts();
}

void Port::WroteEicsEx(std::uint32_t index, std::uint32_t value) {
  vector_causes_ |= Half(index, value);
  EvaluateInterrupts();
}

// --- Mask (EIMS, EIMC) ---

std::uint32_t Port::ReadEims(std::uint32_t) {
  return static_cast<std::uint32_t>(vector_mask_ & kQueueBits) | (other_mask_ & kOtherBits);
}

void Port::WroteEims(std::uint32_t, std::uint32_t value) {
  vector_mask_ |= value & kQueueBits;
  other_mask_ |= value & kOtherBits;
  EvaluateInterrupts();
}

void Port::WroteEimc(std::uint32_t, std::uint32_t value) {
  vector_mask_ &= ~std::uint64_t{value & kQueueBits};
  other_mask_ &= ~value;
  EvaluateInterrupts();
}

std::uint32_t Port::ReadEimsEx(std::uint32_t index) {
  return static_cast<std::uint32_t>(vector_mask_ >> (index == 2 ? 32 : 0));
}

void Port::WroteEimsEx(std::uint32_t index, std::uint32_t value) {
  vector_mask_ |= Half(index, value);
  EvaluateInterrupts();
}

void Port::WroteEimcEx(std::uint32_t index, std::uint32_t value) {
  vector_mask_ &= ~Half(index, value);
  EvaluateInterrupts();
}

}  // namespace ixylab::emulator::intel82599
