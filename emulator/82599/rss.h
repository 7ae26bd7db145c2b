// Receive-side scaling: the Toeplitz hash (datasheet 7.1.2.8.1).
#ifndef EMULATOR_82599_RSS_H_
#define EMULATOR_82599_RSS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "emulator/82599/headers.h"

namespace ixylab::emulator::intel82599 {

/// The hash under one key, by table: what each value of each half byte of the input contributes.
class Toeplitz {
 public:
  static constexpr std::size_t kKeyBytes = 40;
  static constexpr std::size_t kLongestInput = 36;  // two IPv6 addresses and two ports

  void SetKey(std::span<const std::uint8_t, kKeyBytes> key);
  /// Of `input`, that follows the bytes already hashed into `hash` at position `at`.
  std::uint32_t Add(std::uint32_t hash, std::size_t at, std::span<const std::byte> input) const {
    for (std::byte byte : input) {
      const auto value = std::to_integer<std::size_t>(byte);
      hash ^= table_[2 * at][value >> 4] ^ table_[2 * at + 1][value & 0xF];
      ++at;
    }
    return hash;
  }

 private:
  std::array<std::array<std::uint32_t, 16>, 2 * kLongestInput> table_{};
};

/// RSS type of a receive descriptor (7.1.6.2), and the hash.
struct RssResult {
  std::uint32_t type = 0;  // 0: not hashed
  std::uint32_t hash = 0;
};

/// The hash of a frame by the most specific function that `mrqc` (MRQC, bits 16 and up) enables.
RssResult HashFrame(const Toeplitz& toeplitz, std::uint32_t mrqc, std::span<const std::byte> frame,
                    const Headers& headers);

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_RSS_H_
