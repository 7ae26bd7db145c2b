// Filters that send a frame to a queue of their own (datasheet 7.1.2.3 to 7.1.2.5): by EtherType,
// for TCP SYN, by addresses, ports and protocol.
#ifndef EMULATOR_82599_QUEUE_FILTERS_H_
#define EMULATOR_82599_QUEUE_FILTERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "emulator/82599/headers.h"

namespace ixylab::emulator::intel82599 {

/// ETQF and ETQS.
struct EtherTypeFilter {
  std::uint8_t index = 0;  // goes into the descriptor
  std::uint16_t type = 0;
  std::optional<std::uint8_t> priority = std::nullopt;  // ETQF.UP of the VLAN tag
  std::optional<std::uint8_t> queue =
      std::nullopt;  // without ETQS.QUEUE_EN: where the frame goes anyway

  bool Matches(std::span<const std::byte> frame, const Headers& headers) const;
};

/// FTQF, SAQF, DAQF, SDPQF and L34TIMIR, for IPv4. Numbers as they lie in the frame, first byte
/// lowest.
struct FiveTupleFilter {
  std::uint8_t queue = 0;
  std::uint8_t priority = 0;
  std::uint8_t ignored = 0;   // FTQF.MASK: source, destination address, source, destination port,
                              // protocol
  std::uint8_t protocol = 0;  // TCP, UDP, SCTP, another one
  std::uint32_t source = 0, destination = 0;
  std::uint32_t ports = 0;  // source port lowest

  bool Matches(std::span<const std::byte> frame, const Headers& headers) const;
};

/// Those that are enabled.
struct QueueFilters {
  std::vector<EtherTypeFilter> ether_types;
  std::vector<FiveTupleFilter> five_tuples;  // highest priority first
  std::optional<std::uint8_t> syn_queue;
  bool syn_first = false;  // SYNQF.SYNQFP: before the five-tuple filters

  bool any() const { return !ether_types.empty() || !five_tuples.empty() || syn_queue; }
  const EtherTypeFilter* FindEtherType(std::span<const std::byte> frame,
                                       const Headers& headers) const;
  /// The queue of a frame with an IP header, by SYN and five-tuple filters.
  std::optional<std::uint8_t> FindQueue(std::span<const std::byte> frame,
                                        const Headers& headers) const;
};

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_QUEUE_FILTERS_H_
