// What the ends of wires that lead out of the process have in common.
#ifndef EMULATOR_WIRE_OUTSIDE_H_
#define EMULATOR_WIRE_OUTSIDE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "emulator/wire/wire.h"

namespace ixylab::emulator {

/// What became of frames at an end that leads out of the process.
struct OutsideCounters {
  std::uint64_t out = 0;          // of the wire
  std::uint64_t in = 0;           // to the wire
  std::uint64_t out_dropped = 0;  // nobody was there, or did not take them in time
  std::uint64_t in_bad = 0;       // no frame: shorter than an Ethernet header, or too long
};

/// QEMU's bound for the sockets of -netdev (include/net/net.h, NET_BUFSIZE): 64 KiB and some.
inline constexpr std::size_t kLongestOutside = 4096 + 65536;

/// Sends a frame from outside into the wire, with zeros up to the least length where it is shorter,
/// as any sender's MAC does: what comes from a TAP interface or a virtio guest never had one (IEEE
/// 802.3 clause 3.2.8). False, and not sent, where it is no frame.
inline bool SendFromOutside(Wire& wire, unsigned end, std::span<const std::byte> bytes) {
  constexpr std::size_t kHeader = 14, kLeast = 60;
  if (bytes.size() < kHeader || bytes.size() > kLongestOutside) return false;
  if (bytes.size() >= kLeast) {
    wire.Send(end, {.bytes = bytes});
    return true;
  }
  std::array<std::byte, kLeast> padded{};
  std::ranges::copy(bytes, padded.begin());
  wire.Send(end, {.bytes = padded});
  return true;
}

}  // namespace ixylab::emulator

#endif  // EMULATOR_WIRE_OUTSIDE_H_
