#include "emulator/host/event_loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace ixylab::emulator {
namespace {

[[noreturn]] void Fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) Fail("epoll_create1");
}

EventLoop::~EventLoop() { close(epoll_); }

void EventLoop::Watch(int fd, std::function<void()> on_readable) {
  epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.fd = fd}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) Fail("epoll_ctl");
  watched_[fd] = std::move(on_readable);
}

void EventLoop::Unwatch(int fd) {
  if (watched_.erase(fd) != 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::Schedule(Nanoseconds delay, std::function<void()> work) {
  due_.Add(Now() + std::max(delay, Nanoseconds{0}), std::move(work));
}

bool EventLoop::Step(Nanoseconds timeout) {
  if (!due_.empty()) timeout = std::min(timeout, std::max(due_.next_due() - Now(), Nanoseconds{0}));
  std::array<epoll_event, 16> events;
  const timespec wait{.tv_sec = static_cast<time_t>(timeout.count() / 1'000'000'000),
                      .tv_nsec = static_cast<long>(timeout.count() % 1'000'000'000)};
  const int ready = epoll_pwait2(epoll_, events.data(), events.size(), &wait, nullptr);
  if (ready < 0 && errno != EINTR) Fail("epoll_pwait2");

  bool any = false;
  for (int i = 0; i < ready; ++i) {
    // One that was called before may have unwatched it.
    const auto found = watched_.find(events[i].data.fd);
    if (found == watched_.end()) continue;
    // A copy: the call may unwatch itself.
    const std::function<void()> on_readable = found->second;
    on_readable();
    any = true;
  }
  // Not what is added on the way, or else work that schedules itself for now would never end.
  const Nanoseconds now = Now();
  while (due_.HasDue(now)) {
    due_.Take()();
    any = true;
  }
  return any;
}

}  // namespace ixylab::emulator
