// What the statistics registers count (datasheet 8.2.3.23), kept as plain integers so that a frame
// costs a few additions; a register takes over what has been counted when it is read.
#ifndef EMULATOR_82599_STATISTICS_H_
#define EMULATOR_82599_STATISTICS_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace ixylab::emulator::intel82599 {

/// Ethernet addresses as numbers, with the first byte lowest, as RAL and RAH have them.
inline constexpr std::uint64_t kBroadcast = 0xFFFF'FFFF'FFFF;
constexpr bool IsGroup(std::uint64_t address) { return (address & 1) != 0; }
/// The destination of a frame of at least 8 bytes.
inline std::uint64_t Destination(std::span<const std::byte> frame) {
  std::uint64_t bytes;
  std::memcpy(&bytes, frame.data(), sizeof bytes);
  return bytes & kBroadcast;
}

/// Good frames in one direction. Sizes are from destination address to CRC, inclusive.
struct FrameCounters {
  std::array<std::uint64_t, 6> by_size{};  // 64, -127, -255, -511, -1023, longer
  std::uint64_t octets = 0;
  std::uint64_t multicast = 0;
  std::uint64_t broadcast = 0;

  /// A frame of `size` (at least 64), of which `octets` are counted, to `destination` with its
  /// first byte lowest.
  void Count(std::uint64_t size, std::uint64_t counted_octets, std::uint64_t destination) {
    // The class is the position of the highest bit, with 64 itself and 65..127 told apart.
    const int bits = std::bit_width(size) - 6;  // 64..127: 1
    ++by_size[size <= 64 ? 0 : bits < 5 ? bits : 5];
    octets += counted_octets;
    if (IsGroup(destination)) [[unlikely]]
      ++(destination == kBroadcast ? broadcast : multicast);
  }
};

struct QueueCounters {
  std::uint64_t packets = 0;
  std::uint64_t octets = 0;
};

struct Statistics {
  // Receive, before and after the filters
  std::uint64_t total_packets = 0;
  std::uint64_t total_octets = 0;
  FrameCounters received;
  std::uint64_t crc_errors = 0;
  std::uint64_t undersize = 0;
  std::uint64_t fragments = 0;
  std::uint64_t oversize = 0;
  std::uint64_t jabbers = 0;
  std::uint64_t checksum_errors = 0;  // of good frames
  std::uint64_t missed = 0;           // packet buffer 0
  std::uint64_t receiver_off = 0;     // passed the filters; no register counts it
  std::uint64_t local_faults = 0;
  std::uint64_t xons_received = 0, xoffs_received = 0;
  std::array<QueueCounters, 16> received_by_queue{};
  std::array<std::uint64_t, 16> dropped_by_queue{};
  // Transmit
  FrameCounters sent;
  std::uint64_t sent_short = 0;                 // less than 64 bytes: not among the good ones
  std::uint64_t xons_sent = 0, xoffs_sent = 0;  // among the good ones, of no queue
  std::array<QueueCounters, 16> sent_by_queue{};
};

/// `operation` of each two counts that are the same member: std::plus, std::minus.
template <typename Operation>
Statistics Combine(const Statistics& a, const Statistics& b, Operation operation) {
  using Counts = std::array<std::uint64_t, sizeof(Statistics) / sizeof(std::uint64_t)>;
  Counts result;
  std::ranges::transform(std::bit_cast<Counts>(a), std::bit_cast<Counts>(b), result.begin(),
                         operation);
  return std::bit_cast<Statistics>(result);
}

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_STATISTICS_H_
