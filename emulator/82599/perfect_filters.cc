#include "emulator/82599/perfect_filters.h"

#include <algorithm>

#include "emulator/82599/flow_director.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t Swap32(std::uint32_t value) { return __builtin_bswap32(value); }

}  // namespace

PerfectFields PerfectFields::operator&(const PerfectFields& mask) const {
  return {.source = source & mask.source,
          .destination = destination & mask.destination,
          .ports = ports & mask.ports,
          .vlan = static_cast<std::uint16_t>(vlan & mask.vlan),
          .flexible = static_cast<std::uint16_t>(flexible & mask.flexible),
          .l4 = static_cast<std::uint8_t>(l4 & mask.l4)};
}

std::uint32_t PerfectFields::Bucket(std::uint32_t key) const {
  const std::uint32_t in_frame_order = ports << 16 | ports >> 16;
  const std::uint32_t flexible_first = Swap32(flexible);
  const FlowHash hash(Swap32(source) ^ Swap32(destination) ^ in_frame_order ^ flexible_first,
                      std::uint32_t{l4} << 16 | vlan);
  return hash.Under(key) & PerfectFilters::kBuckets;
}

void PerfectFilters::Clear() {
  buckets_.clear();
  count_ = 0;
}

bool PerfectFilters::Add(std::uint32_t bucket, const PerfectFilter& filter) {
  auto& filters = buckets_[bucket];
  const auto same = std::ranges::find(filters, filter.id, &PerfectFilter::id);
  if (same != filters.end()) {
    *same = filter;
    return true;
  }
  if (free() == 0) return false;
  filters.push_back(filter);
  ++count_;
  return true;
}

bool PerfectFilters::Remove(std::uint32_t bucket, std::uint16_t id) {
  const auto found = buckets_.find(bucket);
  if (found == buckets_.end()) return false;
  const std::size_t removed =
      std::erase_if(found->second, [id](const PerfectFilter& filter) { return filter.id == id; });
  count_ -= removed;
  if (found->second.empty()) buckets_.erase(found);
  return removed != 0;
}

const PerfectFilter* PerfectFilters::Find(std::uint32_t bucket, std::uint16_t id) const {
  const auto found = buckets_.find(bucket);
  if (found == buckets_.end()) return nullptr;
  const auto filter = std::ranges::find(found->second, id, &PerfectFilter::id);
  return filter == found->second.end() ? nullptr : &*filter;
}

const PerfectFilter* PerfectFilters::Match(std::uint32_t bucket, const PerfectFields& masked,
                                           const PerfectFields& mask) const {
  const auto found = buckets_.find(bucket);
  if (found == buckets_.end()) return nullptr;
  const auto filter = std::ranges::find_if(found->second, [&](const PerfectFilter& candidate) {
    return !candidate.ipv6 && (candidate.fields & mask) == masked;
  });
  return filter == found->second.end() ? nullptr : &*filter;
}

}  // namespace ixylab::emulator::intel82599
