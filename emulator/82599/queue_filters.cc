#include "emulator/82599/queue_filters.h"

#include <algorithm>
#include <cstring>

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

// ETQF, ETQS, FTQF, SYNQF
constexpr std::uint32_t kFilterEnable = 1u << 31, kPriorityEnable = 1u << 19;
constexpr std::uint32_t kQueueEnable = 1u << 31, kSynEnable = 1u << 0, kSynFirst = 1u << 31;
// FTQF.MASK
constexpr std::uint8_t kNoSource = 1, kNoDestination = 2, kNoSourcePort = 4, kNoDestinationPort = 8,
                       kNoProtocol = 16;
// FTQF.PROTOCOL
constexpr std::uint8_t kTcp = 0, kUdp = 1, kSctp = 2, kOther = 3;

constexpr RegisterInfo kEtqf = Row("ETQF"), kEtqs = Row("ETQS"), kFtqf = Row("FTQF"),
                       kSaqf = Row("SAQF"), kDaqf = Row("DAQF"), kSdpqf = Row("SDPQF"),
                       kL34timir = Row("L34TIMIR"), kSynqf = Row("SYNQF");

std::uint32_t LoadLittle32(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::uint8_t ProtocolOf(const Headers& headers) {
  if ((headers.type & packet_type::kTcp) != 0) return kTcp;
  if ((headers.type & packet_type::kUdp) != 0) return kUdp;
  return (headers.type & packet_type::kSctp) != 0 ? kSctp : kOther;
}

/// SYN, and no ACK: the first packet of a connection.
bool IsSyn(std::span<const std::byte> frame, const Headers& headers) {
  constexpr std::size_t kFlags = 13;
  constexpr std::byte kSyn{0x02}, kAck{0x10};
  return (headers.type & packet_type::kTcp) != 0 && headers.l4 + kFlags < frame.size() &&
         (frame[headers.l4 + kFlags] & (kSyn | kAck)) == kSyn;
}

}  // namespace

bool EtherTypeFilter::Matches(std::span<const std::byte> frame, const Headers& headers) const {
  const std::size_t at = kEtherTypeOffset + (headers.tagged ? kVlanTag : 0);
  if (Load16(frame, at) != type) return false;
  return !priority || (headers.tagged && Load16(frame, kEtherTypeOffset + 2) >> 13 == *priority);
}

bool FiveTupleFilter::Matches(std::span<const std::byte> frame, const Headers& headers) const {
  if ((headers.type & packet_type::kIpv4) == 0) return false;
  const std::uint8_t packet_protocol = ProtocolOf(headers);
  if ((ignored & kNoProtocol) == 0 && protocol != packet_protocol) return false;
  if ((ignored & kNoSource) == 0 && LoadLittle32(frame, headers.l3 + 12u) != source) return false;
  if ((ignored & kNoDestination) == 0 && LoadLittle32(frame, headers.l3 + 16u) != destination) {
    return false;
  }
  const std::uint32_t compared = ((ignored & kNoSourcePort) == 0 ? 0x0000FFFF : 0) |
                                 ((ignored & kNoDestinationPort) == 0 ? 0xFFFF0000 : 0);
  if (compared == 0) return true;
  return packet_protocol != kOther && ((LoadLittle32(frame, headers.l4) ^ ports) & compared) == 0;
}

const EtherTypeFilter* QueueFilters::FindEtherType(std::span<const std::byte> frame,
                                                   const Headers& headers) const {
  const auto found = std::ranges::find_if(
      ether_types, [&](const auto& filter) { return filter.Matches(frame, headers); });
  return found == ether_types.end() ? nullptr : &*found;
}

std::optional<std::uint8_t> QueueFilters::FindQueue(std::span<const std::byte> frame,
                                                    const Headers& headers) const {
  const bool syn = syn_queue && IsSyn(frame, headers);
  if (syn && syn_first) return syn_queue;
  const auto found = std::ranges::find_if(
      five_tuples, [&](const auto& filter) { return filter.Matches(frame, headers); });
  if (found != five_tuples.end()) return found->queue;
  return syn ? syn_queue : std::nullopt;
}

/// For ETQF, ETQS, SYNQF and the registers of the five-tuple filters.
void Port::WroteQueueFilter(std::uint32_t, std::uint32_t) {
  queue_filters_ = {};
  for (std::uint32_t i = 0; i < kEtqf.count; ++i) {
    const std::uint32_t etqf = registers_.Peek(kEtqf.At(i)), etqs = registers_.Peek(kEtqs.At(i));
    if ((etqf & kFilterEnable) == 0) continue;
    EtherTypeFilter filter{.index = static_cast<std::uint8_t>(i),
                           .type = static_cast<std::uint16_t>(etqf)};
    if ((etqf & kPriorityEnable) != 0) filter.priority = etqf >> 16 & 7;
    if ((etqs & kQueueEnable) != 0) filter.queue = etqs >> 16 & 0x7F;
    queue_filters_.ether_types.push_back(filter);
  }
  for (std::uint32_t i = 0; i < kFtqf.count; ++i) {
    const std::uint32_t ftqf = registers_.Peek(kFtqf.At(i));
    if ((ftqf & kQueueEnable) == 0) continue;
    queue_filters_.five_tuples.push_back(
        {.queue = static_cast<std::uint8_t>(registers_.Peek(kL34timir.At(i)) >> 21 & 0x7F),
         .priority = static_cast<std::uint8_t>(ftqf >> 2 & 7),
         .ignored = static_cast<std::uint8_t>(ftqf >> 25 & 0x1F),
         .protocol = static_cast<std::uint8_t>(ftqf & 3),
         .source = registers_.Peek(kSaqf.At(i)),
         .destination = registers_.Peek(kDaqf.At(i)),
         .ports = registers_.Peek(kSdpqf.At(i))});
  }
  std::ranges::stable_sort(queue_filters_.five_tuples, std::greater(), &FiveTupleFilter::priority);
  const std::uint32_t synqf = registers_.Peek(kSynqf.offset);
  if ((synqf & kSynEnable) != 0) queue_filters_.syn_queue = synqf >> 1 & 0x7F;
  queue_filters_.syn_first = (synqf & kSynFirst) != 0;
  UpdateDirecting();
}

void Port::UpdateDirecting() { directing_ = direct_flows_ || queue_filters_.any(); }

/// 7.1.2: filters by EtherType, then SYN and five-tuple filters, then the flow director, go before
/// RSS.
void Port::Direct(std::span<const std::byte> frame, const Headers& headers, RxNote& note) {
  if (const EtherTypeFilter* filter = queue_filters_.FindEtherType(frame, headers)) {
    // The descriptor says which filter it was, in place of the packet's type.
    constexpr std::uint64_t kTypes = 0x1FFF0, kByEtherType = 1u << 15;
    note.hash_and_type = (note.hash_and_type & ~kTypes) | kByEtherType | filter->index << 4;
    if (filter->queue) note.queue = *filter->queue;
    return;
  }
  if (headers.type == 0) return;
  if (const auto queue = queue_filters_.FindQueue(frame, headers)) {
    note.queue = *queue;
  } else if (direct_flows_) {
    DirectFlow(frame, headers, note);
  }
}

}  // namespace ixylab::emulator::intel82599
