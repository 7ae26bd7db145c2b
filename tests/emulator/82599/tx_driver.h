// Packets for the transmit offloads, with a slow and obvious computation of what has to come out,
// and a driver that queues them. The numbers of descriptors are written out once more: none are the
// model's.
#ifndef TESTS_EMULATOR_82599_TX_DRIVER_H_
#define TESTS_EMULATOR_82599_TX_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {

enum class Protocol : std::uint8_t { kTcp = 6, kUdp = 17, kSctp = 132 };

struct PacketShape {
  bool ipv6 = false;
  Protocol protocol = Protocol::kTcp;
  std::size_t ip_extra = 0;  // IPv4 options, or an IPv6 destination options header; a multiple of 8
  std::size_t l4_extra = 0;  // TCP options; a multiple of 4
  std::uint16_t id = 0x1234;
  std::uint32_t sequence = 0x89ABCDEF;
  std::uint16_t flags = 0x018;  // ACK, PSH

  std::size_t ip_size() const { return (ipv6 ? 40 : 20) + ip_extra; }
  std::size_t l4_size() const;
  std::size_t l4_offset() const { return 14 + ip_size(); }
  std::size_t header_size() const { return l4_offset() + l4_size(); }
  std::size_t l4_checksum_offset() const;
};

/// `size` bytes that are unlike one another.
Bytes MakePayload(std::size_t size);
/// A whole Ethernet frame as it belongs on the wire, checksums included.
Bytes MakePacket(const PacketShape& shape, std::span<const std::byte> payload);
/// The same as a driver hands it over: no IPv4 checksum, in place of the L4 checksum the sum over
/// the pseudo-header (without the length, which is 0 in the IP header too, where it is
/// `to_segment`).
Bytes Unfinished(const PacketShape& shape, std::span<const std::byte> payload,
                 bool to_segment = false);
/// `frame` with a tag in front of byte `at`.
Bytes WithTag(Bytes frame, std::uint16_t tag, std::uint16_t type = 0x8100, std::size_t at = 12);
Bytes PaddedTo60(Bytes frame);

/// RFC 1071, a word at a time; complemented.
std::uint16_t InternetChecksum(std::span<const std::byte> bytes, std::uint32_t sum = 0);

struct ContextFields {
  std::uint32_t mac_length = 14, ip_length = 20, l4_length = 0, mss = 0;
  bool ipv4 = true;
  std::uint32_t l4 = 1;  // UDP, TCP, SCTP
  std::uint16_t tag = 0;
  std::uint32_t index = 0;
  std::uint64_t second = 0;  // further bits of the second word
};
/// The right ones for a packet.
ContextFields ContextOf(const PacketShape& shape, std::uint32_t mss = 0);

class TxDriver {
 public:
  static constexpr std::uint64_t kEop = 1u << 24, kIfcs = 1u << 25, kInsertChecksum = 1u << 26,
                                 kRs = 1u << 27, kDext = 1u << 29, kVle = 1u << 30, kTse = 1u << 31,
                                 kData = 3u << 20, kIndex1 = 1ull << 36, kIxsm = 1ull << 40,
                                 kTxsm = 1ull << 41;

  /// Starts `queue` on `ring`.
  TxDriver(Rig& rig, TestRing& ring, std::uint32_t queue = 0);

  void PutContext(const ContextFields& fields);
  /// An advanced packet with `command` besides DEXT, DTYP, IFCS, EOP and RS, whose parts end at
  /// `cuts`; without any, in parts of at most 4 KiB. Only the first descriptor has PAYLEN.
  void Put(std::span<const std::byte> packet, std::uint64_t command,
           std::vector<std::size_t> cuts = {}, std::size_t payload = 0);
  /// A descriptor as given, over a buffer with `bytes`.
  void PutRaw(std::span<const std::byte> bytes, std::uint64_t second);
  /// All that was put so far. The last descriptor of it is then done.
  void Go();
  bool Done(std::uint32_t index) const { return (ring_.word(index, 1) & kTxDone) != 0; }
  std::uint32_t next() const { return next_; }

 private:
  Rig& rig_;
  TestRing& ring_;
  const std::uint32_t queue_;
  std::uint32_t next_ = 0;
};

}  // namespace ixylab::emulator::intel82599

#endif  // TESTS_EMULATOR_82599_TX_DRIVER_H_
