#include "emulator/82599/offload.h"

#include <cstring>

#include "emulator/82599/checksum.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t Bits(std::uint64_t word, unsigned shift, unsigned count) {
  return static_cast<std::uint32_t>(word >> shift & ((std::uint64_t{1} << count) - 1));
}

constexpr std::size_t kMacHeaderSize = 14, kIpv4HeaderSize = 20, kIpv6HeaderSize = 40,
                      kTcpHeaderSize = 20, kUdpHeaderSize = 8;
constexpr std::size_t kTagSize = 4, kCrcBytes = 4;

void StoreChecksum(std::span<std::byte> frame, std::size_t at, std::uint64_t sum) {
  Store16(frame, at, ~Fold(sum));
}

/// 7.2.3.2.3: "MACLEN + IPLEN + L4LEN <= 512", and the least that each of them can be.
bool SegmentHeaderFits(const TxContext& context, std::size_t size) {
  constexpr std::size_t kMost = 512;
  const std::size_t ip = context.ipv4 ? kIpv4HeaderSize : kIpv6HeaderSize;
  const std::size_t l4 = context.l4 == TxContext::L4::kTcp ? kTcpHeaderSize : kUdpHeaderSize;
  return context.mac_length >= kMacHeaderSize && context.ip_length >= ip &&
         context.l4_length >= l4 && context.header_size() <= kMost && context.header_size() <= size;
}

}  // namespace

TxContext TxContext::Of(std::uint64_t first, std::uint64_t second) {
  return {.loaded = true,
          .index = static_cast<std::uint8_t>(Bits(second, 36, 1)),
          .fcoe = Bits(second, 15, 1) != 0,
          .ipv4 = Bits(second, 10, 1) != 0,
          .l4 = static_cast<L4>(Bits(second, 11, 2)),
          .vlan_tag = static_cast<std::uint16_t>(Bits(first, 16, 16)),
          .mss = static_cast<std::uint16_t>(Bits(second, 48, 16)),
          .mac_length = static_cast<std::uint8_t>(Bits(first, 9, 7)),
          .ip_length = static_cast<std::uint16_t>(Bits(first, 0, 9)),
          .l4_length = static_cast<std::uint8_t>(Bits(second, 40, 8))};
}

std::size_t TxContext::l4_checksum_offset() const {
  return l4_offset() + (l4 == L4::kTcp ? 16 : l4 == L4::kUdp ? 6 : 8);
}

TxCommand TxCommand::Of(std::uint64_t word) {
  const bool legacy = Bits(word, 29, 1) == 0;
  TxCommand command{
      .legacy = legacy, .insert_crc = Bits(word, 25, 1) != 0, .insert_tag = Bits(word, 30, 1) != 0};
  if (legacy) {
    command.legacy_checksum = Bits(word, 26, 1) != 0;
    command.checksum_offset = static_cast<std::uint8_t>(Bits(word, 16, 8));
    command.checksum_start = static_cast<std::uint8_t>(Bits(word, 40, 8));
    command.vlan_tag = static_cast<std::uint16_t>(Bits(word, 48, 16));
    return command;
  }
  command.timestamp = Bits(word, 19, 1) != 0;
  command.segment = Bits(word, 31, 1) != 0;
  command.context = static_cast<std::uint8_t>(Bits(word, 36, 1));
  command.ip_checksum = Bits(word, 40, 1) != 0;
  command.l4_checksum = Bits(word, 41, 1) != 0;
  command.ipsec = Bits(word, 42, 1) != 0;
  command.payload = Bits(word, 46, 18);
  return command;
}

std::string_view Describe(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "nothing is wrong with it";
    case Refusal::kTooManyDescriptors:
      return "it has more than 40 descriptors (DPDK: IXGBE_TX_MAX_SEG)";
    case Refusal::kBufferTooLong:
      return "a descriptor has more than 16 KiB (7.2.3.2.4)";
    case Refusal::kPacketTooLong:
      return "it is longer than 15.5 KiB, or 256 KiB and a header to segment";
    case Refusal::kEmpty:
      return "there is nothing in it but perhaps a CRC";
    case Refusal::kMixed:
      return "its descriptors are partly legacy ones, partly advanced";
    case Refusal::kNoContext:
      return "it asks for an offload, and the context of its IDX was never loaded";
    case Refusal::kNotModelled:
      return "it asks for FCoE or IPsec, which are not modelled";
    case Refusal::kNoCrc:
      return "it asks for an offload without IFCS and HLREG0.TXCRCEN: its CRC would be wrong";
    case Refusal::kHeaderLengths:
      return "MACLEN, IPLEN or L4LEN do not fit it, or one another";
    case Refusal::kL4Type:
      return "the context's L4T is one that there is no such offload for";
    case Refusal::kMss:
      return "the context's MSS is 0, or too large for a frame";
  }
  return "";
}

std::span<std::byte> TxPacket::Extend(std::size_t more) {
  const std::size_t before = size;
  size += more;
  if (memory.size() < kHeadroom + size) memory.resize(kHeadroom + size);
  return bytes().subspan(before);
}

void TxPacket::Clear() {
  size = 0;
  descriptors = 0;
  refused = false;
}

Refusal TxPacket::Check(std::size_t longest, std::size_t mac_header, bool crc) {
  const std::size_t brought_crc = crc ? 0 : kCrcBytes;
  if (size <= brought_crc) return Refusal::kEmpty;
  if (!command.segment && size > longest + brought_crc) return Refusal::kPacketTooLong;
  if (!command.changes_frame()) return Refusal::kNone;
  if (!crc) return Refusal::kNoCrc;
  if (size < mac_header) return Refusal::kHeaderLengths;
  if (command.legacy) return Refusal::kNone;
  if (!context.loaded) return Refusal::kNoContext;
  if (context.fcoe || command.ipsec) return Refusal::kNotModelled;

  const bool l4_work = command.segment || command.l4_checksum;
  if (l4_work && context.l4 == TxContext::L4::kReserved) return Refusal::kL4Type;
  if (command.segment) {
    if (context.l4 == TxContext::L4::kSctp) return Refusal::kL4Type;
    if (!SegmentHeaderFits(context, size)) return Refusal::kHeaderLengths;
    const bool fits = context.header_size() + context.mss <= longest;
    return context.mss != 0 && fits ? Refusal::kNone : Refusal::kMss;
  }
  if (command.ip_checksum && context.ipv4) {
    if (context.ip_length < kIpv4HeaderSize) return Refusal::kHeaderLengths;
  }
  if (command.ip_checksum || command.l4_checksum) {
    const std::size_t least = context.l4 == TxContext::L4::kSctp ? 4 : 2;
    const std::size_t end =
        command.l4_checksum ? context.l4_checksum_offset() + least : context.l4_offset();
    if (context.mac_length < kMacHeaderSize || end > size) return Refusal::kHeaderLengths;
  }
  return Refusal::kNone;
}

void InsertIpChecksum(std::span<std::byte> frame, const TxContext& context) {
  constexpr std::size_t kChecksum = 10;
  StoreChecksum(frame, context.mac_length + kChecksum,
                OnesSum(frame.subspan(context.mac_length, context.ip_length)));
}

void InsertL4Checksum(std::span<std::byte> frame, const TxContext& context, bool add_length) {
  const std::span<std::byte> l4 = frame.subspan(context.l4_offset());
  const std::size_t at = context.l4_checksum_offset();
  if (context.l4 == TxContext::L4::kSctp) {
    const std::uint32_t crc = Crc32c(l4);
    std::memcpy(frame.data() + at, &crc, sizeof crc);  // least significant byte first
    return;
  }
  const std::uint64_t sum = OnesSum(l4) + (add_length ? l4.size() : 0);
  // RFC 768: "If the computed checksum is zero, it is transmitted as all ones."
  const bool zero = Fold(sum) == 0xFFFF;
  StoreChecksum(frame, at, zero && context.l4 == TxContext::L4::kUdp ? 0 : sum);
}

void InsertLegacyChecksum(std::span<std::byte> frame, const TxCommand& command) {
  if (command.checksum_start > frame.size() || command.checksum_offset + 2u > frame.size()) return;
  StoreChecksum(frame, command.checksum_offset, OnesSum(frame.subspan(command.checksum_start)));
}

std::span<std::byte> InsertTag(std::span<std::byte> frame, std::size_t offset, std::uint16_t type,
                               std::uint16_t tag) {
  const std::span<std::byte> longer(frame.data() - kTagSize, frame.size() + kTagSize);
  std::memmove(longer.data(), frame.data(), offset);
  Store16(longer, offset, type);
  Store16(longer, offset + 2, tag);
  return longer;
}

}  // namespace ixylab::emulator::intel82599
