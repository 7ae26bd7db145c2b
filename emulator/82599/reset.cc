// Reset, device status and semaphores (datasheet 4.2, 8.2.3.1, 8.2.3.4).
#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kGioDisable = 1u << 2, kLinkReset = 1u << 3,
                        kDeviceReset = 1u << 26;              // CTRL
constexpr std::uint32_t kSmbi = 1u << 0, kSwesmbi = 1u << 1;  // SWSM

// The datasheet names no times but "approximately 1 ms" for a driver to wait (8.2.3.1.1); Linux
// gives up if CTRL.RST still reads 1 after 10 us, and waits 50 ms for the rest.
constexpr Nanoseconds kResetTime = std::chrono::microseconds(2);
constexpr Nanoseconds kInitializationTime = std::chrono::milliseconds(1);
constexpr Nanoseconds kMasterDisableTime = std::chrono::microseconds(5);

constexpr RegisterInfo kCtrl = Row("CTRL"), kStatus = Row("STATUS"), kRdrxctl = Row("RDRXCTL"),
                       kRal = Row("RAL"), kRah = Row("RAH"), kSwFwSync = Row("SW_FW_SYNC");

}  // namespace

void Port::Later(Nanoseconds delay, std::function<void()> work) {
  host_.Schedule(delay, [life = std::weak_ptr(life_), then = *life_, work = std::move(work)] {
    const auto now = life.lock();
    if (now != nullptr && *now == then) work();
  });
}

/// All registers to their reset values, all queues off, and no DMA any more, at once; then the
/// hardware loads the EEPROM and prepares its memories.
void Port::Reset() {
  ++*life_;
  registers_.Reset();
  for (RxQueue& queue : rx_) queue = RxQueue{{.tail = queue.tail}};
  for (TxQueue& queue : tx_) queue = TxQueue{{.tail = queue.tail}};
  active_tx_.clear();
  packet_buffer_.Clear();
  lifetime_ = Combine(lifetime_, statistics_, std::plus());
  statistics_ = {};
  logged_.clear();
  gio_enabled_ = true;
  rss_key_changed_ = true;
  pending_causes_ = vector_causes_ = vector_mask_ = vector_seen_ = 0;
  other_causes_ = other_mask_ = other_seen_ = 0;
  not_before_.fill(Nanoseconds{0});
  timer_running_ = 0;
  UpdatePci();

  // 8.2.3.7.9: "the first register (Receive Address Register 0) is loaded from the IA field in the
  // EEPROM, [...] and its Address Valid field is 1b."
  const auto mac = chip_.eeprom.MacAddress(number_);
  registers_.Poke(kRal.At(0), std::uint32_t{mac[0]} | std::uint32_t{mac[1]} << 8 |
                                  std::uint32_t{mac[2]} << 16 | std::uint32_t{mac[3]} << 24);
  registers_.Poke(kRah.At(0), std::uint32_t{mac[4]} | std::uint32_t{mac[5]} << 8 | 1u << 31);
  for (std::uint32_t queue = 0; queue < kQueues; ++queue) {
    UpdateRxQueue(queue);
    UpdateTxQueue(queue);
  }
  WroteReceiveAddress(0, 0);
  WroteReceiveControl(0, 0);
  WroteFdirctrl(0, 0);
  WroteQueueFilter(0, 0);
  ResetWindows();
  ResetFlowControl();

  resetting_ = true;
  auto_read_done_ = dma_init_done_ = false;
  Later(kResetTime, [this] { resetting_ = false; });
  Later(kInitializationTime, [this] { auto_read_done_ = dma_init_done_ = true; });
  eeprom_pins_.Drive(true, false, false);
  ResetLink();
}

std::uint32_t Port::ReadCtrl(std::uint32_t) {
  return registers_.Peek(kCtrl.offset) | (resetting_ ? kDeviceReset : 0) |
         (link_reset_ ? kLinkReset : 0);
}

void Port::WroteCtrl(std::uint32_t, std::uint32_t value) {
  if ((value & (kDeviceReset | kLinkReset)) != 0) {
    // Both reset the MAC and DMA; the link reset also takes the link down at the other end (Linux
    // uses it "if link is down", since with manageability it would cut the firmware off).
    if ((value & kLinkReset) != 0) link_reset_ = true;
    return Reset();
  }
  if ((value & kGioDisable) == 0) {
    gio_enabled_ = true;
    return UpdatePci();
  }
  // 5.2.5.3.2: requests that are under way are finished, then the status clears.
  Later(kMasterDisableTime, [this] {
    if ((registers_.Peek(kCtrl.offset) & kGioDisable) == 0) return;
    gio_enabled_ = false;
    UpdatePci();
  });
}

std::uint32_t Port::ReadStatus(std::uint32_t) {
  constexpr std::uint32_t kLinkUp = 1u << 7, kGio = 1u << 19;
  return (registers_.Peek(kStatus.offset) & ~kGio) | number_ << 2 | (link_up_ ? kLinkUp : 0) |
         (gio_enabled_ ? kGio : 0);
}

std::uint32_t Port::ReadRdrxctl(std::uint32_t) {
  constexpr std::uint32_t kDmaInitDone = 1u << 3;
  return (registers_.Peek(kRdrxctl.offset) & ~kDmaInitDone) | (dma_init_done_ ? kDmaInitDone : 0);
}

// --- Semaphores (8.2.3.4, 10.5.4): shared by both ports, and untouched by a reset of one's MAC ---

std::uint32_t Port::ReadSwsm(std::uint32_t) {
  const std::uint32_t value = chip_.swsm[0] | chip_.swsm[1];
  if ((value & kSmbi) == 0) chip_.swsm[number_] |= kSmbi;  // taken by reading it as 0
  return value;
}

/// Either driver can give SMBI back, whoever took it; SWESMBI sticks, as no firmware holds it.
void Port::WroteSwsm(std::uint32_t, std::uint32_t value) {
  for (std::uint32_t& taken : chip_.swsm) taken &= value;
  const std::uint32_t held = chip_.swsm[0] | chip_.swsm[1];
  chip_.swsm[number_] |= value & ~held & kSwesmbi;
}

std::uint32_t Port::ReadSwFwSync(std::uint32_t) {
  return chip_.sw_fw_sync[0] | chip_.sw_fw_sync[1];
}

void Port::WroteSwFwSync(std::uint32_t, std::uint32_t value) {
  for (std::uint32_t& taken : chip_.sw_fw_sync) taken &= value;
  const std::uint32_t held = chip_.sw_fw_sync[0] | chip_.sw_fw_sync[1];
  chip_.sw_fw_sync[number_] |= value & ~held & kSwFwSync.writable;
}

void Port::ReleaseSemaphores() { chip_.swsm[number_] = chip_.sw_fw_sync[number_] = 0; }

}  // namespace ixylab::emulator::intel82599
