// Fills packets and sends them: UDP frames that differ in a sequence number.
#ifndef TOOLS_PKTGEN_GENERATOR_H_
#define TOOLS_PKTGEN_GENERATOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "driver/device.h"
#include "driver/memory_pool.h"
#include "tools/common/program.h"

namespace ixylab::pktgen {

// Bytes without FCS: what Ethernet allows without VLAN tags and jumbo frames (IEEE 802.3, 3.2.7).
inline constexpr std::size_t kMinFrameSize = 60;
inline constexpr std::size_t kMaxFrameSize = 1514;

// Where the sequence number is: 64 bits, big-endian, first in the UDP payload.
inline constexpr std::size_t kSequenceOffset = 14 + 20 + 8;

/// Frame 0: Ethernet, IPv4 from 198.18.0.1 to 198.19.0.1 (the range for benchmarks, RFC 2544,
/// C.2.2) with its checksum, UDP to port 9 (discard) without (RFC 768 allows 0), and zeros.
/// `size` is from kMinFrameSize to kMaxFrameSize.
std::vector<std::byte> MakeFrame(std::size_t size, const MacAddress& source);

class Generator {
 public:
  /// Frames of `size` bytes for `port`, up to `batch` a call, in buffers of `pool`, which belongs
  /// to it from now on. Port and pool must outlive it.
  Generator(Device& port, MemoryPool& pool, std::size_t size, std::size_t batch);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  /// Hands up to `n` new frames to the port, fewer than `batch` and what its ring has room for.
  /// Returns how many it took.
  std::size_t Send(std::size_t n);

  /// Frames that the port took; the sequence number of the next one.
  std::uint64_t sent() const { return sent_; }

 private:
  void Prepare(std::size_t n);

  Device& port_;
  const std::size_t size_;
  const std::size_t batch_;
  MemoryPool& pool_;
  std::array<PacketBuffer*, tools::kMaxBatch> packets_;
  std::span<PacketBuffer* const> waiting_;  // filled; the ring had no room for them
  std::uint64_t sent_ = 0;
};

}  // namespace ixylab::pktgen

#endif  // TOOLS_PKTGEN_GENERATOR_H_
