// Tables that drivers reach through a few registers and an index (datasheet 8.2.3.10.13, 8.2.3.14):
// IPsec's, and what each transmit queue has of the arbiters. Storage.
#ifndef EMULATOR_82599_WINDOWS_H_
#define EMULATOR_82599_WINDOWS_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace ixylab::emulator::intel82599 {

/// As many entries as Linux and DPDK clear (IPSEC_MAX_SA_COUNT, IPSEC_MAX_RX_IP_COUNT).
struct Windows {
  static constexpr std::size_t kAssociations = 1024, kAddresses = 128, kQueues = 128;

  template <std::size_t kWords, std::size_t kEntries>
  using Table = std::array<std::array<std::uint32_t, kWords>, kEntries>;

  Table<5, kAssociations> transmit_keys{};  // IPSTXKEY, IPSTXSALT
  Table<4, kAddresses> addresses{};         // IPSRXIPADDR
  Table<2, kAssociations> spis{};           // IPSRXSPI, IPSRXIPIDX
  Table<6, kAssociations> receive_keys{};   // IPSRXKEY, IPSRXSALT, IPSRXMOD
  Table<2, kQueues> queues{};               // RTTDT1C, RTTBCNRC
};

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_WINDOWS_H_
