// Which frames a port lets in, and for which receive queue (virtio 1.2, 5.1.6.5.1 to 5.1.6.5.5).
#ifndef EMULATOR_VIRTIO_NET_FILTER_H_
#define EMULATOR_VIRTIO_NET_FILTER_H_

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ixylab::emulator::virtio_net {

using MacBytes = std::array<std::uint8_t, 6>;

struct Filter {
  static constexpr std::size_t kMostAddresses = 64;  // of each table: as QEMU, MAC_TABLE_ENTRIES

  /// As after a reset: everything passes, as in QEMU, since a driver without VIRTIO_NET_F_CTRL_RX
  /// could not ask for it.
  bool promiscuous = true;
  bool all_unicast = false, all_multicast = false;
  bool no_unicast = false, no_multicast = false, no_broadcast = false;
  /// A table that was too long: all such frames pass (5.1.6.5.2, the footnote).
  bool unicast_overflow = false, multicast_overflow = false;
  MacBytes own{};
  std::vector<MacBytes> unicast, multicast;
  bool vlan_filter = false;  // VIRTIO_NET_F_CTRL_VLAN is negotiated
  std::bitset<4096> vlans;

  bool Passes(std::span<const std::byte> frame) const;
};

/// A number that is the same for all frames of a flow: a hash of the IP addresses and, where they
/// are there, the ports. 0 for other frames.
std::uint32_t FlowHash(std::span<const std::byte> frame);

}  // namespace ixylab::emulator::virtio_net

#endif  // EMULATOR_VIRTIO_NET_FILTER_H_
