#include "emulator/82599/segmentation.h"

#include <algorithm>

namespace ixylab::emulator::intel82599 {
namespace {

std::uint32_t Load16(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<std::uint32_t>(bytes[at]) << 8 |
         std::to_integer<std::uint32_t>(bytes[at + 1]);
}

std::uint32_t Load32(std::span<const std::byte> bytes, std::size_t at) {
  return Load16(bytes, at) << 16 | Load16(bytes, at + 2);
}

}  // namespace

Segmenter::Segmenter(std::span<std::byte> packet, const TxContext& context,
                     const TcpFlagMasks& masks)
    : context_(context),
      masks_(masks),
      payload_(packet.subspan(context.header_size())),
      segments_(std::max<std::size_t>(1, (payload_.size() + context.mss - 1) / context.mss)) {
  std::ranges::copy(packet.first(context.header_size()), header_.begin());
}

std::span<std::byte> Segmenter::Next() {
  if (segment_ == segments_) return {};
  const std::size_t header_size = context_.header_size();
  const std::size_t size = std::min<std::size_t>(context_.mss, payload_.size());
  const std::span<std::byte> segment(payload_.data() - header_size, header_size + size);
  std::copy_n(header_.begin(), header_size, segment.begin());
  UpdateIp(segment);
  if (context_.l4 == TxContext::L4::kTcp) {
    UpdateTcp(segment);
  } else {
    UpdateUdp(segment);
  }
  payload_ = payload_.subspan(size);
  ++segment_;
  return segment;
}

/// 7.2.4.7: the length; and in IPv4 the identification, "increased from last value (wrap around
/// based on 16-bit width)".
void Segmenter::UpdateIp(std::span<std::byte> segment) const {
  constexpr std::size_t kTotalLength = 2, kIdentification = 4;     // IPv4
  constexpr std::size_t kPayloadLength = 4, kIpv6HeaderSize = 40;  // IPv6
  const std::span<std::byte> ip = segment.subspan(context_.mac_length);
  if (context_.ipv4) {
    Store16(ip, kTotalLength, static_cast<std::uint32_t>(ip.size()));
    Store16(ip, kIdentification,
            Load16(ip, kIdentification) + static_cast<std::uint32_t>(segment_));
  } else {
    Store16(ip, kPayloadLength, static_cast<std::uint32_t>(ip.size() - kIpv6HeaderSize));
  }
}

/// "UDP Length: MSS + L4LEN" (82598 datasheet 3.5.3.4.7). Linux leaves the length of the whole
/// there (net/ipv4/udp_offload.c, ixgbe_tso).
void Segmenter::UpdateUdp(std::span<std::byte> segment) const {
  constexpr std::size_t kLength = 4;
  const std::span<std::byte> udp = segment.subspan(context_.l4_offset());
  Store16(udp, kLength, static_cast<std::uint32_t>(udp.size()));
}

/// "The flags in a TSO that ends up as a single segment are taken from the pseudo header [...] as
/// is" (X550 datasheet 7.2.4.7.1).
void Segmenter::UpdateTcp(std::span<std::byte> segment) const {
  constexpr std::size_t kSequence = 4, kOffsetAndFlags = 12;
  constexpr std::uint32_t kFlags = 0x0FFF;
  const std::span<std::byte> tcp = segment.subspan(context_.l4_offset());
  const std::uint32_t sequence =
      Load32(tcp, kSequence) + static_cast<std::uint32_t>(segment_) * context_.mss;
  Store16(tcp, kSequence, sequence >> 16);
  Store16(tcp, kSequence + 2, sequence);
  if (segments_ == 1) return;
  const std::uint32_t mask = segment_ == 0               ? masks_.first
                             : segment_ + 1 == segments_ ? masks_.last
                                                         : masks_.middle;
  Store16(tcp, kOffsetAndFlags, Load16(tcp, kOffsetAndFlags) & (mask | ~kFlags));
}

}  // namespace ixylab::emulator::intel82599
