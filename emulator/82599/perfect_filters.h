// Perfect filters of the flow director (datasheet 7.1.2.7): a packet's fields, under masks that all
// filters share, to a queue. Linux's `ethtool -N` and DPDK's rte_flow use them.
#ifndef EMULATOR_82599_PERFECT_FILTERS_H_
#define EMULATOR_82599_PERFECT_FILTERS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "emulator/82599/headers.h"

namespace ixylab::emulator::intel82599 {

/// What is compared, of IPv4 packets. The order of bytes is that of the registers.
struct PerfectFields {
  std::uint32_t source = 0, destination = 0;  // FDIRIPSA, FDIRIPDA: first byte lowest
  std::uint32_t ports = 0;                    // FDIRPORT: destination port highest
  std::uint16_t vlan = 0;                     // FDIRVLAN: the whole tag
  std::uint16_t flexible = 0;                 // FDIRVLAN: first byte lowest
  std::uint8_t l4 = 0;                        // FDIRCMD.L4TYPE: UDP, TCP, SCTP; 0: another one

  bool operator==(const PerfectFields&) const = default;
  PerfectFields operator&(const PerfectFields& mask) const;
  /// As FDIRHASH's bucket has it, under FDIRHKEY (ixgbe_atr_compute_perfect_hash_82599 of Linux and
  /// DPDK).
  std::uint32_t Bucket(std::uint32_t key) const;
};

struct PerfectFilter {
  std::uint16_t id = 0;  // the driver's, FDIRHASH.SIG_SW_INDEX
  PerfectFields fields = {};
  std::uint8_t queue = 0;
  bool drop = false;
  bool ipv6 = false;  // not modelled: matches nothing
};

/// A filter is known by its bucket and id; a packet is looked for in its own bucket alone.
class PerfectFilters {
 public:
  static constexpr std::uint32_t kBuckets = 0x1FFF;

  void Clear();
  void SetCapacity(std::size_t filters) { capacity_ = filters; }
  std::size_t free() const { return capacity_ - count_; }
  /// Adds a filter or replaces the one of that id. False where the table is full.
  bool Add(std::uint32_t bucket, const PerfectFilter& filter);
  /// False where there is none.
  bool Remove(std::uint32_t bucket, std::uint16_t id);
  const PerfectFilter* Find(std::uint32_t bucket, std::uint16_t id) const;
  const PerfectFilter* Match(std::uint32_t bucket, const PerfectFields& masked,
                             const PerfectFields& mask) const;

 private:
  std::unordered_map<std::uint32_t, std::vector<PerfectFilter>> buckets_;
  std::size_t capacity_ = 0, count_ = 0;
};

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_PERFECT_FILTERS_H_
