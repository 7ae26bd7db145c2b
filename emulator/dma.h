// How a NIC model reaches memory: Host::Map behind a cache, so that an access costs a few
// instructions, and one way to report faults and traces.
#ifndef EMULATOR_DMA_H_
#define EMULATOR_DMA_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "emulator/host.h"

namespace ixylab::emulator {

/// DMA of one function. Addresses and sizes come from descriptors, so that any value is fine.
class Dma {
 public:
  Dma(Host& host, unsigned port) : host_(host), epoch_(host.map_epoch()), port_(port) { Forget(); }

  /// Changes when pointers from Find may have become stale. (Not while a model runs: the host sees
  /// to that.)
  std::uint64_t Epoch() {
    if (epoch_.load(std::memory_order_acquire) != seen_epoch_) [[unlikely]] Forget();
    return seen_epoch_;
  }

  /// The memory of `size` bytes at `iova` where all of it is mapped, writable and in one window;
  /// else null.
  std::byte* Find(std::uint64_t iova, std::uint64_t size) {
    if (epoch_.load(std::memory_order_acquire) != seen_epoch_) [[unlikely]]
      Forget();
    const DmaWindow& window = windows_[(iova / kGranule) % windows_.size()];
    const std::uint64_t offset = iova - window.iova;
    if (offset < window.size && size <= window.size - offset) [[likely]] {
      return window.memory + offset;
    }
    return Look(iova, size);
  }

  /// Copies across as many windows as it takes. False, and nothing copied, where a byte is not
  /// mapped, or not writable; then the caller reports the fault.
  bool Read(std::uint64_t iova, std::span<std::byte> to);
  bool Write(std::uint64_t iova, std::span<const std::byte> from);

  enum class Access : bool { kRead, kWrite };
  void Fault(Access access, std::uint64_t iova, std::uint64_t size, std::string what);

  /// For accesses through Find: Trace them where this is true.
  bool tracing() const { return tracing_; }
  void Trace(Access access, std::uint64_t iova, std::span<const std::byte> data) {
    host_.TraceDma(port_, access == Access::kWrite, iova, data);
  }

 private:
  // What the cache is indexed by: the usual size of a page. A larger window takes several entries.
  static constexpr std::uint64_t kGranule = std::uint64_t{2} << 20;

  void Forget();
  std::byte* Look(std::uint64_t iova, std::uint64_t size);
  bool AllMapped(Access access, std::uint64_t iova, std::uint64_t size);

  Host& host_;
  const std::atomic<std::uint64_t>& epoch_;
  const unsigned port_;
  std::uint64_t seen_epoch_ = 0;
  bool tracing_ = false;
  std::array<DmaWindow, 128> windows_;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_DMA_H_
