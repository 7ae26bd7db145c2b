// IP packets, made and judged with plain arithmetic: nothing here knows how a device does it.
#ifndef TESTS_CONFORMANCE_PACKETS_H_
#define TESTS_CONFORMANCE_PACKETS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "driver/device.h"

namespace ixylab::conformance {

using Bytes = std::vector<std::byte>;

inline constexpr std::size_t kVlanTagSize = 4;

/// What is in this buffer, whatever follows it.
inline Bytes BytesIn(const PacketBuffer& buffer) {
  return {buffer.data(), buffer.data() + buffer.size};
}

/// Numbers of `bytes` bytes in network order.
std::uint64_t GetNumber(std::span<const std::byte> frame, std::size_t at, std::size_t bytes);
void PutNumber(std::span<std::byte> frame, std::size_t at, std::size_t bytes, std::uint64_t value);

enum class Transport : std::uint8_t { kNone = 59, kTcp = 6, kUdp = 17 };  // IP's protocol numbers

/// Addresses as text; both IPv4 or both IPv6.
struct Flow {
  const char* source = "10.0.0.1";
  const char* destination = "10.0.0.2";
  std::uint16_t source_port = 1024;
  std::uint16_t destination_port = 2048;
};

struct PacketOptions {
  Flow flow = {};
  Transport transport = Transport::kUdp;
  std::optional<std::uint16_t> vlan = {};  // tag control information of an 802.1Q tag in the frame
  std::size_t ip_options = 0;              // bytes of IPv4 options, a multiple of 4
  std::uint16_t fragment = 0;              // IPv4: flags and offset of a fragment
  std::size_t payload = 100;               // bytes behind the transport's header
  std::uint64_t number = 0;                // what the payload is made of
};

/// A frame and where its headers are.
struct Packet {
  Bytes bytes = {};
  std::size_t network_at = 0;
  std::size_t transport_at = 0;
  bool ipv6 = false;
  Transport transport = Transport::kNone;

  std::size_t ip_checksum_at() const { return network_at + 10; }
  std::size_t checksum_at() const { return transport_at + (transport == Transport::kTcp ? 16 : 6); }
  /// RFC 793, 768 and 8200 (8.1): addresses, length and protocol, added up and not complemented.
  std::uint16_t PseudoHeaderSum() const;
  /// Fills in both checksums.
  void Complete();
};

/// With right checksums. Throws std::invalid_argument for an address that is none.
Packet MakePacket(const MacAddress& destination, const MacAddress& source,
                  const PacketOptions& options);

/// The one's complement sum of `bytes` as 16-bit numbers (RFC 1071), on top of `sum`.
std::uint16_t InternetSum(std::span<const std::byte> bytes, std::uint32_t sum = 0);

/// `frame` with a tag behind its addresses.
Bytes Tagged(std::span<const std::byte> frame, std::uint16_t vlan);

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_PACKETS_H_
