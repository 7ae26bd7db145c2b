#include "emulator/host/in_process.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "emulator/host/event_queue.h"
#include "emulator/host/ticket_lock.h"

namespace ixylab::emulator {
namespace {

// About what a read over PCIe takes to come back. It is what lets a loop that only polls see its
// deadline pass.
constexpr Nanoseconds kAccessTime{100};
// A write is posted, but not free: else a driver that does nothing but write would pile up delayed
// work (an EERD read, a link training each) that is never due.
constexpr Nanoseconds kWriteTime{10};
constexpr std::size_t kRemembered = 1000;  // faults, log lines
constexpr unsigned kVectors = 64;          // of a function: what its MSI-X table holds

std::uint64_t Fnv1a(std::span<const std::byte> data) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (std::byte byte : data) hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001B3;
  return hash;
}

}  // namespace

struct InProcessHost::State {
  explicit State(const Options& options)
      : options(options), iommu(options.seed, options.address_bits) {}

  const Options options;
  std::vector<NicFunction*> functions;

  // Everything down to the interrupts is guarded by `lock` in threaded mode.
  TicketLock lock;
  Iommu iommu;
  std::atomic<std::uint64_t> map_epoch = 0;
  EventQueue events;
  Nanoseconds virtual_now{0};
  bool in_model = false;  // virtual time: the models are running, so that time stands still
  std::vector<DmaFault> faults;
  std::uint64_t fault_count = 0;
  std::vector<std::string> log;
  std::function<void(std::string_view)> trace;

  // Interrupts: raised and not yet waited for.
  std::mutex vector_mutex;
  std::condition_variable vector_raised;
  std::vector<std::array<bool, kVectors>> raised;
  std::vector<bool> intx;

  // Threaded mode.
  const std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  std::atomic<bool> stop = false;
  std::thread thread;

  std::unique_lock<TicketLock> Lock() {
    return options.threaded ? std::unique_lock(lock) : std::unique_lock<TicketLock>();
  }
  Nanoseconds Time() const {
    return options.threaded ? std::chrono::steady_clock::now() - start : virtual_now;
  }

  /// One step of every function. True if there may be more to do.
  bool RunFunctions() {
    bool more = false;
    for (NicFunction* function : functions) more |= function->Run();
    return more;
  }

  /// Threaded mode: what is due by now. True if there was something.
  bool RunDue() {
    bool any = false;
    for (; !events.empty() && events.HasDue(Time()); any = true) events.Take()();
    return any;
  }

  /// Virtual time: whatever `work` does to the models, and all that follows from it now.
  template <typename Work>
  void InModel(Work work) {
    if (std::exchange(in_model, true)) return work();
    work();
    while (RunFunctions()) {
    }
    in_model = false;
  }

  /// Virtual time goes on to `until`, through everything that is due on the way.
  void AdvanceTo(Nanoseconds until) {
    if (in_model) return;
    while (events.HasDue(until)) {
      virtual_now = std::max(virtual_now, events.next_due());
      InModel(events.Take());
    }
    virtual_now = std::max(virtual_now, until);
  }

  void RunThread();

  bool TakeVector(unsigned port, unsigned vector) {
    if (port >= raised.size() || vector >= kVectors) return false;
    return std::exchange(raised[port][vector], false) || (vector == 0 && intx[port]);
  }

  template <typename... Arguments>
  void Trace(const char* format, Arguments... arguments) {
    char line[128];
    const int length = std::snprintf(line, sizeof line, format, arguments...);
    trace({line, std::min<std::size_t>(length, sizeof line - 1)});
  }
  void TraceRegister(char direction, unsigned port, unsigned region, std::uint32_t offset,
                     unsigned bytes, std::uint32_t value) {
    constexpr const char* kRegions[] = {"", "bar1 ", "bar2 ", "bar3 ", "bar4 ", "bar5 ", "? "};
    const char* where =
        region == NicFunction::kConfigSpace ? "config " : kRegions[std::min(region, 6u)];
    Trace("%lld port %u %c %s0x%05x 0x%0*x", static_cast<long long>(Time().count()), port,
          direction, where, offset, static_cast<int>(2 * bytes), value);
  }
};

InProcessHost::InProcessHost(const Options& options) : state_(std::make_unique<State>(options)) {}

InProcessHost::~InProcessHost() { Stop(); }

void InProcessHost::Plug(NicFunction& function) {
  state_->functions.push_back(&function);
  state_->raised.emplace_back();
  state_->intx.push_back(false);
}

// --- The models' thread ---

void InProcessHost::Start() {
  if (!state_->options.threaded || state_->thread.joinable()) return;
  state_->stop = false;
  state_->thread = std::thread([state = state_.get()] { state->RunThread(); });
}

void InProcessHost::Stop() {
  if (!state_->thread.joinable()) return;
  state_->stop = true;
  state_->thread.join();
}

void InProcessHost::State::RunThread() {
  // Nobody can tell this thread of a tail that was stored, so it has to look: at once while there
  // is work, leaving the processor to others when there is none, seldom when there was none for
  // long.
  constexpr unsigned kRoundsBeforeSleep = 4096;
  constexpr std::chrono::microseconds kSleep{50};
  unsigned idle_rounds = 0;
  while (!stop.load(std::memory_order_relaxed)) {
    bool more = false;
    {
      const std::lock_guard guard(lock);
      more = RunDue();
      more |= RunFunctions();
    }
    if (more) {
      idle_rounds = 0;
    } else if (++idle_rounds < kRoundsBeforeSleep) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(kSleep);
    }
  }
}

// --- The CPU's side ---

std::uint32_t InProcessHost::Read(unsigned port, unsigned region, std::uint32_t offset,
                                  unsigned bytes) {
  State& state = *state_;
  const auto guard = state.Lock();
  std::uint32_t value = 0;
  if (state.options.threaded) {
    // A driver's deadline must not depend on when the models' thread gets a processor.
    state.RunDue();
    value = state.functions.at(port)->Read(region, offset, bytes);
  } else {
    state.AdvanceTo(state.virtual_now + kAccessTime);
    state.InModel([&] { value = state.functions.at(port)->Read(region, offset, bytes); });
  }
  if (state.trace) [[unlikely]]
    state.TraceRegister('R', port, region, offset, bytes, value);
  return value;
}

void InProcessHost::Write(unsigned port, unsigned region, std::uint32_t offset, unsigned bytes,
                          std::uint32_t value) {
  State& state = *state_;
  const auto guard = state.Lock();
  if (!state.options.threaded) state.AdvanceTo(state.virtual_now + kWriteTime);
  if (state.trace) [[unlikely]]
    state.TraceRegister('W', port, region, offset, bytes, value);
  if (state.options.threaded) {
    state.RunDue();
    state.functions.at(port)->Write(region, offset, bytes, value);
  } else {
    state.InModel([&] { state.functions.at(port)->Write(region, offset, bytes, value); });
  }
}

void* InProcessHost::MapRegister(unsigned port, unsigned region, std::uint32_t offset) {
  // In virtual time a store has to run the pipeline.
  return state_->options.threaded ? state_->functions.at(port)->MapRegister(region, offset)
                                  : nullptr;
}

bool InProcessHost::WaitForVector(unsigned port, unsigned vector, Nanoseconds timeout) {
  State& state = *state_;
  if (state.options.threaded) {
    std::unique_lock guard(state.vector_mutex);
    return state.vector_raised.wait_for(guard, timeout,
                                        [&] { return state.TakeVector(port, vector); });
  }
  const Nanoseconds deadline = state.virtual_now + std::max(timeout, kAccessTime);
  state.AdvanceTo(state.virtual_now + kAccessTime);
  while (!state.TakeVector(port, vector)) {
    if (state.virtual_now >= deadline) return false;
    state.AdvanceTo(state.events.empty() ? deadline : std::min(deadline, state.events.next_due()));
  }
  return true;
}

void InProcessHost::Sleep(Nanoseconds duration) {
  if (state_->options.threaded) {
    std::this_thread::sleep_for(duration);
  } else {
    state_->AdvanceTo(state_->virtual_now + duration);
  }
}

void InProcessHost::Inject(const std::function<void()>& work) {
  const auto guard = state_->Lock();
  if (state_->options.threaded) {
    work();
  } else {
    state_->InModel(work);
  }
}

InProcessHost::Mapping InProcessHost::Allocate(std::size_t size) {
  const auto guard = state_->Lock();
  return state_->iommu.Allocate(size);
}

void InProcessHost::Release(const Mapping& mapping) {
  const auto guard = state_->Lock();
  ++state_->map_epoch;
  state_->iommu.Release(mapping);
}

std::vector<DmaFault> InProcessHost::faults() const {
  const auto guard = state_->Lock();
  return state_->faults;
}

std::uint64_t InProcessHost::fault_count() const {
  const auto guard = state_->Lock();
  return state_->fault_count;
}

std::vector<std::string> InProcessHost::log() const {
  const auto guard = state_->Lock();
  return state_->log;
}

void InProcessHost::SetTrace(std::function<void(std::string_view)> sink) {
  const auto guard = state_->Lock();
  state_->trace = std::move(sink);
  ++state_->map_epoch;
}

// --- The models' side: called from functions and events, under the lock ---

DmaWindow InProcessHost::Map(unsigned, std::uint64_t iova) { return state_->iommu.Find(iova); }

const std::atomic<std::uint64_t>& InProcessHost::map_epoch() const { return state_->map_epoch; }

void InProcessHost::ReportFault(const DmaFault& fault) {
  ++state_->fault_count;
  if (state_->faults.size() < kRemembered) state_->faults.push_back(fault);
}

bool InProcessHost::traces_dma() const { return state_->trace != nullptr; }

void InProcessHost::TraceDma(unsigned port, bool write, std::uint64_t iova,
                             std::span<const std::byte> data) {
  if (!state_->trace) return;
  state_->Trace("%lld port %u dma %s 0x%llx %zu %016llx",
                static_cast<long long>(state_->Time().count()), port, write ? "write" : "read",
                static_cast<unsigned long long>(iova), data.size(),
                static_cast<unsigned long long>(Fnv1a(data)));
}

void InProcessHost::RaiseVector(unsigned port, unsigned vector) {
  if (port >= state_->raised.size() || vector >= kVectors) {
    return Log(port, "interrupt vector " + std::to_string(vector) + " does not exist");
  }
  if (state_->trace) [[unlikely]] {
    state_->Trace("%lld port %u vector %u", static_cast<long long>(state_->Time().count()), port,
                  vector);
  }
  {
    const std::lock_guard guard(state_->vector_mutex);
    state_->raised[port][vector] = true;
  }
  state_->vector_raised.notify_all();
}

void InProcessHost::SetIntx(unsigned port, bool asserted) {
  {
    const std::lock_guard guard(state_->vector_mutex);
    if (port >= state_->intx.size() || state_->intx[port] == asserted) return;
    state_->intx[port] = asserted;
  }
  if (state_->trace) [[unlikely]] {
    state_->Trace("%lld port %u INTA# %s", static_cast<long long>(state_->Time().count()), port,
                  asserted ? "asserted" : "deasserted");
  }
  if (asserted) state_->vector_raised.notify_all();
}

Nanoseconds InProcessHost::Now() {
  if (!state_->options.threaded) state_->AdvanceTo(state_->virtual_now + kAccessTime);
  return state_->Time();
}

void InProcessHost::Schedule(Nanoseconds delay, std::function<void()> work) {
  state_->events.Add(state_->Time() + std::max(delay, Nanoseconds{0}), std::move(work));
}

void InProcessHost::Log(unsigned port, std::string line) {
  if (state_->log.size() < kRemembered) {
    state_->log.push_back("port " + std::to_string(port) + ": " + std::move(line));
  }
}

}  // namespace ixylab::emulator
