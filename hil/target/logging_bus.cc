#include "hil/target/logging_bus.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace ixylab::hil {

void AccessLog::Add(const RegisterAccess& access) {
  const std::lock_guard lock(mutex_);
  ring_[added_++ % kKept] = access;
  if (sink_) sink_(Describe(access));
}

std::vector<std::string> AccessLog::Lines() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (std::uint64_t i = added_ - std::min<std::uint64_t>(added_, kKept); i < added_; ++i) {
    lines.push_back(Describe(ring_[i % kKept]));
  }
  return lines;
}

void AccessLog::SetSink(Sink sink) {
  const std::lock_guard lock(mutex_);
  sink_ = std::move(sink);
}

std::string AccessLog::Describe(const RegisterAccess& access) const {
  const double milliseconds = static_cast<double>(access.time.count()) / 1e6;
  std::array<char, 64> head;
  std::snprintf(head.data(), head.size(), "%12.6f ms  port %u  %c  ", milliseconds, access.port,
                access.write ? 'W' : 'R');
  return head.data() + decode_(access.offset, access.value);
}

// Reads are logged with their value, so after they happened; writes before, since on a model a
// doorbell runs the whole pipeline and what that does belongs behind it.
std::uint32_t LoggingBus::Read32(std::uint32_t offset) {
  const std::uint32_t value = bus_.Read32(offset);
  log_.Add({Nanoseconds(last_time_.load(std::memory_order_relaxed)), port_, false, offset, value});
  return value;
}

void LoggingBus::Write32(std::uint32_t offset, std::uint32_t value) {
  log_.Add({Nanoseconds(last_time_.load(std::memory_order_relaxed)), port_, true, offset, value});
  bus_.Write32(offset, value);
}

std::uint32_t* LoggingBus::MapRegister(std::uint32_t offset) {
  return doorbells_ == Doorbells::kMapped ? bus_.MapRegister(offset) : nullptr;
}

bool LoggingBus::WaitForInterrupt(std::uint32_t vector, Nanoseconds timeout) {
  return bus_.WaitForInterrupt(vector, timeout);
}

Nanoseconds LoggingBus::Now() {
  const Nanoseconds now = bus_.Now();
  last_time_.store(now.count(), std::memory_order_relaxed);
  return now;
}

void LoggingBus::Sleep(Nanoseconds duration) {
  bus_.Sleep(duration);
  last_time_.fetch_add(duration.count(), std::memory_order_relaxed);
}

}  // namespace ixylab::hil
