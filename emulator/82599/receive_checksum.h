// Checksums of received frames (datasheet 7.1.11), as status and error bits of a descriptor.
//
// What is checked, and what is not, follows the text for this chip's predecessor (82598 datasheet,
// 3.5.2.12, table 3-59), plus SCTP, which Linux and DPDK have the 82599 check. There is no register
// to switch it off: drivers that do not want it do not look.
#ifndef EMULATOR_82599_RECEIVE_CHECKSUM_H_
#define EMULATOR_82599_RECEIVE_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "emulator/82599/headers.h"

namespace ixylab::emulator::intel82599 {

/// Bits of an advanced descriptor's status and error word (7.1.6.2).
namespace receive_status {
inline constexpr std::uint32_t kUdpChecked = 1u << 4;  // UDPCS: with kL4Checked, it was UDP
inline constexpr std::uint32_t kL4Checked = 1u << 5;   // L4CS
inline constexpr std::uint32_t kIpChecked = 1u << 6;   // IPCS
inline constexpr std::uint32_t kUdpValid = 1u << 10;   // UDPV: a first fragment with a checksum
inline constexpr std::uint32_t kL4Error = 1u << 30;    // L4E
inline constexpr std::uint32_t kIpError = 1u << 31;    // IPE
inline constexpr std::uint32_t kErrors = kL4Error | kIpError;
}  // namespace receive_status

/// What was checked in `frame`, whose headers are `headers`, and what was found wrong. An IPv4
/// header; then TCP, UDP or SCTP, where the whole datagram is in the frame and no fragment. UDP
/// over IPv4 with checksum 0 has none.
std::uint32_t CheckReceived(std::span<const std::byte> frame, const Headers& headers);

/// What the descriptor of an IPv4 packet has with RXCSUM.IPPCSE and without PCSD.
struct FragmentResult {
  std::uint16_t identification = 0;
  std::uint16_t payload_sum = 0;  // of a fragment; not complemented
  std::uint32_t status = 0;       // kUdpChecked for a fragment of UDP, kUdpValid
};
FragmentResult CheckFragment(std::span<const std::byte> frame, const Headers& headers);

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_RECEIVE_CHECKSUM_H_
