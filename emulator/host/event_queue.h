// Work that is due at a moment in time.
#ifndef EMULATOR_HOST_EVENT_QUEUE_H_
#define EMULATOR_HOST_EVENT_QUEUE_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "emulator/host.h"

namespace ixylab::emulator {

/// Earliest first; what is due at the same moment, in the order of the calls of Add.
class EventQueue {
 public:
  void Add(Nanoseconds due, std::function<void()> work) {
    heap_.push_back({due, next_++, std::move(work)});
    std::ranges::push_heap(heap_, Later);
  }
  bool empty() const { return heap_.empty(); }
  /// When the next one is due; there must be one.
  Nanoseconds next_due() const { return heap_.front().due; }
  bool HasDue(Nanoseconds now) const { return !heap_.empty() && heap_.front().due <= now; }
  /// Takes the next one out.
  std::function<void()> Take() {
    std::ranges::pop_heap(heap_, Later);
    std::function<void()> work = std::move(heap_.back().work);
    heap_.pop_back();
    return work;
  }

 private:
  struct Event {
    Nanoseconds due;
    std::uint64_t order;
    std::function<void()> work;
  };
  static bool Later(const Event& a, const Event& b) {
    return a.due != b.due ? a.due > b.due : a.order > b.order;
  }

  std::vector<Event> heap_;
  std::uint64_t next_ = 0;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_HOST_EVENT_QUEUE_H_
