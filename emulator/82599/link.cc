// The link (datasheet 3.7, 8.2.3.22): an SFP+ cage and what is in it.
#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kModulePresent = 1u << 2, kLaserDisable = 1u << 3;  // ESDP.SDP2, SDP3
constexpr std::uint32_t kForceLinkUp = 1u << 0, kRestart = 1u << 12;        // AUTOC
constexpr std::uint32_t kLmsShift = 13, kLms10GigabitSerial = 3;            // AUTOC.LMS
constexpr std::uint32_t kLinkStatusChange = 1u << 20;                       // EICR.LSC

// How long the transmitter is off after CTRL.LNK_RST, and the state machine of auto-negotiation
// busy after AUTOC was written: Linux polls ANLP1 for 10 x 4 ms.
constexpr Nanoseconds kLinkResetTime = std::chrono::microseconds(2);
constexpr Nanoseconds kNegotiationTime = std::chrono::milliseconds(2);

// A driver that resets the pipeline sets another mode for as long (ixgbe_reset_pipeline_82599: 10 x
// 8 ms at most); one that stays in it has no link.
constexpr Nanoseconds kPipelineResetTime = std::chrono::milliseconds(90);
// A frame of MDIO: 64 clocks of 24 MHz (HLREG0.MDCSPD).
constexpr Nanoseconds kMdioTime = std::chrono::microseconds(3);

constexpr RegisterInfo kEsdp = Row("ESDP"), kI2cctl = Row("I2CCTL"), kAutoc = Row("AUTOC"),
                       kAnlp1 = Row("ANLP1"), kMsca = Row("MSCA"), kMsrwd = Row("MSRWD");
constexpr std::uint32_t kClockOut = 1u << 1, kDataOut = 1u << 3;  // I2CCTL

std::uint32_t LinkMode(std::uint32_t autoc) { return autoc >> kLmsShift & 7; }

}  // namespace

/// A reset of the MAC trains the link anew. The laser stays on meanwhile, so that the other end
/// keeps its link, unless it was a link reset. (A guess: no driver says what the other end sees.)
void Port::ResetLink() {
  training_ = false;
  ++training_number_;
  negotiated_at_ = Nanoseconds{0};
  if (link_reset_) {
    Later(kLinkResetTime, [this] {
      link_reset_ = false;
      UpdateLink();
    });
  }
  sfp_.Drive(true, true);  // I2CCTL lets go of the bus; the module has power all the time
  link_up_ = false;
  link_was_down_ = true;
  UpdateLink();
}

bool Port::TransmitterOn() const {
  return sfp_.present() && !link_reset_ && (registers_.Peek(kEsdp.offset) & kLaserDisable) == 0 &&
         LinkMode(registers_.Peek(kAutoc.offset)) == kLms10GigabitSerial;
}

/// Follows whatever the link depends on: both lasers, the cable, AUTOC.
void Port::UpdateLink() {
  const bool on = TransmitterOn();
  if (wire_ != nullptr) wire_->SetSignal(end_, on);
  if ((registers_.Peek(kAutoc.offset) & kForceLinkUp) != 0) {
    SetLink(true);
  } else if (!on || !carrier_) {
    // A MAC whose own signal does not arrive is told so by the other one (IEEE 802.3, 46.3.4,
    // remote fault): the link is up in both directions or not at all.
    training_ = false;
    ++training_number_;
    SetLink(false);
  } else if (!link_up_ && !training_) {
    StartTraining();
  }
  UpdateMac();
}

void Port::StartTraining() {
  training_ = true;
  Later(config_.link_up_time, [this, number = ++training_number_] {
    if (number != training_number_) return;
    training_ = false;
    SetLink(true);
  });
}

void Port::SetLink(bool up) {
  if (link_up_ == up) return;
  link_up_ = up;
  if (!up) link_was_down_ = true;
  UpdateMac();
  if (!up) EndPause();
  RaiseOther(kLinkStatusChange);
}

void Port::OnCarrier(bool present) {
  carrier_ = present;
  if (!present && link_up_) ++statistics_.local_faults;
  UpdateLink();
}

std::uint32_t Port::ReadEsdp(std::uint32_t) {
  const std::uint32_t value = registers_.Peek(kEsdp.offset) & ~kModulePresent;
  return value | (sfp_.present() ? kModulePresent : 0);
}

void Port::WroteEsdp(std::uint32_t, std::uint32_t) { UpdateLink(); }

// --- I2C and MDIO ---

std::uint32_t Port::ReadI2cctl(std::uint32_t) {
  constexpr std::uint32_t kClockIn = 1u << 0, kDataIn = 1u << 2;
  return (registers_.Peek(kI2cctl.offset) & (kClockOut | kDataOut)) |
         (sfp_.clock() ? kClockIn : 0) | (sfp_.data() ? kDataIn : 0);
}

void Port::WroteI2cctl(std::uint32_t, std::uint32_t value) {
  sfp_.Drive((value & kClockOut) != 0, (value & kDataOut) != 0);
}

/// No PHY is on the bus of a card with SFP+ cages: what is read are the bus's pull-ups.
void Port::WroteMsca(std::uint32_t, std::uint32_t value) {
  constexpr std::uint32_t kCommand = 1u << 30, kRead = 1u << 27;  // OPCODE: 2 and 3 read
  constexpr std::uint32_t kReadData = 0xFFFF0000;                 // MSRWD
  if ((value & kCommand) == 0) return;
  Later(kMdioTime, [this, value] {
    registers_.Poke(kMsca.offset, kCommand, 0);
    if ((value & kRead) != 0) registers_.Poke(kMsrwd.offset, kReadData, kReadData);
  });
}

// --- Link set-up and status ---

void Port::WroteAutoc(std::uint32_t, std::uint32_t value) {
  negotiated_at_ = host_.Now() + kNegotiationTime;
  if (LinkMode(value) != kLms10GigabitSerial) {
    Later(kPipelineResetTime, [this] {
      const std::uint32_t autoc = registers_.Peek(kAutoc.offset), mode = LinkMode(autoc);
      if (mode == kLms10GigabitSerial || (autoc & kForceLinkUp) != 0) return;
      LogOnce(kLinkMode, mode, [] {
        return std::string("AUTOC.LMS: only 10 Gbit/s serial (3) is modelled; there is no link");
      });
    });
  }
  if ((value & kRestart) != 0) {
    training_ = false;
    SetLink(false);
  }
  UpdateLink();
}

std::uint32_t Port::ReadAnlp1(std::uint32_t) {
  constexpr std::uint32_t kStateDone = 1u << 16;  // any non-zero state will do (Linux)
  const std::uint32_t stored = registers_.Peek(kAnlp1.offset);
  return host_.Now() >= negotiated_at_ ? stored | kStateDone : stored;
}

std::uint32_t Port::ReadLinks(std::uint32_t) {
  constexpr std::uint32_t kUpSinceLastRead = 1u << 7, kUp = 1u << 30, k10Gigabit = 3u << 28;
  std::uint32_t value = 0;
  if (link_up_) value = kUp | k10Gigabit | (link_was_down_ ? 0 : kUpSinceLastRead);
  link_was_down_ = !link_up_;
  return value;
}

}  // namespace ixylab::emulator::intel82599
