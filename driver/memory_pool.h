// Packet buffers and the pools they come from. Explicit, as in the ixy paper (section 4.1): the
// application allocates a buffer, fills it, hands it to Transmit; gets one from Receive and frees
// it.
#ifndef DRIVER_MEMORY_POOL_H_
#define DRIVER_MEMORY_POOL_H_

#include <cstring>

#include "driver/bus.h"

namespace ixylab {

class MemoryPool;

/// What a device opened with offloads did for a frame, or is to do: flags, and what belongs to
/// them. Others neither read nor write it.
struct Offloads {
  /// Received: the tag was taken out of the frame. To transmit: it is to be put in. So a frame that
  /// is passed on keeps its tag.
  static constexpr std::uint16_t kVlan = 1;
  // Received: what the device found; neither of a pair: not checked.
  static constexpr std::uint16_t kIpChecksumGood = 2, kIpChecksumBad = 4;
  static constexpr std::uint16_t kL4ChecksumGood = 8, kL4ChecksumBad = 16;
  // To transmit: the checksum to fill in. That of TCP or UDP holds the pseudo-header's sum before.
  static constexpr std::uint16_t kIpv4Checksum = 32, kTcpChecksum = 64, kUdpChecksum = 128;

  std::uint16_t flags = 0;
  std::uint16_t vlan = 0;          // kVlan: the tag's control information (priority, DEI, VID)
  std::uint16_t network_at = 0;    // to transmit: where the IP header begins in the frame, in bytes
  std::uint16_t transport_at = 0;  // ... and that of TCP or UDP
};

/// One frame's memory: a cache line of bookkeeping, then the data. Lives in DMA memory and is only
/// ever handled by pointer.
struct alignas(64) PacketBuffer {
  /// Bytes that a device may write at `data()`: what SRRCTL.BSIZEPACKET = 2 promises the 82599.
  static constexpr std::uint32_t kCapacity = 2048;

  std::uint64_t iova = 0;      // device address of data()
  MemoryPool* pool = nullptr;  // where it goes back to
  std::uint32_t size = 0;      // bytes of the frame, without CRC; or of its part in this buffer
  std::uint32_t rss_hash = 0;  // received with several queues and offloads; else unknown
  Offloads offloads;
  /// The frame goes on there, for a device opened with a max_frame_size beyond kCapacity. Others
  /// neither read nor write it.
  PacketBuffer* next = nullptr;
  // Ends where data() begins, in the same DMA page: a driver's, for what its device wants in front.
  std::byte headroom[24];

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

  /// A free buffer of size 0 without offloads or next, or null.
  PacketBuffer* Allocate() {
    PacketBuffer* buffer = nullptr;
    Allocate({&buffer, 1});
    return buffer;
  }
  /// Fills `buffers` from the front and returns how many.
  std::size_t Allocate(std::span<PacketBuffer*> buffers);

  /// Gives a buffer back to the pool that it came from: that one, whatever its `next`.
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
  // next Put; they are not cleared. Put() takes buffers of this pool only.
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
