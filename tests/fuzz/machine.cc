#include "tests/fuzz/machine.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace ixylab::fuzz {
namespace {

constexpr Nanoseconds kReadTime{100}, kWriteTime{10};
constexpr std::byte kReadOnlyPattern{0xA5};

// Bounds of what a single access may set off. A ring in two windows has 2,048 descriptors, and a
// step of a model takes some of them from each queue.
constexpr unsigned kMostSteps = 10'000, kMostEvents = 100'000;
constexpr std::size_t kMostPending = 10'000;
constexpr std::size_t kLongestLine = 1000;

}  // namespace

void FarEnd::OnFrame(const emulator::Frame& frame) {
  Require(!frame.bytes.empty() && frame.bytes.size() <= longest, "frames have a size");
  ++frames;
  last.assign(frame.bytes.begin(), frame.bytes.end());
}

Machine::Machine(unsigned vectors, std::size_t longest_frame) : vectors_(vectors) {
  far.longest = longest_frame;
  for (Window& window : windows_) {
    window.memory = static_cast<std::byte*>(std::aligned_alloc(kPage, window.size));
    Require(window.memory != nullptr, "there is memory");
    Fill(window);
  }
  wire.Attach(1, &far);
}

Machine::~Machine() {
  for (const Window& window : windows_) std::free(window.memory);
}

std::uint64_t Machine::Address(std::uint16_t from) {
  constexpr std::uint64_t kHard[] = {0,
                                     kReadOnly,
                                     kReadOnly - 1,
                                     kLastPage,
                                     ~std::uint64_t{0} - 63,
                                     kMemory + kWindowBytes - 1,
                                     kMemory + 2 * kWindowBytes - 7};
  if ((from & 0x8000) != 0) return kHard[(from >> 8 & 0x7F) % std::size(kHard)] + (from & 0xFF);
  return kMemory + from;
}

void Machine::Fill(const Window& window) {
  std::fill_n(window.memory, window.size, window.writable ? std::byte{0} : kReadOnlyPattern);
}

void Machine::Restart() {
  events_.clear();
  now_ = {};
  faults_ = lines_ = 0;
  far.frames = 0;
  far.last.clear();
  for (Window& window : windows_) {
    // Equal to itself a byte further on: all bytes are the same.
    Require(
        window.writable || (window.memory[0] == kReadOnlyPattern &&
                            std::memcmp(window.memory, window.memory + 1, window.size - 1) == 0),
        "nobody writes to what can only be read");
    Fill(window);
    window.mapped = true;
  }
  tracing_ = false;
  ++epoch_;
  wire.SetPlugged(true);
  wire.SetSignal(1, true);
}

// --- The CPU's side ---

std::uint32_t Machine::Read(unsigned region, std::uint32_t offset, unsigned bytes) {
  AdvanceTo(now_ + kReadTime);
  const std::uint32_t value = function_->Read(region, offset, bytes);
  Require(bytes == 4 || value >> 8 * bytes == 0, "a read has no more bits than it asked for");
  if (on_access) on_access(region, offset, bytes, value);
  Settle();
  return value;
}

void Machine::Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  AdvanceTo(now_ + kWriteTime);
  if (on_write) on_write(region, offset, value);
  function_->Write(region, offset, bytes, value);
  if (on_access) on_access(region, offset, bytes, value);
  Settle();
}

void Machine::Sleep(Nanoseconds duration) { AdvanceTo(now_ + duration); }

void Machine::Inject(const std::function<void()>& work) {
  work();
  Settle();
}

void Machine::Settle() {
  for (unsigned steps = 0; function_->Run() && !Exhausted();) {
    Require(++steps < kMostSteps, "a model comes to rest");
  }
}

void Machine::AdvanceTo(Nanoseconds until) {
  for (unsigned count = 0; !events_.empty() && events_.begin()->first <= until && !Exhausted();) {
    auto event = events_.extract(events_.begin());
    now_ = std::max(now_, event.key());
    event.mapped()();
    Settle();
    Require(++count < kMostEvents, "delayed work comes to an end");
  }
  now_ = std::max(now_, until);
}

std::span<std::byte> Machine::Memory(std::uint64_t iova, std::size_t size) {
  for (Window& window : windows_) {
    const std::uint64_t offset = iova - window.iova;
    if (offset >= window.size || !window.writable) continue;
    return {window.memory + offset, std::min<std::size_t>(size, window.size - offset)};
  }
  return {};
}

void Machine::SetMapped(unsigned window, bool mapped) {
  windows_[window % windows_.size()].mapped = mapped;
  ++epoch_;
}

void Machine::SetTracing(bool tracing) {
  tracing_ = tracing;
  ++epoch_;
}

// --- The model's side ---

emulator::DmaWindow Machine::Map(unsigned port, std::uint64_t iova) {
  Require(port == 0, "a function knows its number");
  for (const Window& window : windows_) {
    if (iova - window.iova >= window.size || !window.mapped) continue;
    return {window.iova, window.size, window.memory, window.writable};
  }
  return {};
}

void Machine::ReportFault(const emulator::DmaFault& fault) {
  Require(!fault.what.empty() && fault.what.size() < kLongestLine, "a fault has a name");
  ++faults_;
}

void Machine::TraceDma(unsigned, bool write, std::uint64_t iova, std::span<const std::byte> data) {
  const emulator::DmaWindow window = Map(0, iova);
  Require(iova - window.iova < window.size && (!write || window.writable),
          "what is traced could be done");
  far.last.assign(data.begin(), data.end());
}

void Machine::RaiseVector(unsigned port, unsigned vector) {
  Require(port == 0 && vector < vectors_, "a message has one of the function's vectors");
}

void Machine::SetIntx(unsigned port, bool) { Require(port == 0, "a function knows its number"); }

void Machine::Schedule(Nanoseconds delay, std::function<void()> work) {
  events_.emplace(now_ + std::max(delay, Nanoseconds{0}), std::move(work));
  Require(events_.size() < kMostPending, "delayed work does not pile up");
}

void Machine::Log(unsigned, std::string line) {
  Require(line.size() < kLongestLine, "a line has an end");
  Require(++lines_ < 100'000, "a log has an end");
}

}  // namespace ixylab::fuzz
