#include "driver/ixgbe/waiting_device.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "driver/ixgbe/option_registers.h"

namespace ixylab::ixgbe {
namespace {

/// Whether so much comes in that waiting is not worth it: a moving average over the last intervals,
/// with ixy's numbers (interrupts.h), but for the interval, which is a second there.
class Load {
 public:
  explicit Load(Nanoseconds now) : since_(now) {}

  void Add(std::size_t packets) { packets_ += packets; }
  bool IsHigh(Nanoseconds now) {
    const Nanoseconds elapsed = now - since_;
    if (elapsed < kInterval) return high_;
    const double rate = static_cast<double>(packets_) / static_cast<double>(elapsed.count());
    // It may have been a long time.
    for (auto n = std::min<std::int64_t>(elapsed / kInterval, rates_.size()); n > 0; --n) {
      rates_[oldest_] = rate;
      oldest_ = (oldest_ + 1) % rates_.size();
    }
    high_ = std::accumulate(rates_.begin(), rates_.end(), 0.0) >
            kHigh * static_cast<double>(rates_.size());
    packets_ = 0;
    since_ = now;
    return high_;
  }

 private:
  static constexpr Nanoseconds kInterval = std::chrono::milliseconds(1);
  static constexpr double kHigh = 1200 / 1e6;  // packets a nanosecond

  std::array<double, 5> rates_{};  // of the last intervals
  std::size_t oldest_ = 0;
  bool high_ = false;
  std::uint64_t packets_ = 0;  // since since_
  Nanoseconds since_;
};

class WaitingDevice final : public Device {
 public:
  WaitingDevice(std::unique_ptr<Device> device, Bus& bus, const DeviceConfig& config)
      : device_(std::move(device)), bus_(bus), wait_(config.receive_wait) {
    for (MemoryPool* pool : config.pools) queues_.push_back({Load(bus.Now()), pool});
    const auto queues = static_cast<std::uint32_t>(queues_.size());
    interrupts_ = bus.EnableInterrupts(queues);
    if (interrupts_ == Interrupts::kNone)
      throw DeviceError("receive_wait: this bus has no interrupts");
    if (interrupts_ == Interrupts::kLevel && queues > 1) {
      throw DeviceError("receive_wait: " + std::to_string(queues) +
                        " queues asked for, a bus without messages can wait for one");
    }
    Configure(queues, config.interrupt_interval);
  }

  // Queues found empty are looked at once more after their interrupt is armed: what comes in behind
  // that look raises it.
  std::size_t Receive(std::uint16_t queue, std::span<PacketBuffer*> packets) override {
    Queue& state = queues_[queue];
    std::size_t received = device_->Receive(queue, packets);
    state.load.Add(received);
    // Where there is no buffer, a frame may be there already, and no interrupt tells of it.
    if (received != 0 || packets.empty() || state.pool->available() == 0) return received;
    const Nanoseconds now = bus_.Now();
    if (state.load.IsHigh(now)) return 0;
    const Nanoseconds end = now + wait_;
    for (Nanoseconds left = wait_; received == 0 && left > Nanoseconds(0);
         left = end - bus_.Now()) {
      Arm(queue);
      received = device_->Receive(queue, packets);
      if (received == 0 && bus_.WaitForInterrupt(queue, left))
        received = device_->Receive(queue, packets);
    }
    state.load.Add(received);
    return received;
  }

  std::size_t Transmit(std::uint16_t queue, std::span<PacketBuffer* const> packets) override {
    return device_->Transmit(queue, packets);
  }
  std::string_view driver_name() const override { return device_->driver_name(); }
  std::uint16_t queues() const override { return device_->queues(); }
  std::uint32_t max_frame_size() const override { return device_->max_frame_size(); }
  Statistics ReadStatistics() override { return device_->ReadStatistics(); }
  void ResetStatistics() override { device_->ResetStatistics(); }
  LinkState Link() override { return device_->Link(); }
  bool WaitForLink(Nanoseconds timeout) override { return device_->WaitForLink(timeout); }
  MacAddress mac_address() const override { return device_->mac_address(); }
  void SetMacAddress(const MacAddress& address) override { device_->SetMacAddress(address); }
  void SetPromiscuous(bool on) override { device_->SetPromiscuous(on); }

 private:
  struct alignas(64) Queue {  // no cache line in common with another thread's
    Load load;
    MemoryPool* pool;
  };

  // Section 4.6.6, 7.3.1: queue n's received frames are cause n, and vector n where there are
  // messages. A message clears its cause (EIAC) and masks it (EIAM, as Linux on this chip does by
  // the _EX form), so that there are no more while the queue is polled.
  void Configure(std::uint32_t queues, Nanoseconds interval) {
    for (std::uint32_t n = 0; n < queues; n += 2) {
      const Bits second =
          n + 1 < queues ? IVAR_INT_ALLOC_VAL2 | (n + 1) << IVAR_INT_ALLOC2_SHIFT : 0;
      Write(IVAR[n / 2], IVAR_INT_ALLOC_VAL0 | n | second);
    }
    constexpr Nanoseconds kUnit = std::chrono::microseconds(2);
    const auto units = static_cast<Bits>((interval + kUnit - Nanoseconds(1)) / kUnit);
    for (std::uint32_t n = 0; n < queues; ++n)
      Write(EITR[n], EITR_CNT_WDIS | units << EITR_INTERVAL_SHIFT);
    if (interrupts_ == Interrupts::kLevel) return;
    Write(EIAC, Bit(queues) - 1);
    Write(EIAM_EX[0], Bit(queues) - 1);
    Write(GPIE, GPIE_MULTIPLE_MSIX | GPIE_EIAME | GPIE_PBA_SUPPORT);
  }

  // Forgets what has been received already, then lets the next frame interrupt. Of the registers'
  // bits only the queue's own are written as 1, so that other threads' are left as they are.
  //
  // The cause has to be gone before the caller looks at the queue once more: writes are posted, and
  // one that clears it behind that look would take the next frame's cause away, and nobody would
  // wake up. A read waits for all writes before it (Linux, IXGBE_WRITE_FLUSH, reads STATUS).
  void Arm(std::uint16_t queue) {
    if (interrupts_ == Interrupts::kLevel) {
      bus_.Read32(EICR.offset);  // clears it
    } else {
      Write(EICR, Bit(queue));
      bus_.Read32(STATUS.offset);
    }
    Write(EIMS, Bit(queue));
  }

  void Write(Register r, std::uint32_t value) { bus_.Write32(r.offset, value); }

  std::unique_ptr<Device> device_;
  Bus& bus_;
  Interrupts interrupts_ = Interrupts::kNone;
  Nanoseconds wait_;
  std::vector<Queue> queues_;
};

}  // namespace

std::unique_ptr<Device> MakeWaiting(std::unique_ptr<Device> device, Bus& bus,
                                    const DeviceConfig& config) {
  return std::make_unique<WaitingDevice>(std::move(device), bus, config);
}

}  // namespace ixylab::ixgbe
