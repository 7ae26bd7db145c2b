// Frames with numbers in them whose every byte both ends can compute.
#ifndef TESTS_CONFORMANCE_STREAM_H_
#define TESTS_CONFORMANCE_STREAM_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "driver/device.h"
#include "driver/memory_pool.h"

namespace ixylab::conformance {

// Lengths without the 4-byte CRC (IEEE 802.3, 3.2.7 and 4A.4.2).
inline constexpr std::uint32_t kShortestFrame = 60;
inline constexpr std::uint32_t kLongestFrame = 1514;

inline constexpr MacAddress kBroadcast = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

/// "02:1b:21:00:00:01"
std::string ToString(const MacAddress& address);

/// The frames from one address to another: number, then random bytes that depend on the seed and
/// the number. EtherType 0x88B5, which IEEE 802 keeps for experiments.
class Stream {
 public:
  static constexpr std::size_t kNumberAt = 14;  // 8 bytes, host order

  /// `padded`: frames of less than 60 bytes arrive padded with zeros to 60, or else as they are.
  Stream(std::uint64_t seed, const MacAddress& destination, const MacAddress& source,
         bool padded = true);

  /// Makes frame `number` of `length` (1..2,048) bytes in `buffer`: a prefix of the same bytes for
  /// every length. What follows it in the buffer is 0xA5, so that padding cannot be zero by chance.
  void Fill(PacketBuffer& buffer, std::uint64_t number, std::uint32_t length) const;

  /// The same frame in memory of its own, of 1..16,384 bytes.
  std::vector<std::byte> Frame(std::uint64_t number, std::uint32_t length) const;

  /// Bytes of a frame on arrival that was sent with `length`.
  std::uint32_t SizeOnArrival(std::uint32_t length) const {
    return padded_ ? std::max(length, kShortestFrame) : length;
  }
  /// Whether `buffer` holds frame `number` as it arrives when it was sent with `length` bytes.
  testing::AssertionResult Matches(const PacketBuffer& buffer, std::uint64_t number,
                                   std::uint32_t length) const;

  /// The number in a frame of at least 22 bytes; or ~0.
  static std::uint64_t NumberOf(const PacketBuffer& buffer);

 private:
  void Write(std::byte* out, std::uint64_t number, std::uint32_t length) const;

  bool padded_;
  std::array<std::byte, kNumberAt> header_;
  std::vector<std::byte> noise_;
};

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_STREAM_H_
