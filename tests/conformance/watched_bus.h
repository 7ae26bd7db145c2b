// A port's bus, watched, with somebody else who acts at a chosen moment of what its driver does: so
// a frame can come between any two steps of a driver on its way to sleep. Writes are posted, as on
// PCI: they reach the device with the next read, or as time passes.
#ifndef TESTS_CONFORMANCE_WATCHED_BUS_H_
#define TESTS_CONFORMANCE_WATCHED_BUS_H_

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "driver/bus.h"

namespace ixylab::conformance {

class WatchedBus final : public Bus {
 public:
  using Act = std::function<void()>;

  explicit WatchedBus(Bus& bus) : bus_(bus) {}

  /// Calls `act` once: before the `step`-th register access or wait from now on (0 is the next), or
  /// in a wait that comes before, `into_wait` after its begin. It may ask for the next time itself.
  void ActAt(unsigned step, Nanoseconds into_wait, Act act) {
    step_ = step;
    into_wait_ = into_wait;
    act_ = std::move(act);
  }
  /// Whether it was not called yet; it will not be any more.
  bool Cancel() { return std::exchange(act_, nullptr) != nullptr; }

  std::uint64_t waits() const { return waits_; }
  std::uint64_t wakes() const { return wakes_; }  // waits that an interrupt has ended
  /// What EnableInterrupts said, if it was called.
  const std::optional<Interrupts>& interrupts() const { return interrupts_; }

  PciId id() const override { return bus_.id(); }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override {
    Step();
    Flush();
    return bus_.Read(region, offset, bytes);
  }
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
    Step();
    posted_.push_back({region, offset, bytes, value});
  }
  void* MapRegister(unsigned region, std::uint32_t offset) override {
    return bus_.MapRegister(region, offset);
  }
  DmaSpace& dma() override { return bus_.dma(); }
  Interrupts EnableInterrupts(std::uint32_t vectors) override {
    interrupts_ = bus_.EnableInterrupts(vectors);
    return *interrupts_;
  }
  bool WaitForInterrupt(std::uint32_t vector, Nanoseconds timeout) override {
    ++waits_;
    Step();
    Flush();
    bool raised = false;
    while (act_ != nullptr && !raised && timeout > Nanoseconds(0)) {
      const Nanoseconds part = std::min(into_wait_, timeout);
      raised = bus_.WaitForInterrupt(vector, part);
      timeout -= part;
      if (!raised) Call();
    }
    raised = raised || bus_.WaitForInterrupt(vector, timeout);
    wakes_ += raised ? 1 : 0;
    return raised;
  }
  Nanoseconds Now() override {
    Flush();
    return bus_.Now();
  }
  void Sleep(Nanoseconds duration) override {
    Flush();
    bus_.Sleep(duration);
  }

 private:
  struct PostedWrite {
    unsigned region;
    std::uint32_t offset;
    unsigned bytes;
    std::uint32_t value;
  };

  void Flush() {
    for (const PostedWrite& write : posted_)
      bus_.Write(write.region, write.offset, write.bytes, write.value);
    posted_.clear();
  }
  void Step() {
    if (act_ != nullptr && step_-- == 0) Call();
  }
  // What it does may come here again.
  void Call() { std::exchange(act_, nullptr)(); }

  Bus& bus_;
  std::vector<PostedWrite> posted_;
  unsigned step_ = 0;
  Nanoseconds into_wait_{0};
  Act act_;
  std::uint64_t waits_ = 0;
  std::uint64_t wakes_ = 0;
  std::optional<Interrupts> interrupts_;
};

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_WATCHED_BUS_H_
