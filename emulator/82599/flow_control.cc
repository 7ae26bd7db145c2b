// Between the MAC and the wire: MAC loopback, and flow control by the pause frames of IEEE 802.3,
// annex 31B (datasheet 3.7.7, 8.2.3.3, 8.2.3.22). The rules of the 82598's datasheet (3.1.4.5,
// 4.4.3.4) and the I210's (8.5.7), which have the same registers.
//
// 10GBASE-R negotiates nothing: what both ends do is their drivers' choice, and ANLP1 has no pause
// bits (Linux, ixgbe_device_supports_autoneg_fc: only at 1 Gbit/s).
#include <algorithm>
#include <array>

#include "emulator/82599/headers.h"
#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kLoopback = 1u << 15;       // HLREG0.LPBK
constexpr std::uint32_t kTransmitEnable = 1u << 0;  // DMATXCTL.TE
constexpr std::uint32_t kPassControlFrames = 1u << 0, kDiscardPause = 1u << 1,
                        kReceiveEnable = 1u << 3;                         // MFLCN: PMCF, DPF, RFCE
constexpr std::uint32_t kSendEnable = 1u << 3;                            // FCCFG.TFCE, 802.3x
constexpr std::uint32_t kBufferEnable = 1u << 31, kXonEnable = 1u << 31;  // FCRTH, FCRTL
constexpr std::uint32_t kThreshold = 0x7FFE0;                             // both: bytes
constexpr std::uint32_t kPauseTime = 0xFFFF;                              // FCTTV.TTV0, FCRTV

constexpr std::uint64_t kControlAddress = 0x010000C28001;  // 01:80:C2:00:00:01, first byte lowest
constexpr std::uint32_t kControlType = 0x8808, kPauseOpcode = 1;
constexpr std::size_t kOpcodeOffset = 14, kTimeOffset = 16, kPauseFrameSize = 60;
constexpr std::size_t kAddressSize = 6;

// What a transmitter that is paused may have taken from memory: more than a batch of the longest
// frames. The chip's transmit packet buffer has 160 KiB and lets nothing be fetched beyond them.
constexpr std::size_t kMostHeld = std::size_t{1} << 20;
// The least time between two pause frames that only refresh a pause.
constexpr Nanoseconds kShortestRefresh = std::chrono::microseconds(1);

/// A quantum is 512 bits, 51.2 ns at 10 Gbit/s (IEEE 802.3, 31B.2).
constexpr Nanoseconds PauseDuration(std::uint32_t quanta) {
  return Nanoseconds(quanta * 512ull / 10);
}

constexpr RegisterInfo kHlreg0 = Row("HLREG0"), kDmatxctl = Row("DMATXCTL"), kMflcn = Row("MFLCN"),
                       kFccfg = Row("FCCFG"), kFcrth = Row("FCRTH"), kFcrtl = Row("FCRTL"),
                       kFcttv = Row("FCTTV"), kFcrtv = Row("FCRTV"), kRal = Row("RAL"),
                       kRah = Row("RAH");

}  // namespace

/// Who may send to whom: after each change of the link, HLREG0, DMATXCTL or a pause.
void Port::UpdateMac() {
  loopback_ = (registers_.Peek(kHlreg0.offset) & kLoopback) != 0;
  // The other end sends once its link is up, which says that this receiver is in step (IEEE 802.3,
  // 46.3.4, remote fault), although the end of training may be a moment later here.
  hears_wire_ = (link_up_ || training_) && !loopback_;
  const bool holding = paused_ || !held_.empty();
  out_ = loopback_ || holding ? &inner_wire_ : wire_;
  transmit_enabled_ = link_up_ && (loopback_ || wire_ != nullptr) && !holding &&
                      (registers_.Peek(kDmatxctl.offset) & kTransmitEnable) != 0;
}

void Port::WroteHlreg0(std::uint32_t index, std::uint32_t value) {
  WroteReceiveControl(index, value);
  UpdateMac();
}

void Port::ResetFlowControl() {
  DropHeld();
  paused_ = pause_timer_running_ = xoff_sent_ = refresh_timer_running_ = false;
  UpdateMac();
}

// --- Pause frames received ---

/// A frame of type 8808h, to the address of MAC control frames or to the station's own (82598
/// datasheet, 3.1.4.5.1). True if it goes no further.
bool Port::TakeControlFrame(std::span<const std::byte> frame) {
  const std::uint64_t destination = Destination(frame);
  const std::uint64_t own =
      registers_.Peek(kRal.At(0)) | std::uint64_t{registers_.Peek(kRah.At(0)) & 0xFFFF} << 32;
  if (destination != kControlAddress && destination != own) return false;
  const std::uint32_t mflcn = registers_.Peek(kMflcn.offset);
  if (Load16(frame, kOpcodeOffset) != kPauseOpcode) return (mflcn & kPassControlFrames) == 0;
  // "When flow control reception is disabled, [they] are parsed as regular packets" (82575, 9.3.4).
  if ((mflcn & kReceiveEnable) == 0) return false;
  const std::uint32_t quanta = Load16(frame, kTimeOffset);
  ++(quanta == 0 ? statistics_.xons_received : statistics_.xoffs_received);
  Pause(quanta);
  return (mflcn & kDiscardPause) != 0;
}

/// The last frame that the partner sent counts, and 0 is the end (31B.3.3).
void Port::Pause(std::uint32_t quanta) {
  if (quanta == 0) return EndPause();
  paused_until_ = host_.Now() + PauseDuration(quanta);
  paused_ = true;
  UpdateMac();
  AwaitPauseEnd();
}

/// One timer that counts, unless a later pause is to end sooner.
void Port::AwaitPauseEnd() {
  if (pause_timer_running_ && pause_timer_at_ <= paused_until_) return;
  pause_timer_running_ = true;
  pause_timer_at_ = paused_until_;
  Later(paused_until_ - host_.Now(), [this, number = ++pause_timer_number_] {
    if (number != pause_timer_number_) return;
    pause_timer_running_ = false;
    if (!paused_) return;
    if (host_.Now() < paused_until_) return AwaitPauseEnd();
    EndPause();
  });
}

/// What was held back is not sent from here: the partner, which may have sent an XON just now, is
/// to find its buffer in order.
void Port::EndPause() {
  if (!paused_) return;
  paused_ = false;
  if (!link_up_) DropHeld();
  UpdateMac();
}

void Port::WroteMflcn(std::uint32_t, std::uint32_t value) {
  if ((value & kReceiveEnable) == 0) EndPause();
}

/// 802.3 lets a frame end that has begun; these have not, though their descriptors are done with.
void Port::OnFrameInside(const Frame& frame) {
  if (paused_ || !held_.empty()) return Hold(frame);
  Leave(frame);
}

void Port::Hold(const Frame& frame) {
  held_bytes_ += frame.bytes.size();
  held_.push_back({{frame.bytes.begin(), frame.bytes.end()}, frame.fcs});
  if (held_bytes_ <= kMostHeld) return;
  // One packet to be segmented can become more than any buffer holds.
  LogOnce(kPauseOverrun, 0, [] {
    return std::string("a pause does not hold back segments of a packet beyond 1 MiB of frames");
  });
  LetGo(true);
}

void Port::DropHeld() {
  held_.clear();
  held_bytes_ = 0;
}

/// A step of work: what was held back goes before what is still in memory.
bool Port::RunHeld() {
  if (held_.empty() || paused_) return false;
  LetGo(false);
  UpdateMac();
  return true;
}

/// Sends what was held back, until the partner objects.
void Port::LetGo(bool although_paused) {
  while (!held_.empty() && (!paused_ || although_paused)) {
    const HeldFrame frame = std::move(held_.front());
    held_.pop_front();
    held_bytes_ -= frame.bytes.size();
    Leave({.bytes = frame.bytes, .fcs = frame.fcs});
  }
}

void Port::Leave(const Frame& frame) {
  if (loopback_) {
    OnLoopedFrame(frame);
  } else if (wire_ != nullptr) {
    wire_->Send(end_, frame);
  }
}

/// Linux's and 82598's TXOFF: the partner has paused this port.
std::uint32_t Port::ReadTfcs(std::uint32_t) { return paused_ ? 1 : 0; }

// --- Pause frames sent ---

/// For FCCFG, FCRTH and FCRTL: a buffer that is already above its mark is seen at once.
void Port::WroteFlowControl(std::uint32_t, std::uint32_t) { UpdateXoff(); }

/// After each change of what the packet buffer holds. "Each time the receive FIFO reaches the
/// fullness indicated by RTH, hardware transmits a pause frame" (8.2.3.3.4), and an XON once it has
/// fallen to RTL, with XONE.
void Port::UpdateXoff() {
  // In loopback, or with the partner on the same host, a pause frame may fill the buffer further.
  if (updating_xoff_) return;
  updating_xoff_ = true;
  const std::uint32_t fcrth = registers_.Peek(kFcrth.At(0)), fcrtl = registers_.Peek(kFcrtl.At(0));
  if ((registers_.Peek(kFccfg.offset) & kSendEnable) == 0 || (fcrth & kBufferEnable) == 0) {
    xoff_sent_ = false;
  } else if (!xoff_sent_ && !packet_buffer_.empty() &&
             packet_buffer_.used() >= (fcrth & kThreshold)) {
    xoff_sent_ = true;
    SendPause(registers_.Peek(kFcttv.At(0)) & kPauseTime);
    RefreshXoff();
  } else if (xoff_sent_ && packet_buffer_.used() <= (fcrtl & kThreshold)) {
    xoff_sent_ = false;
    if ((fcrtl & kXonEnable) != 0) SendPause(0);
  }
  updating_xoff_ = false;
}

/// I210 datasheet, 8.5.7: when the pause's counter reaches FCRTV "and the conditions for PAUSE
/// state are still valid (buffer fullness above low threshold value)", once more; with 0, not at
/// all.
void Port::RefreshXoff() {
  const std::uint32_t time = registers_.Peek(kFcttv.At(0)) & kPauseTime;
  const std::uint32_t threshold = registers_.Peek(kFcrtv.offset) & kPauseTime;
  if (threshold == 0 || threshold >= time || refresh_timer_running_) return;
  refresh_timer_running_ = true;
  Later(std::max(PauseDuration(time - threshold), kShortestRefresh), [this] {
    refresh_timer_running_ = false;
    if (!xoff_sent_) return;
    SendPause(registers_.Peek(kFcttv.At(0)) & kPauseTime);
    RefreshXoff();
  });
}

/// Not held back by a pause of this port (31B.3.2). GPTC, MPTC, PTC64 and GOTC count it: Linux and
/// DPDK subtract LXONTXC and LXOFFTXC from them.
void Port::SendPause(std::uint32_t quanta) {
  if (!link_up_) return;
  std::array<std::byte, kPauseFrameSize> frame{};
  const auto store = [&frame](std::size_t at, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) frame[at + i] = std::byte(value >> 8 * i);
  };
  const auto store_big = [&frame](std::size_t at, std::uint32_t value) {
    frame[at] = std::byte(value >> 8);
    frame[at + 1] = std::byte(value);
  };
  store(0, kControlAddress, kAddressSize);
  store(kAddressSize, registers_.Peek(kRal.At(0)), 4);
  store(kAddressSize + 4, registers_.Peek(kRah.At(0)), 2);
  store_big(kEtherTypeOffset, kControlType);
  store_big(kOpcodeOffset, kPauseOpcode);
  store_big(kTimeOffset, quanta);
  ++(quanta == 0 ? statistics_.xons_sent : statistics_.xoffs_sent);
  constexpr std::uint64_t kSize = kPauseFrameSize + kCrcSize;
  statistics_.sent.Count(kSize, kSize, kControlAddress);
  Leave({.bytes = frame});
}

}  // namespace ixylab::emulator::intel82599
