// The host inside this process: an IOMMU with memory behind it, a clock and interrupt counters.
//
// Virtual time (default): single-threaded and reproducible. A register write runs all functions
// until nothing is pending before it returns; each Now, register access and wait costs a fixed
// time. Threaded: one thread of its own runs the functions against the wall clock, under a lock
// that register accesses, Allocate, Release and Inject take too. Ring tails are stored without it.
#ifndef EMULATOR_HOST_IN_PROCESS_H_
#define EMULATOR_HOST_IN_PROCESS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/host.h"
#include "emulator/host/iommu.h"

namespace ixylab::emulator {

class InProcessHost final : public Host {
 public:
  struct Options {
    std::uint64_t seed = 1;  // of the device addresses
    bool threaded = false;
    unsigned address_bits = 47;  // of device addresses; legacy virtio devices see 44
  };
  explicit InProcessHost(const Options& options);
  ~InProcessHost() override;

  /// Plugs a function in, as port 0, 1, ... in the order of the calls; before the first access and
  /// before Start(). Functions must outlive the host or the call of Stop().
  void Plug(NicFunction& function);
  /// Threaded mode only: starts and stops the models' thread.
  void Start();
  void Stop();

  // The CPU's side of a function.
  std::uint32_t Read(unsigned port, unsigned region, std::uint32_t offset, unsigned bytes);
  void Write(unsigned port, unsigned region, std::uint32_t offset, unsigned bytes,
             std::uint32_t value);
  // 32-bit registers in BAR 0.
  std::uint32_t Read32(unsigned port, std::uint32_t offset) { return Read(port, 0, offset, 4); }
  void Write32(unsigned port, std::uint32_t offset, std::uint32_t value) {
    Write(port, 0, offset, 4, value);
  }
  std::uint32_t* MapRegister(unsigned port, std::uint32_t offset) {
    return static_cast<std::uint32_t*>(MapRegister(port, 0, offset));
  }
  /// Non-null in threaded mode for ring tails.
  void* MapRegister(unsigned port, unsigned region, std::uint32_t offset);
  /// Until the message arrives, which it does once; for vector 0 also while INTA# is asserted.
  bool WaitForVector(unsigned port, unsigned vector, Nanoseconds timeout);
  void Sleep(Nanoseconds duration);
  /// Runs `work` (feeding a wire, pulling a cable) as if it came from outside, and what follows
  /// from it. In threaded mode it runs under the lock of the models' thread.
  void Inject(const std::function<void()>& work);

  // The machine's memory.
  using Mapping = Iommu::Mapping;
  static constexpr std::size_t kPageSize = Iommu::kPageSize;
  /// Zeroed memory in 2 MiB pages at random device addresses above 4 GiB. Throws std::bad_alloc.
  Mapping Allocate(std::size_t size);
  /// Unmaps at once: a later access by a model is a fault.
  void Release(const Mapping& mapping);

  std::vector<DmaFault> faults() const;  // the first 1,000
  std::uint64_t fault_count() const;
  std::vector<std::string> log() const;  // the first 1,000

  /// Every register access, DMA access and interrupt from now on is one line to `sink` (null: off),
  /// with its time in ns; for DMA with a hash of the data. In virtual time the same seed and the
  /// same driver give the same lines.
  void SetTrace(std::function<void(std::string_view line)> sink);

  // Host
  DmaWindow Map(unsigned port, std::uint64_t iova) override;
  const std::atomic<std::uint64_t>& map_epoch() const override;
  void ReportFault(const DmaFault& fault) override;
  bool traces_dma() const override;
  void TraceDma(unsigned port, bool write, std::uint64_t iova,
                std::span<const std::byte> data) override;
  void RaiseVector(unsigned port, unsigned vector) override;
  void SetIntx(unsigned port, bool asserted) override;
  Nanoseconds Now() override;
  void Schedule(Nanoseconds delay, std::function<void()> work) override;
  void Log(unsigned port, std::string line) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_HOST_IN_PROCESS_H_
