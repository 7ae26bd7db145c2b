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
  return head.data() + decode_(access);
}

// Reads are logged with their value, so after they happened; writes before, since on a model a
// doorbell runs the whole pipeline and what that does belongs behind it.
std::uint32_t LoggingBus::Read(unsigned region, std::uint32_t offset, unsigned bytes) {
  const std::uint32_t value = bus_.Read(region, offset, bytes);
  Log(false, region, offset, bytes, value);
  return value;
}

void LoggingBus::Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  Log(true, region, offset, bytes, value);
  bus_.Write(region, offset, bytes, value);
}

void LoggingBus::Log(bool write, unsigned region, std::uint32_t offset, unsigned bytes,
                     std::uint32_t value) {
  log_.Add({Nanoseconds(last_time_.load(std::memory_order_relaxed)), port_, write, region, offset,
            bytes, value});
}

void* LoggingBus::MapRegister(unsigned region, std::uint32_t offset) {
  return doorbells_ == Doorbells::kMapped ? bus_.MapRegister(region, offset) : nullptr;
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
