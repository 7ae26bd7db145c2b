// A lock that is granted in the order in which it was asked for.
#ifndef EMULATOR_HOST_TICKET_LOCK_H_
#define EMULATOR_HOST_TICKET_LOCK_H_

#include <atomic>
#include <cstdint>
#include <thread>

namespace ixylab::emulator {

/// Fair, so that neither a thread that polls a model can keep drivers from their registers, nor a
/// driver that polls a register can keep the model from going on. For short critical sections.
class TicketLock {
 public:
  void lock() {
    const std::uint32_t ticket = next_.fetch_add(1, std::memory_order_relaxed);
    while (serving_.load(std::memory_order_acquire) != ticket) std::this_thread::yield();
  }
  void unlock() {
    serving_.store(serving_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

 private:
  alignas(64) std::atomic<std::uint32_t> next_ = 0;
  alignas(64) std::atomic<std::uint32_t> serving_ = 0;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_HOST_TICKET_LOCK_H_
