#include "emulator/82599/flow_director.h"

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

// FDIRCTRL
constexpr std::uint32_t kAllocation = 3, kInitDone = 1u << 3, kPerfectMatch = 1u << 4;
// FDIRCMD
constexpr std::uint32_t kCommand = 3, kAdd = 1, kRemove = 2, kQuery = 3, kFilterValid = 1u << 2,
                        kClearTable = 1u << 8, kQueueEnable = 1u << 15;

// "10G: PBALLOC = 11b, timing is 60us" (Linux and DPDK, ixgbe_fdir_enable_82599).
constexpr Nanoseconds kInitTime = std::chrono::microseconds(60);

constexpr RegisterInfo kFdirctrl = Row("FDIRCTRL"), kFdirhash = Row("FDIRHASH"),
                       kFdircmd = Row("FDIRCMD"), kFdirhkey = Row("FDIRHKEY"),
                       kFdirskey = Row("FDIRSKEY"), kFdirfree = Row("FDIRFREE"),
                       kFdirustat = Row("FDIRUSTAT"), kFdirfstat = Row("FDIRFSTAT"),
                       kFdirmatch = Row("FDIRMATCH"), kFdirmiss = Row("FDIRMISS");

std::uint32_t Load32(std::span<const std::byte> bytes, std::size_t at) {
  return Load16(bytes, at) << 16 | Load16(bytes, at + 2);
}

}  // namespace

FlowHash::FlowHash(std::span<const std::byte> frame, const Headers& headers,
                   std::uint32_t flexible_at) {
  const bool v4 = (headers.type & packet_type::kIpv4) != 0;
  // FDIRCMD.L4TYPE and IPV6
  const std::uint32_t l4 = (headers.type & packet_type::kUdp) != 0   ? 1
                           : (headers.type & packet_type::kTcp) != 0 ? 2
                                                                     : 3;
  const std::uint32_t vlan = headers.tagged ? Load16(frame, kEtherTypeOffset + 2) : 0;
  type_and_vlan_ = (l4 | (v4 ? 0 : 4)) << 16 | vlan;

  folded_ = Load32(frame, headers.l4) ^ Load16(frame, flexible_at) << 16;
  const auto addresses =
      v4 ? frame.subspan(headers.l3 + 12u, 8) : frame.subspan(headers.l3 + 8u, 32);
  for (std::size_t at = 0; at < addresses.size(); at += 4) folded_ ^= Load32(addresses, at);
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

/// Starts with an empty table. 8K - 1 filters for PBALLOC 1, and twice as many for each more
/// (ixgbe_type.h of DPDK: "8k - 1 signature filters").
void Port::WroteFdirctrl(std::uint32_t, std::uint32_t value) {
  const std::uint32_t allocation = value & kAllocation;
  signatures_.Clear();
  signatures_.SetCapacity(allocation == 0 ? 0 : (4096u << allocation) - 1);
  registers_.Poke(kFdirfree.offset, static_cast<std::uint32_t>(signatures_.free()));
  direct_flows_ = allocation != 0 && (value & kPerfectMatch) == 0;
  registers_.Poke(kFdirctrl.offset, kInitDone, 0);
  if (allocation == 0) return;
  if ((value & kPerfectMatch) != 0) {
    LogOnce(kRxFilter, kFdirctrl.offset, [] {
      return std::string(
          "FDIRCTRL.PERFECT_MATCH: of the flow director only signature filters are modelled");
    });
  }
  Later(kInitTime, [this] { registers_.Poke(kFdirctrl.offset, kInitDone, kInitDone); });
}

/// A command is done at once: FDIRCMD.CMD reads 0.
void Port::WroteFdircmd(std::uint32_t, std::uint32_t value) {
  if ((value & kClearTable) != 0) signatures_.Clear();
  const std::uint32_t command = value & kCommand;
  if (direct_flows_ && command != 0) {
    const std::uint32_t hashes = registers_.Peek(kFdirhash.offset);
    if (command == kQuery) {
      const bool valid = signatures_.Find(hashes).has_value();
      registers_.Poke(kFdircmd.offset, kFilterValid, valid ? kFilterValid : 0);
    } else if (command == kRemove) {
      const bool removed = signatures_.Remove(hashes);
      registers_.Add(removed ? kFdirustat.offset : kFdirfstat.offset, removed ? 1u << 16 : 1u << 8);
    } else if (command == kAdd && (value & kQueueEnable) != 0) {
      const bool added = signatures_.Add(hashes, value >> 16 & 0x7F);
      registers_.Add(added ? kFdirustat.offset : kFdirfstat.offset, 1);
    }
  }
  registers_.Poke(kFdirfree.offset, static_cast<std::uint32_t>(signatures_.free()));
}

/// A matching filter takes precedence over RSS (7.1.2, figure of the queue selection).
void Port::DirectFlow(std::span<const std::byte> frame, const Headers& headers, RxNote& note) {
  constexpr std::uint32_t kL4 = packet_type::kTcp | packet_type::kUdp | packet_type::kSctp;
  if ((headers.type & kL4) == 0) return;
  // FDIRCTRL.FLEX_OFFSET, in words; up to 62 bytes, which the shortest frame does not have.
  const std::uint32_t flexible_at = (registers_.Peek(kFdirctrl.offset) >> 16 & 0x1F) * 2;
  if (flexible_at + 2 > frame.size()) return;
  const FlowHash hash(frame, headers, flexible_at);
  const auto queue = signatures_.Find(hash.Under(registers_.Peek(kFdirhkey.offset)) |
                                      hash.Under(registers_.Peek(kFdirskey.offset)) << 16);
  registers_.Add(queue ? kFdirmatch.offset : kFdirmiss.offset, 1);
  if (queue) note.queue = *queue;
}

}  // namespace ixylab::emulator::intel82599
