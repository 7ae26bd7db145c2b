#include "emulator/82599/flow_director.h"

#include <cstring>

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

// FDIRCTRL
constexpr std::uint32_t kAllocation = 3, kInitDone = 1u << 3, kPerfectMatch = 1u << 4;
// FDIRCMD
constexpr std::uint32_t kCommand = 3, kAdd = 1, kRemove = 2, kQuery = 3, kFilterValid = 1u << 2,
                        kIpv6 = 1u << 7, kClearTable = 1u << 8, kDrop = 1u << 9,
                        kQueueEnable = 1u << 15;
constexpr std::uint64_t kFilterMatch = 1u << 2;  // FLM of the descriptor's status

// "10G: PBALLOC = 11b, timing is 60us" (Linux and DPDK, ixgbe_fdir_enable_82599).
constexpr Nanoseconds kInitTime = std::chrono::microseconds(60);

constexpr RegisterInfo kFdirctrl = Row("FDIRCTRL"), kFdirhash = Row("FDIRHASH"),
                       kFdircmd = Row("FDIRCMD"), kFdirhkey = Row("FDIRHKEY"),
                       kFdirskey = Row("FDIRSKEY"), kFdirfree = Row("FDIRFREE"),
                       kFdirustat = Row("FDIRUSTAT"), kFdirfstat = Row("FDIRFSTAT"),
                       kFdirmatch = Row("FDIRMATCH"), kFdirmiss = Row("FDIRMISS"),
                       kFdirm = Row("FDIRM"), kFdirsip4m = Row("FDIRSIP4M"),
                       kFdirdip4m = Row("FDIRDIP4M"), kFdirtcpm = Row("FDIRTCPM"),
                       kFdirudpm = Row("FDIRUDPM"), kFdiripsa = Row("FDIRIPSA"),
                       kFdiripda = Row("FDIRIPDA"), kFdirport = Row("FDIRPORT"),
                       kFdirvlan = Row("FDIRVLAN");

std::uint32_t Load32(std::span<const std::byte> bytes, std::size_t at) {
  return Load16(bytes, at) << 16 | Load16(bytes, at + 2);
}

/// The bits of each half in reverse.
std::uint32_t ReversedHalves(std::uint32_t value) {
  std::uint32_t result = 0;
  for (unsigned bit = 0; bit < 16; ++bit) result |= (value >> bit & 0x00010001) << (15 - bit);
  return result;
}

}  // namespace

FlowHash::FlowHash(std::span<const std::byte> frame, const Headers& headers,
                   std::uint32_t flexible_at) {
  const bool v4 = (headers.type & packet_type::kIpv4) != 0;
  const std::uint32_t vlan = headers.tagged ? Load16(frame, kEtherTypeOffset + 2) : 0;
  type_and_vlan_ = (L4Type(headers) | (v4 ? 0u : 4u)) << 16 | vlan;

  folded_ = Load32(frame, headers.l4) ^ Load16(frame, flexible_at) << 16;
  const auto addresses =
      v4 ? frame.subspan(headers.l3 + 12u, 8) : frame.subspan(headers.l3 + 8u, 32);
  for (std::size_t at = 0; at < addresses.size(); at += 4) folded_ ^= Load32(addresses, at);
}

std::uint8_t FlowHash::L4Type(const Headers& headers) {
  if ((headers.type & packet_type::kUdp) != 0) return 1;
  return (headers.type & packet_type::kTcp) != 0 ? 2 : 3;
}

std::uint32_t FlowHash::Under(std::uint32_t key) const {
  const std::uint32_t high = folded_ ^ type_and_vlan_ ^ type_and_vlan_ >> 16;
  const std::uint32_t swapped = folded_ >> 16 | folded_ << 16;
  const std::uint32_t low = swapped ^ type_and_vlan_ ^ type_and_vlan_ << 16;
  std::uint32_t hash = 0;
  for (unsigned bit = 0; bit < 16; ++bit) {
    // The stream's bit 0 is not part of the input, so that type and tag begin with bit 1.
    if ((key >> bit & 1) != 0) hash ^= (bit == 0 ? swapped : low) >> bit;
    if ((key >> (bit + 16) & 1) != 0) hash ^= high >> bit;
  }
  return hash & 0x7FFF;
}

bool SignatureFilters::Add(std::uint32_t hashes, std::uint8_t queue) {
  const auto found = queues_.find(hashes & kHashes);
  if (found == queues_.end() && free() == 0) return false;
  queues_[hashes & kHashes] = queue;
  return true;
}

std::optional<std::uint8_t> SignatureFilters::Find(std::uint32_t hashes) const {
  const auto found = queues_.find(hashes & kHashes);
  if (found == queues_.end()) return std::nullopt;
  return found->second;
}

/// Starts with an empty table. For PBALLOC 1 and twice as many for each more: 8K - 1 signature
/// filters or 2K - 2 perfect ones (ixgbe_type.h of DPDK).
void Port::WroteFdirctrl(std::uint32_t, std::uint32_t value) {
  const std::uint32_t allocation = value & kAllocation;
  const bool perfect = (value & kPerfectMatch) != 0;
  signatures_.Clear();
  perfect_filters_.Clear();
  signatures_.SetCapacity(allocation == 0 || perfect ? 0 : (4096u << allocation) - 1);
  perfect_filters_.SetCapacity(allocation == 0 || !perfect ? 0 : (1024u << allocation) - 2);
  direct_flows_ = allocation != 0;
  match_perfectly_ = perfect;
  UpdateDirecting();
  UpdateFdirfree();
  registers_.Poke(kFdirctrl.offset, kInitDone, 0);
  if (allocation == 0) return;
  Later(kInitTime, [this] { registers_.Poke(kFdirctrl.offset, kInitDone, kInitDone); });
}

void Port::UpdateFdirfree() {
  registers_.Poke(
      kFdirfree.offset,
      static_cast<std::uint32_t>(match_perfectly_ ? perfect_filters_.free() : signatures_.free()));
}

/// A command is done at once: FDIRCMD.CMD reads 0.
void Port::WroteFdircmd(std::uint32_t, std::uint32_t value) {
  if ((value & kClearTable) != 0) {
    signatures_.Clear();
    perfect_filters_.Clear();
  }
  const std::uint32_t command = value & kCommand;
  if (direct_flows_ && command != 0) {
    const std::uint32_t hash = registers_.Peek(kFdirhash.offset);
    const std::uint32_t bucket = hash & PerfectFilters::kBuckets;
    const std::uint16_t id = hash >> 16;
    if (command == kQuery) {
      const bool valid = match_perfectly_ ? perfect_filters_.Find(bucket, id) != nullptr
                                          : signatures_.Find(hash).has_value();
      registers_.Poke(kFdircmd.offset, kFilterValid, valid ? kFilterValid : 0);
    } else if (command == kRemove) {
      const bool removed =
          match_perfectly_ ? perfect_filters_.Remove(bucket, id) : signatures_.Remove(hash);
      registers_.Add(removed ? kFdirustat.offset : kFdirfstat.offset, removed ? 1u << 16 : 1u << 8);
    } else if (command == kAdd && (value & kQueueEnable) != 0) {
      const bool added = match_perfectly_
                             ? perfect_filters_.Add(bucket, NewPerfectFilter(id, value))
                             : signatures_.Add(hash, value >> 16 & 0x7F);
      registers_.Add(added ? kFdirustat.offset : kFdirfstat.offset, 1);
    }
  }
  UpdateFdirfree();
}

/// From the registers that a driver fills in before the command.
PerfectFilter Port::NewPerfectFilter(std::uint16_t id, std::uint32_t command) const {
  const std::uint32_t vlan_and_flexible = registers_.Peek(kFdirvlan.offset);
  return {.id = id,
          .fields = {.source = registers_.Peek(kFdiripsa.offset),
                     .destination = registers_.Peek(kFdiripda.offset),
                     .ports = registers_.Peek(kFdirport.offset),
                     .vlan = static_cast<std::uint16_t>(vlan_and_flexible),
                     .flexible = static_cast<std::uint16_t>(vlan_and_flexible >> 16),
                     .l4 = static_cast<std::uint8_t>(command >> 5 & 3)},
          .queue = static_cast<std::uint8_t>(command >> 16 & 0x7F),
          .drop = (command & kDrop) != 0,
          .ipv6 = (command & kIpv6) != 0};
}

/// FDIRM and its kind say what is to be ignored; the masks of ports have their bits in reverse
/// (ixgbe_get_fdirtcpm_82599).
PerfectFields Port::PerfectMask(std::uint8_t l4) const {
  constexpr std::uint32_t kVlanId = 1u << 0, kVlanPriority = 1u << 1, kL4Protocol = 1u << 3,
                          kFlexible = 1u << 4;
  constexpr std::uint8_t kUdp = 1, kTcp = 2;
  const std::uint32_t fdirm = registers_.Peek(kFdirm.offset);
  PerfectFields mask{.source = ~registers_.Peek(kFdirsip4m.offset),
                     .destination = ~registers_.Peek(kFdirdip4m.offset)};
  if (l4 == kTcp) mask.ports = ~ReversedHalves(registers_.Peek(kFdirtcpm.offset));
  if (l4 == kUdp) mask.ports = ~ReversedHalves(registers_.Peek(kFdirudpm.offset));
  mask.vlan = ((fdirm & kVlanId) != 0 ? 0 : 0x0FFF) | ((fdirm & kVlanPriority) != 0 ? 0 : 0xE000);
  mask.flexible = (fdirm & kFlexible) != 0 ? 0 : 0xFFFF;
  mask.l4 = (fdirm & kL4Protocol) != 0 ? 0 : 3;
  return mask;
}

const PerfectFilter* Port::FindPerfectFilter(std::span<const std::byte> frame,
                                             const Headers& headers,
                                             std::uint32_t flexible_at) const {
  if ((headers.type & packet_type::kIpv4) == 0) return nullptr;
  const auto little = [&frame](std::size_t at) {
    std::uint32_t value;
    std::memcpy(&value, frame.data() + at, sizeof value);
    return value;
  };
  PerfectFields fields{.source = little(headers.l3 + 12u), .destination = little(headers.l3 + 16u)};
  if ((headers.type & packet_type::kL4) != 0) {
    fields.l4 = FlowHash::L4Type(headers);
    fields.ports = Load16(frame, headers.l4 + 2u) << 16 | Load16(frame, headers.l4);
  }
  if (headers.tagged) fields.vlan = static_cast<std::uint16_t>(Load16(frame, kEtherTypeOffset + 2));
  std::memcpy(&fields.flexible, frame.data() + flexible_at, sizeof fields.flexible);

  const PerfectFields mask = PerfectMask(fields.l4), masked = fields & mask;
  return perfect_filters_.Match(masked.Bucket(registers_.Peek(kFdirhkey.offset)), masked, mask);
}

/// After the other filters, before RSS.
void Port::DirectFlow(std::span<const std::byte> frame, const Headers& headers, RxNote& note) {
  const std::uint32_t fdirctrl = registers_.Peek(kFdirctrl.offset);
  // FDIRCTRL.FLEX_OFFSET, in words; up to 62 bytes, which the shortest frame does not have.
  const std::uint32_t flexible_at = (fdirctrl >> 16 & 0x1F) * 2;
  if (flexible_at + 2 > frame.size()) return;
  if (match_perfectly_) {
    const PerfectFilter* const filter = FindPerfectFilter(frame, headers, flexible_at);
    registers_.Add(filter != nullptr ? kFdirmatch.offset : kFdirmiss.offset, 1);
    if (filter == nullptr) return;
    note.status |= kFilterMatch;
    note.queue = filter->drop ? fdirctrl >> 8 & 0x7F : filter->queue;
    return;
  }
  if ((headers.type & packet_type::kL4) == 0) return;
  const FlowHash hash(frame, headers, flexible_at);
  const auto queue = signatures_.Find(hash.Under(registers_.Peek(kFdirhkey.offset)) |
                                      hash.Under(registers_.Peek(kFdirskey.offset)) << 16);
  registers_.Add(queue ? kFdirmatch.offset : kFdirmiss.offset, 1);
  if (!queue) return;
  note.status |= kFilterMatch;
  note.queue = *queue;
}

}  // namespace ixylab::emulator::intel82599
