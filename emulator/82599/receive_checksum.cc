#include "emulator/82599/receive_checksum.h"

#include "emulator/82599/checksum.h"

namespace ixylab::emulator::intel82599 {
namespace {

using namespace receive_status;

constexpr std::uint32_t kIpv6Header = 40, kTcpHeader = 20, kUdpHeader = 8, kSctpHeader = 12;
constexpr std::uint32_t kTcp = 6, kUdp = 17;
constexpr std::uint32_t kRight = 0xFFFF;  // the sum over data and the checksum of it

/// Of an IP packet, without the frame's padding.
struct Datagram {
  std::span<const std::byte> addresses;  // source, destination
  std::span<const std::byte> payload;    // from the L4 header on; empty where it is cut off
};

Datagram Locate(std::span<const std::byte> frame, const Headers& headers) {
  const std::uint32_t l3 = headers.l3;
  const bool v4 = (headers.type & packet_type::kIpv4) != 0;
  const std::uint32_t end =
      v4 ? l3 + Load16(frame, l3 + 2) : l3 + kIpv6Header + Load16(frame, l3 + 4);
  if (end > frame.size() || end < headers.l4) return {};
  return {.addresses = v4 ? frame.subspan(l3 + 12, 8) : frame.subspan(l3 + 8, 32),
          .payload = frame.subspan(headers.l4, end - headers.l4)};
}

bool PassesWithPseudoHeader(const Datagram& datagram, std::uint32_t protocol,
                            std::span<const std::byte> data) {
  const std::uint64_t sum = OnesSum(datagram.addresses) + protocol + data.size() + OnesSum(data);
  return Fold(sum) == kRight;
}

std::uint32_t CheckL4(std::span<const std::byte> frame, const Headers& headers) {
  const bool v4 = (headers.type & packet_type::kIpv4) != 0;
  const bool udp = (headers.type & packet_type::kUdp) != 0;
  if (udp && v4 && headers.l4 + kUdpHeader <= frame.size() && Load16(frame, headers.l4 + 6) == 0) {
    return 0;
  }
  const Datagram datagram = Locate(frame, headers);
  const std::span<const std::byte> payload = datagram.payload;
  const auto result = [](std::uint32_t checked, bool passes) {
    return checked | (passes ? 0 : kL4Error);
  };
  if ((headers.type & packet_type::kTcp) != 0) {
    if (payload.size() < kTcpHeader) return 0;
    return result(kL4Checked, PassesWithPseudoHeader(datagram, kTcp, payload));
  }
  if ((headers.type & packet_type::kSctp) != 0) {
    if (payload.size() < kSctpHeader) return 0;
    return result(kL4Checked, SctpChecksum(payload) == StoredSctpChecksum(payload));
  }
  if (payload.size() < kUdpHeader) return 0;
  const std::uint32_t length = Load16(payload, 4);
  if (length < kUdpHeader || length > payload.size()) return 0;
  return result(kL4Checked | kUdpChecked,
                PassesWithPseudoHeader(datagram, kUdp, payload.first(length)));
}

std::uint32_t Ipv4HeaderSize(std::span<const std::byte> frame, const Headers& headers) {
  return std::to_integer<std::uint32_t>(frame[headers.l3] & std::byte{0xF}) * 4;
}

}  // namespace

std::uint32_t CheckReceived(std::span<const std::byte> frame, const Headers& headers) {
  constexpr std::uint32_t kL4 = packet_type::kTcp | packet_type::kUdp | packet_type::kSctp;
  std::uint32_t status = 0;
  if ((headers.type & packet_type::kIpv4) != 0) {
    const std::uint32_t size = Ipv4HeaderSize(frame, headers);
    if (headers.l3 + size > frame.size()) return 0;
    status |= kIpChecked;
    if (Fold(OnesSum(frame.subspan(headers.l3, size))) != kRight) status |= kIpError;
  }
  if ((headers.type & kL4) != 0 && !headers.routed) status |= CheckL4(frame, headers);
  return status;
}

FragmentResult CheckFragment(std::span<const std::byte> frame, const Headers& headers) {
  constexpr std::uint32_t kFragment = 0x3FFF, kOffset = 0x1FFF;
  const std::uint32_t l3 = headers.l3;
  FragmentResult result{.identification = static_cast<std::uint16_t>(Load16(frame, l3 + 4))};
  const std::uint32_t fragment = Load16(frame, l3 + 6);
  Headers payload_headers = headers;
  payload_headers.l4 = static_cast<std::uint16_t>(l3 + Ipv4HeaderSize(frame, headers));
  const std::span<const std::byte> payload = Locate(frame, payload_headers).payload;
  if ((fragment & kFragment) == 0 || payload.empty()) return result;
  result.payload_sum = static_cast<std::uint16_t>(Fold(OnesSum(payload)));
  const bool udp = std::to_integer<std::uint32_t>(frame[l3 + 9]) == kUdp;
  const bool first = (fragment & kOffset) == 0;
  if (udp || !first) result.status = kUdpChecked;
  if (udp && first && payload.size() >= kUdpHeader && Load16(payload, 6) != 0) {
    result.status |= kUdpValid;
  }
  return result;
}

}  // namespace ixylab::emulator::intel82599
