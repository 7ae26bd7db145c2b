// A loop over file descriptors and the wall clock, for hosts in a process of their own.
#ifndef EMULATOR_HOST_EVENT_LOOP_H_
#define EMULATOR_HOST_EVENT_LOOP_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "emulator/host.h"
#include "emulator/host/event_queue.h"

namespace ixylab::emulator {

/// Single-threaded: whatever is called back may call the loop. Over epoll.
class EventLoop {
 public:
  /// Throws std::system_error.
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Calls `on_readable` whenever a read of `fd` would not block (a hang-up counts), until Unwatch,
  /// which comes before the descriptor is closed and may come from inside the call.
  void Watch(int fd, std::function<void()> on_readable);
  void Unwatch(int fd);

  /// Since the loop was made.
  Nanoseconds Now() const { return std::chrono::steady_clock::now() - start_; }
  /// Runs `work` once from Step, `delay` from now.
  void Schedule(Nanoseconds delay, std::function<void()> work);

  /// Waits for what comes first, at most `timeout` (0: not at all), and does all that is ready by
  /// then. False if nothing was.
  bool Step(Nanoseconds timeout);

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  int epoll_ = -1;
  std::unordered_map<int, std::function<void()>> watched_;
  EventQueue due_;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_HOST_EVENT_LOOP_H_
