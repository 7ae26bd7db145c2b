// Interrupts (datasheet 7.3, 8.2.3.5): causes, masks, vectors and their throttling.
//
// Bits 0-15 of EICR and its kin are the first 16 vectors that queues are allocated to by IVAR; the
// _EX registers have all 64. Bits 16-30 are causes by name, which IVAR_MISC leads to a vector.
//
// GPIE.MULTIPLE_MSIX says how queues map to causes. What becomes of a cause that is set and enabled
// is the configuration space's matter: with MSI-X a message of its vector (or of vector 0, without
// MULTIPLE_MSIX), with MSI one message for all, else INTA# as long as there is one.
#include <bit>

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kQueueBits = 0x0000FFFF, kOtherBits = 0x7FFF0000, kTcpTimer = 1u << 30;
constexpr std::uint32_t kMultipleMsix = 1u << 4, kOtherClearDisable = 1u << 5,
                        kImmediateEnable = 1u << 6, kAutoMaskOnMessage = 1u << 30,
                        kPbaSupport = 1u << 31;  // GPIE; EIMEN, EIAME the ones before the last
constexpr std::uint32_t kAllocationValid = 1u << 7, kAllocationMask = 0x3F;  // a byte of IVAR
constexpr std::uint32_t kCounterWriteDisable = 1u << 31;                     // EITR.CNT_WDIS
constexpr Nanoseconds kIntervalUnit = std::chrono::microseconds(2);  // of EITR, at 10 Gbit/s

constexpr unsigned kVectors = 64, kNoVector = kVectors;

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

/// A message for each cause that is set and enabled and was not so at the last look; or INTA# while
/// there is one.
void Port::EvaluateInterrupts() {
  const std::uint64_t vectors = vector_causes_ & vector_mask_;
  const std::uint32_t others = other_causes_ & other_mask_;
  if (delivery_ == Delivery::kIntx) return UpdateIntx(vectors != 0 || others != 0);
  UpdateIntx(false);
  if (!bus_master_) return;  // a message is a memory write: it waits
  std::uint64_t fresh = vectors & ~vector_seen_;
  const std::uint32_t fresh_others = others & ~other_seen_;
  vector_seen_ = vectors;
  other_seen_ = others;
  if (fresh == 0 && fresh_others == 0) return;

  if (!SeparateVectors()) {
    if (!Throttled(0)) Signal(0);
    return;
  }
  for (const std::uint32_t causes : {fresh_others & kTcpTimer, fresh_others & ~kTcpTimer}) {
    const unsigned vector = causes == 0 ? kNoVector : VectorOf(causes);
    if (vector != kNoVector) fresh |= std::uint64_t{1} << vector;
  }
  for (; fresh != 0; fresh &= fresh - 1) {
    const auto vector = static_cast<unsigned>(std::countr_zero(fresh));
    if (!Throttled(vector)) Signal(vector);
  }
}

/// Whether each vector has causes of its own.
bool Port::SeparateVectors() const {
  return delivery_ == Delivery::kMsix && (registers_.Peek(kGpie.offset) & kMultipleMsix) != 0;
}

/// The vector of causes by name: IVAR_MISC has, from its lowest byte on, the TCP timer's and that
/// of all others.
unsigned Port::VectorOf(std::uint32_t other_cause) const {
  const std::uint32_t allocation =
      registers_.Peek(kIvarMisc.offset) >> (other_cause == kTcpTimer ? 0 : 8);
  return (allocation & kAllocationValid) != 0 ? allocation & kAllocationMask : kNoVector;
}

/// EITR: no two messages of a vector (or rising edges of INTA#, by EITR[0]) within its interval
/// (8.2.3.5.8). One that comes too early waits for its end.
bool Port::Throttled(unsigned vector) {
  const Nanoseconds now = host_.Now();
  if (now >= not_before_[vector]) return false;
  const std::uint64_t bit = std::uint64_t{1} << vector;
  if ((timer_running_ & bit) == 0) {
    timer_running_ |= bit;
    Later(not_before_[vector] - now, [this, vector, bit] {
      timer_running_ &= ~bit;
      const bool separate = SeparateVectors();
      vector_seen_ &= separate ? ~bit : 0;
      if (!separate || vector == VectorOf(kTcpTimer)) other_seen_ &= ~kTcpTimer;
      if (!separate || vector == VectorOf(kOtherBits)) other_seen_ &= kTcpTimer;
      EvaluateInterrupts();
    });
  }
  return true;
}

void Port::StartInterval(unsigned vector) {
  const std::uint32_t interval =
      registers_.Peek(vector < kEitr.count ? kEitr.At(vector) : kEitrUpper.At(vector)) >> 3 & 0x1FF;
  not_before_[vector] = host_.Now() + kIntervalUnit * interval;
}

/// Once asserted, INTA# stays so until its causes are cleared or masked.
void Port::UpdateIntx(bool pending) {
  if (pending && !intx_pending_) {
    if (Throttled(0)) return;
    StartInterval(0);
  }
  const bool asserted = pending && !pci_.Command(pci::kInterruptDisable);
  if (pending == intx_pending_ && asserted == intx_asserted_) return;
  intx_pending_ = pending;
  intx_asserted_ = asserted;
  pci_.SetInterruptStatus(pending);
  host_.SetIntx(number_, asserted);
}

/// Sends the message, or leaves it pending where it is masked.
void Port::Signal(unsigned vector) {
  if (delivery_ == Delivery::kMsix) return msix_.Signal(vector);
  SignalMsi();
}

/// What happens along with a message: auto-mask by EIAM, auto-clear by EIAC. For vectors 16 and up
/// there is no EIAC: they clear themselves (a guess).
void Port::Sent(unsigned vector) {
  StartInterval(vector);
  if (SeparateVectors()) {
    const std::uint64_t bit = std::uint64_t{1} << vector;
    const std::uint32_t eiac = registers_.Peek(kEiac.offset), eiam = registers_.Peek(kEiam.offset);
    std::uint32_t others = vector == VectorOf(kTcpTimer) ? kTcpTimer : 0;
    if (vector == VectorOf(kOtherBits)) others |= kOtherBits & ~kTcpTimer;

    // A cause that is masked did not send this and waits on.
    vector_causes_ &= ~(bit & vector_mask_ & (eiac | ~std::uint64_t{kQueueBits}));
    other_causes_ &= ~(others & other_mask_ & eiac & kTcpTimer);
    if ((registers_.Peek(kGpie.offset) & kAutoMaskOnMessage) != 0) {
      vector_mask_ &= ~(bit & ((eiam & kQueueBits) | Half(1, registers_.Peek(kEiamEx.At(1))) |
                               Half(2, registers_.Peek(kEiamEx.At(2)))));
      other_mask_ &= ~(others & eiam);
    }
    vector_seen_ &= vector_causes_ & vector_mask_;
    other_seen_ &= other_causes_ & other_mask_;
  }
  host_.RaiseVector(number_, vector);
}

/// CNT_WDIS keeps the counter of the interval that is running; without it the write sets it, in
/// units of four intervals (the upper 7 of 9 bits).
void Port::WroteEitr(std::uint32_t vector, std::uint32_t value) {
  if (vector >= kVectors || (value & kCounterWriteDisable) != 0) return;
  not_before_[vector] = host_.Now() + 4 * kIntervalUnit * (value >> 21 & 0x7F);
}

/// 8.2.3.6: writing 1 clears a pending bit.
void Port::WrotePbacl(std::uint32_t index, std::uint32_t value) {
  for (; value != 0; value &= value - 1) msix_.ClearPending(32 * index + std::countr_zero(value));
}

// --- Cause (EICR, EICS) ---

/// Reading clears (8.2.3.5.1): all, or with GPIE.OCD only the causes by name.
std::uint32_t Port::ReadEicr(std::uint32_t) {
  const std::uint32_t value = ReadEics(0);
  AutoMaskOnAccess(kQueueBits | kOtherBits);
  const bool queues_too = (registers_.Peek(kGpie.offset) & kOtherClearDisable) == 0;
  ClearCauses(queues_too ? value : value & kOtherBits);
  return value;
}

/// Write 1 to clear.
void Port::WroteEicr(std::uint32_t, std::uint32_t value) {
  AutoMaskOnAccess(value);
  ClearCauses(value);
}

/// Without GPIE.EIAME the access masks what EIAM names (8.2.3.5.6): a read all of it, even if no
/// cause is set (Linux, ixgbe_intr: "the read will have disabled interrupts due to EIAM").
void Port::AutoMaskOnAccess(std::uint32_t causes) {
  if ((registers_.Peek(kGpie.offset) & kAutoMaskOnMessage) != 0) return;
  const std::uint32_t masked = causes & registers_.Peek(kEiam.offset);
  vector_mask_ &= ~std::uint64_t{masked & kQueueBits};
  other_mask_ &= ~(masked & kOtherBits);
}

void Port::ClearCauses(std::uint32_t causes) {
  vector_causes_ &= ~std::uint64_t{causes & kQueueBits};
  other_causes_ &= ~causes;
  EvaluateInterrupts();
}

std::uint32_t Port::ReadEics(std::uint32_t) {
  return static_cast<std::uint32_t>(vector_causes_ & kQueueBits) | (other_causes_ & kOtherBits);
}

void Port::WroteEics(std::uint32_t, std::uint32_t value) {
  vector_causes_ |= value & kQueueBits;
  other_causes_ |= value & kOtherBits;
  Immediate(value & kQueueBits, value & kOtherBits);
  EvaluateInterrupts();
}

/// GPIE.EIMEN: what software raises does not wait for EITR.
void Port::Immediate(std::uint64_t vectors, std::uint32_t others) {
  if ((registers_.Peek(kGpie.offset) & kImmediateEnable) == 0) return;
  if (!SeparateVectors()) {
    not_before_[0] = Nanoseconds{0};
    return;
  }
  for (; vectors != 0; vectors &= vectors - 1) {
    not_before_[std::countr_zero(vectors)] = Nanoseconds{0};
  }
  const unsigned vector = VectorOf(others);
  if (others != 0 && vector != kNoVector) not_before_[vector] = Nanoseconds{0};
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
  Immediate(Half(index, value), 0);
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
  Mask(value & kQueueBits, value & kOtherBits);
}

std::uint32_t Port::ReadEimsEx(std::uint32_t index) {
  return static_cast<std::uint32_t>(vector_mask_ >> (index == 2 ? 32 : 0));
}

void Port::WroteEimsEx(std::uint32_t index, std::uint32_t value) {
  vector_mask_ |= Half(index, value);
  EvaluateInterrupts();
}

void Port::WroteEimcEx(std::uint32_t index, std::uint32_t value) { Mask(Half(index, value), 0); }

/// With GPIE.PBA_SUPPORT a message that waits in the MSI-X table is forgotten with its mask
/// (7.3.1); its cause is not, and sends another one once it is enabled again.
void Port::Mask(std::uint64_t vectors, std::uint32_t others) {
  vector_mask_ &= ~vectors;
  other_mask_ &= ~others;
  if ((registers_.Peek(kGpie.offset) & kPbaSupport) != 0) {
    for (; vectors != 0; vectors &= vectors - 1) msix_.ClearPending(std::countr_zero(vectors));
  }
  EvaluateInterrupts();
}

}  // namespace ixylab::emulator::intel82599
