#include "emulator/82599/rss.h"

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

// MRQC, RSS field enable (8.2.3.7.12).
constexpr std::uint32_t kTcpIpv4 = 1u << 16, kIpv4 = 1u << 17, kIpv6 = 1u << 20,
                        kTcpIpv6 = 1u << 21, kUdpIpv4 = 1u << 22, kUdpIpv6 = 1u << 23;

// RSS types (7.1.6.2, table 7-16).
constexpr std::uint32_t kTypeTcpIpv4 = 1, kTypeIpv4 = 2, kTypeTcpIpv6 = 3, kTypeIpv6 = 5,
                        kTypeUdpIpv4 = 7, kTypeUdpIpv6 = 8;

constexpr RegisterInfo kRssrk = Row("RSSRK");

}  // namespace

void Toeplitz::SetKey(std::span<const std::uint8_t, kKeyBytes> key) {
  const auto key_bit = [&](std::size_t bit) -> std::uint32_t {
    return key[bit / 8] >> (7 - bit % 8) & 1;
  };
  for (std::size_t nibble = 0; nibble < table_.size(); ++nibble) {
    for (std::size_t value = 0; value < 16; ++value) {
      std::uint32_t sum = 0;
      for (std::size_t bit = 0; bit < 4; ++bit) {
        if ((value >> (3 - bit) & 1) == 0) continue;
        // An input bit adds the 32 key bits that begin at its own position.
        std::uint32_t window = 0;
        for (std::size_t i = 0; i < 32; ++i) window = window << 1 | key_bit(4 * nibble + bit + i);
        sum ^= window;
      }
      table_[nibble][value] = sum;
    }
  }
}

RssResult HashFrame(const Toeplitz& toeplitz, std::uint32_t mrqc, std::span<const std::byte> frame,
                    const Headers& headers) {
  const bool v4 = (headers.type & packet_type::kIpv4) != 0;
  if (!v4 && (headers.type & packet_type::kIpv6) == 0) return {};
  const bool tcp =
      (headers.type & packet_type::kTcp) != 0 && (mrqc & (v4 ? kTcpIpv4 : kTcpIpv6)) != 0;
  const bool udp =
      (headers.type & packet_type::kUdp) != 0 && (mrqc & (v4 ? kUdpIpv4 : kUdpIpv6)) != 0;
  if (!tcp && !udp && (mrqc & (v4 ? kIpv4 : kIpv6)) == 0) return {};

  // Source and destination address stand side by side in both headers, as do the ports.
  const std::size_t address_bytes = v4 ? 8 : 32;
  const std::size_t addresses = headers.l3 + (v4 ? 12 : 8);
  RssResult result;
  result.hash = toeplitz.Add(0, 0, frame.subspan(addresses, address_bytes));
  if (tcp || udp) {
    result.hash = toeplitz.Add(result.hash, address_bytes, frame.subspan(headers.l4, 4));
  }
  result.type = v4 ? (tcp   ? kTypeTcpIpv4
                      : udp ? kTypeUdpIpv4
                            : kTypeIpv4)
                   : (tcp   ? kTypeTcpIpv6
                      : udp ? kTypeUdpIpv6
                            : kTypeIpv6);
  return result;
}

void Port::WroteRssrk(std::uint32_t, std::uint32_t) { rss_key_changed_ = true; }

/// The key as the registers have it: its first byte is the lowest one of RSSRK[0] (8.2.3.7.14).
void Port::LoadRssKey() {
  std::array<std::uint8_t, Toeplitz::kKeyBytes> key;
  for (std::uint32_t byte = 0; byte < key.size(); ++byte) {
    key[byte] = static_cast<std::uint8_t>(registers_.Peek(kRssrk.At(byte / 4)) >> (byte % 4 * 8));
  }
  toeplitz_.SetKey(key);
  rss_key_changed_ = false;
}

}  // namespace ixylab::emulator::intel82599
