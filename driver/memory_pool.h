// Packet buffers and the pools they come from. Explicit, as in the ixy paper (section 4.1): the
// application allocates a buffer, fills it, hands it to Transmit; gets one from Receive and frees
// it.
#ifndef DRIVER_MEMORY_POOL_H_
#define DRIVER_MEMORY_POOL_H_

#include <cstring>

#include "driver/bus.h"

namespace ixylab {

class MemoryPool;

/// One frame's memory: a cache line of bookkeeping, then the data. Lives in DMA memory and is only
/// ever handled by pointer.
struct alignas(64) PacketBuffer {
  /// Bytes that a device may write at `data()`: what SRRCTL.BSIZEPACKET = 2 promises the 82599.
  static constexpr std::uint32_t kCapacity = 2048;

  std::uint64_t iova = 0;      // device address of data()
  MemoryPool* pool = nullptr;  // where it goes back to
  std::uint32_t size = 0;      // bytes of the frame, without CRC
  // Ends where data() begins, in the same DMA page: a driver's, for what its device wants in front.
  std::byte headroom[44];

  std::byte* data() { return reinterpret_cast<std::byte*>(this + 1); }
  const std::byte* data() const { return reinterpret_cast<const std::byte*>(this + 1); }
  std::span<std::byte> frame() { return {data(), size}; }
};
static_assert(sizeof(PacketBuffer) == 64);

/// A fixed number of buffers of one DmaSpace and a stack of the free ones. Belongs to one thread.
/// Must outlive every device and every buffer taken from it.
class MemoryPool {
 public:
  /// Not a power of two: buffers a multiple of 2,048 bytes apart share cache sets, which costs up
  /// to half of the throughput.
  static constexpr std::size_t kDefaultStride = sizeof(PacketBuffer) + PacketBuffer::kCapacity + 64;

  /// `count` buffers, `stride` bytes from one to the next (a multiple of 64, at least header plus
  /// capacity). No buffer crosses a DMA page. Throws DeviceError.
  MemoryPool(DmaSpace& dma, std::size_t count, std::size_t stride = kDefaultStride);
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  std::size_t size() const { return count_; }
  std::size_t available() const { return static_cast<std::size_t>(end_ - top_); }
  DmaSpace& dma() const { return dma_; }

  /// A free buffer with size 0, or null.
  PacketBuffer* Allocate() {
    if (top_ == end_) return nullptr;
    PacketBuffer* const buffer = *top_++;
    buffer->size = 0;
    return buffer;
  }
  /// Fills `buffers` from the front and returns how many.
  std::size_t Allocate(std::span<PacketBuffer*> buffers);

  /// Gives a buffer back to the pool that it came from.
  static void Free(PacketBuffer* buffer) { buffer->pool->Put(buffer); }
  static void Free(std::span<PacketBuffer* const> buffers) {
    // As a rule all are of one pool.
    for (auto it = buffers.begin(); it != buffers.end();) {
      const auto first = it;
      MemoryPool* const pool = (*first)->pool;
      do {
        ++it;
      } while (it != buffers.end() && (*it)->pool == pool);
      pool->Put({first, it});
    }
  }

  // For drivers: the free stack itself, so that a batch moves with one bounds check. top()[0] is
  // what Allocate would give next. Take() hands out the next `n` (<= available()), valid until the
  // next Put; sizes are not reset. Put() takes buffers of this pool only.
  PacketBuffer* const* top() const { return top_; }
  bool Has(std::size_t n) const { return top_ + n <= end_; }
  std::span<PacketBuffer* const> Take(std::size_t n) {
    top_ += n;
    return {top_ - n, n};
  }
  void Put(PacketBuffer* buffer) { *--top_ = buffer; }
  void Put(std::span<PacketBuffer* const> buffers) {
    top_ -= buffers.size();
    std::memcpy(top_, buffers.data(), buffers.size_bytes());
  }

 private:
  DmaSpace& dma_;
  std::size_t count_;
  std::unique_ptr<PacketBuffer*[]> free_;  // the free ones: [top_, end_)
  PacketBuffer** top_;
  PacketBuffer** end_;
  DmaMemory memory_;
};

}  // namespace ixylab

#endif  // DRIVER_MEMORY_POOL_H_
