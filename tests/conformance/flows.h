// UDP datagrams that say which flow they are of, and their number in it.
#ifndef TESTS_CONFORMANCE_FLOWS_H_
#define TESTS_CONFORMANCE_FLOWS_H_

#include <algorithm>
#include <cstdint>

#include "tests/conformance/packets.h"
#include "tests/conformance/stream.h"

namespace ixylab::conformance {

inline constexpr std::size_t kFlowAt = 42;  // behind Ethernet, IPv4 and UDP
inline constexpr std::size_t kNumberInFlowAt = kFlowAt + 4;

/// A frame of `size` (60..1,514) bytes.
inline Packet MakeOfFlow(std::uint32_t flow, std::uint64_t number, std::uint32_t size) {
  constexpr MacAddress kAnybody = {2, 0, 0, 0, 0, 1};
  Packet packet =
      MakePacket(kBroadcast, kAnybody,
                 {.flow = {.source_port = static_cast<std::uint16_t>(1024 + flow * 13),
                           .destination_port = static_cast<std::uint16_t>(53 + flow % 5)},
                  .payload = size - kFlowAt});
  PutNumber(packet.bytes, kFlowAt, 4, flow);
  PutNumber(packet.bytes, kNumberInFlowAt, 8, number);
  packet.Complete();
  return packet;
}
inline void FillOfFlow(PacketBuffer& buffer, std::uint32_t flow, std::uint64_t number,
                       std::uint32_t size) {
  std::ranges::copy(MakeOfFlow(flow, number, size).bytes, buffer.data());
  buffer.size = size;
}

inline std::uint32_t FlowOf(const PacketBuffer& buffer) {
  return static_cast<std::uint32_t>(GetNumber({buffer.data(), buffer.size}, kFlowAt, 4));
}
inline std::uint64_t NumberInFlow(const PacketBuffer& buffer) {
  return GetNumber({buffer.data(), buffer.size}, kNumberInFlowAt, 8);
}

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_FLOWS_H_
