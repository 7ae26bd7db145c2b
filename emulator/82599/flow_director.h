// The flow director (datasheet 7.1.2.7). Its signature filters are a table from a frame's hash to a
// queue. Linux's "ATR" enters each flow that it transmits, so that answers come to the sender's
// queue.
#ifndef EMULATOR_82599_FLOW_DIRECTOR_H_
#define EMULATOR_82599_FLOW_DIRECTOR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>

#include "emulator/82599/headers.h"

namespace ixylab::emulator::intel82599 {

/// The hash of TCP, UDP and SCTP frames under one key (FDIRHKEY for the bucket, FDIRSKEY for the
/// signature), 15 bits. The function is the one that Linux and DPDK compute for the filters that
/// they add (ixgbe_atr_compute_sig_hash_82599): the input is folded to 32 bits first.
class FlowHash {
 public:
  /// `flexible_at` is the offset of the two flexible bytes. Both lie within `frame`.
  FlowHash(std::span<const std::byte> frame, const Headers& headers, std::uint32_t flexible_at);
  /// `folded` is ports (source port highest), addresses and flexible bytes (in the upper half), all
  /// added up; `type_and_vlan` the flow type in bits 18:16 and the tag.
  FlowHash(std::uint32_t folded, std::uint32_t type_and_vlan)
      : folded_(folded), type_and_vlan_(type_and_vlan) {}
  std::uint32_t Under(std::uint32_t key) const;
  /// FDIRCMD.L4TYPE of a TCP, UDP or SCTP packet.
  static std::uint8_t L4Type(const Headers& headers);

 private:
  std::uint32_t folded_ = 0;
  std::uint32_t type_and_vlan_ = 0;
};

class SignatureFilters {
 public:
  /// Bucket in bits 14:0 and signature in bits 30:16, as FDIRHASH has them.
  static constexpr std::uint32_t kHashes = 0x7FFF7FFF;

  void Clear() { queues_.clear(); }
  void SetCapacity(std::size_t filters) { capacity_ = filters; }
  std::size_t free() const { return capacity_ - queues_.size(); }
  /// Adds a filter or gives the one there is a new queue. False where the table is full.
  bool Add(std::uint32_t hashes, std::uint8_t queue);
  /// False where there is none.
  bool Remove(std::uint32_t hashes) { return queues_.erase(hashes & kHashes) != 0; }
  std::optional<std::uint8_t> Find(std::uint32_t hashes) const;

 private:
  std::unordered_map<std::uint32_t, std::uint8_t> queues_;
  std::size_t capacity_ = 0;
};

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_FLOW_DIRECTOR_H_
