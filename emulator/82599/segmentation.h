// TCP and UDP segmentation (datasheet 7.2.4): one header and up to 256 KiB of payload become frames
// with a header each.
#ifndef EMULATOR_82599_SEGMENTATION_H_
#define EMULATOR_82599_SEGMENTATION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "emulator/82599/offload.h"

namespace ixylab::emulator::intel82599 {

/// The TCP flags that stay as they are, in segments by position (DTXTCPFLGL, DTXTCPFLGH).
struct TcpFlagMasks {
  std::uint16_t first, middle, last;
};

/// Cuts a packet that TxPacket::Check had nothing against. A segment's header is put together in
/// front of its payload, where the segment before it was: nothing but headers is copied.
class Segmenter {
 public:
  Segmenter(std::span<std::byte> packet, const TxContext& context, const TcpFlagMasks& masks);

  /// The next frame, without checksums; empty after the last one. Valid, and free to be changed
  /// together with what is before it in memory, until the next call.
  std::span<std::byte> Next();

 private:
  static constexpr std::size_t kLongestHeader = 512;

  void UpdateIp(std::span<std::byte> segment) const;
  void UpdateUdp(std::span<std::byte> segment) const;
  void UpdateTcp(std::span<std::byte> segment) const;

  const TxContext& context_;
  const TcpFlagMasks masks_;
  std::array<std::byte, kLongestHeader> header_;  // as software has written it
  std::span<std::byte> payload_;                  // of the segments to come
  const std::size_t segments_;
  std::size_t segment_ = 0;
};

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_SEGMENTATION_H_
