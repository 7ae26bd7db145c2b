#include "tests/emulator/82599/tx_driver.h"

#include <algorithm>

namespace ixylab::emulator::intel82599 {
namespace {

void Append(Bytes& bytes, std::uint64_t value, int size) {
  while (size-- > 0) bytes.push_back(std::byte(value >> 8 * size));
}

void Put16(Bytes& bytes, std::size_t at, std::uint32_t value) {
  bytes[at] = std::byte(value >> 8);
  bytes[at + 1] = std::byte(value);
}

std::uint32_t SumOfWords(std::span<const std::byte> bytes, std::uint32_t sum) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
    while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return sum;
}

/// Bit by bit.
std::uint32_t SlowCrc32c(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (std::byte byte : bytes) {
    crc ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82F63B78 : crc >> 1;
  }
  return ~crc;
}

/// Addresses and protocol, and the length where it is not 0.
std::uint32_t PseudoHeaderSum(const PacketShape& shape, const Bytes& packet, std::size_t length) {
  const auto addresses = std::span(packet).subspan(14 + (shape.ipv6 ? 8 : 12), shape.ipv6 ? 32 : 8);
  const Bytes rest = [&] {
    Bytes bytes;
    Append(bytes, length, 4);
    Append(bytes, static_cast<std::uint8_t>(shape.protocol), 4);
    return bytes;
  }();
  return SumOfWords(rest, SumOfWords(addresses, 0));
}

Bytes WithoutChecksums(const PacketShape& shape, std::span<const std::byte> payload) {
  Bytes packet = MakeFrame(14, "02:00:00:00:00:01", shape.ipv6 ? 0x86DD : 0x0800);
  const std::size_t l4_bytes = shape.l4_size() + payload.size();
  const auto protocol = static_cast<std::uint8_t>(shape.protocol);
  if (shape.ipv6) {
    Append(packet, 0x60012345, 4);
    Append(packet, l4_bytes + shape.ip_extra, 2);
    Append(packet, shape.ip_extra != 0 ? 60 : protocol, 1);  // destination options
    Append(packet, 64, 1);
    for (int i = 0; i < 32; ++i) Append(packet, 0x20 + 7 * i, 1);
    if (shape.ip_extra != 0) {
      Append(packet, protocol, 1);
      Append(packet, shape.ip_extra / 8 - 1, 1);
      Append(packet, 1, 1);  // PadN
      Append(packet, shape.ip_extra - 4, 1);
      packet.resize(packet.size() + shape.ip_extra - 4);
    }
  } else {
    Append(packet, 0x40 | (5 + shape.ip_extra / 4), 1);
    Append(packet, 0, 1);
    Append(packet, shape.ip_size() + l4_bytes, 2);
    Append(packet, shape.id, 2);
    Append(packet, 0x4000'40, 3);
    Append(packet, protocol, 1);
    Append(packet, 0, 2);
    Append(packet, 0xC0A80001'C0A800C7, 8);
    for (std::size_t i = 0; i < shape.ip_extra; ++i) Append(packet, 1, 1);  // no operation
  }
  Append(packet, 0xC001'0050, 4);
  if (shape.protocol == Protocol::kUdp) {
    Append(packet, l4_bytes, 2);
    Append(packet, 0, 2);
  } else if (shape.protocol == Protocol::kSctp) {
    Append(packet, 0xFEEDBEEF, 4);
    Append(packet, 0, 4);
  } else {
    Append(packet, shape.sequence, 4);
    Append(packet, 0x01020304, 4);
    Append(packet, shape.l4_size() / 4 << 12 | shape.flags, 2);
    Append(packet, 0x7FFF, 2);
    Append(packet, 0, 4);
    for (std::size_t i = 0; i < shape.l4_extra; ++i) Append(packet, 1, 1);
  }
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

}  // namespace

std::size_t PacketShape::l4_size() const {
  return (protocol == Protocol::kTcp ? 20 : protocol == Protocol::kUdp ? 8 : 12) + l4_extra;
}

std::size_t PacketShape::l4_checksum_offset() const {
  return l4_offset() + (protocol == Protocol::kTcp ? 16 : protocol == Protocol::kUdp ? 6 : 8);
}

Bytes MakePayload(std::size_t size) {
  Bytes payload(size);
  for (std::size_t i = 0; i < size; ++i) payload[i] = std::byte(i * 31 + (i >> 8) * 5 + 1);
  return payload;
}

std::uint16_t InternetChecksum(std::span<const std::byte> bytes, std::uint32_t sum) {
  return static_cast<std::uint16_t>(~SumOfWords(bytes, sum));
}

Bytes MakePacket(const PacketShape& shape, std::span<const std::byte> payload) {
  Bytes packet = WithoutChecksums(shape, payload);
  if (!shape.ipv6) {
    Put16(packet, 24, InternetChecksum(std::span(packet).subspan(14, shape.ip_size())));
  }
  const auto l4 = std::span(packet).subspan(shape.l4_offset());
  if (shape.protocol == Protocol::kSctp) {
    const std::uint32_t crc = SlowCrc32c(l4);
    for (int i = 0; i < 4; ++i) packet[shape.l4_checksum_offset() + i] = std::byte(crc >> 8 * i);
    return packet;
  }
  std::uint16_t checksum = InternetChecksum(l4, PseudoHeaderSum(shape, packet, l4.size()));
  if (shape.protocol == Protocol::kUdp && checksum == 0) checksum = 0xFFFF;
  Put16(packet, shape.l4_checksum_offset(), checksum);
  return packet;
}

Bytes Unfinished(const PacketShape& shape, std::span<const std::byte> payload, bool to_segment) {
  Bytes packet = WithoutChecksums(shape, payload);
  if (shape.protocol != Protocol::kSctp) {
    const std::size_t length = to_segment ? 0 : packet.size() - shape.l4_offset();
    Put16(packet, shape.l4_checksum_offset(), PseudoHeaderSum(shape, packet, length));
  }
  if (to_segment) Put16(packet, shape.ipv6 ? 18 : 16, 0);
  return packet;
}

Bytes WithTag(Bytes frame, std::uint16_t tag, std::uint16_t type, std::size_t at) {
  Bytes both;
  Append(both, std::uint32_t{type} << 16 | tag, 4);
  frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(at), both.begin(), both.end());
  return frame;
}

Bytes PaddedTo60(Bytes frame) {
  if (frame.size() < 60) frame.resize(60);
  return frame;
}

ContextFields ContextOf(const PacketShape& shape, std::uint32_t mss) {
  return {.ip_length = static_cast<std::uint32_t>(shape.ip_size()),
          .l4_length = static_cast<std::uint32_t>(shape.l4_size()),
          .mss = mss,
          .ipv4 = !shape.ipv6,
          .l4 = shape.protocol == Protocol::kUdp   ? 0u
                : shape.protocol == Protocol::kTcp ? 1u
                                                   : 2u};
}

TxDriver::TxDriver(Rig& rig, TestRing& ring, std::uint32_t queue)
    : rig_(rig), ring_(ring), queue_(queue) {
  rig_.StartTx(ring, queue);
}

void TxDriver::PutContext(const ContextFields& fields) {
  ring_.word(next_, 0) =
      fields.ip_length | fields.mac_length << 9 | std::uint64_t{fields.tag} << 16;
  ring_.word(next_, 1) = kDext | 2u << 20 | (fields.ipv4 ? 1u << 10 : 0) | fields.l4 << 11 |
                         std::uint64_t{fields.index} << 36 | std::uint64_t{fields.l4_length} << 40 |
                         std::uint64_t{fields.mss} << 48 | fields.second;
  next_ = (next_ + 1) % ring_.size();
}

void TxDriver::Put(std::span<const std::byte> packet, std::uint64_t command,
                   std::vector<std::size_t> cuts, std::size_t payload) {
  if (cuts.empty()) {
    for (std::size_t at = 4096; at < packet.size(); at += 4096) cuts.push_back(at);
  }
  cuts.push_back(packet.size());
  std::size_t begin = 0;
  for (std::size_t end : cuts) {
    std::uint64_t second = command | kDext | kData | kIfcs;
    if (begin == 0) second |= std::uint64_t{payload != 0 ? payload : packet.size()} << 46;
    if (end == packet.size()) second |= kEop | kRs;
    PutRaw(packet.subspan(begin, end - begin), second);
    begin = end;
  }
}

void TxDriver::PutRaw(std::span<const std::byte> bytes, std::uint64_t second) {
  std::ranges::copy(bytes, ring_.buffer(next_).begin());
  ring_.word(next_, 0) = ring_.buffer_iova(next_);
  ring_.word(next_, 1) = second | bytes.size();
  next_ = (next_ + 1) % ring_.size();
}

void TxDriver::Go() { rig_.Write(kTdt + queue_ * 0x40, next_); }

}  // namespace ixylab::emulator::intel82599
