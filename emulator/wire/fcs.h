// The frame check sequence of IEEE 802.3, 3.2.9.
#ifndef EMULATOR_WIRE_FCS_H_
#define EMULATOR_WIRE_FCS_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace ixylab::emulator {

/// The CRC-32 over a frame from destination address to the last byte before the FCS. On the wire,
/// and in memory where it is delivered, its least significant byte comes first.
std::uint32_t FrameCheckSequence(std::span<const std::byte> frame);

}  // namespace ixylab::emulator

#endif  // EMULATOR_WIRE_FCS_H_
