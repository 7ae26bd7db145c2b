// What the MAC and the L2 filters let through (datasheet 7.1.1, 8.2.3.7).
//
// The counters follow Intel's text for this family's successor (X550 datasheet 333369, 8.2.2.17),
// which has the same registers: size and CRC errors count "regardless of L2 filtering and receive
// enablement", and the filters' counters (GPRC, PRC*, BPRC, MPRC) regardless of the latter and of
// what becomes of the frame behind the filters. DPDK knows the last as an erratum of the 82599:
// "gprc actually counts good + missed packets".
#include <algorithm>
#include <cstring>

#include "emulator/82599/headers.h"
#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"
#include "emulator/wire/fcs.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kRxEnable = 1u << 0;  // RXCTRL
constexpr std::uint32_t kStoreBadPackets = 1u << 1, kMulticastPromiscuous = 1u << 8,
                        kUnicastPromiscuous = 1u << 9, kBroadcastAccept = 1u << 10;  // FCTRL
constexpr std::uint32_t kRxCrcStrip = 1u << 1, kJumboEnable = 1u << 2;               // HLREG0
constexpr std::uint32_t kCrcStrip = 1u << 1;                                         // RDRXCTL
constexpr std::uint32_t kMulticastFilterEnable = 1u << 2;                            // MCSTCTRL
constexpr std::uint32_t kVlanFilterEnable = 1u << 30, kCfiEnable = 1u << 29,
                        kCfi = 1u << 28;                                                 // VLNCTRL
constexpr std::uint32_t kPayloadChecksumEnable = 1u << 12, kHashNotChecksum = 1u << 13;  // RXCSUM
constexpr std::uint32_t kAddressValid = 1u << 31;                                        // RAH
constexpr std::uint32_t kMrqeMask = 0xF, kMrqeRss = 1, kRssFields = 0xFFFF0000;          // MRQC

constexpr std::uint32_t kLongestStandardFrame = 1518;

constexpr RegisterInfo kRxctrl = Row("RXCTRL"), kFctrl = Row("FCTRL"), kHlreg0 = Row("HLREG0"),
                       kRdrxctl = Row("RDRXCTL"), kMaxfrs = Row("MAXFRS"), kMrqc = Row("MRQC"),
                       kMcstctrl = Row("MCSTCTRL"), kMta = Row("MTA"), kVlnctrl = Row("VLNCTRL"),
                       kVfta = Row("VFTA"), kRal = Row("RAL"), kRah = Row("RAH"),
                       kRxcsum = Row("RXCSUM");

}  // namespace

/// For FCTRL, RXCTRL, HLREG0, RDRXCTL, MAXFRS, VLNCTRL, RXCSUM and MRQC. They take effect at once,
/// also while RXCTRL.RXEN is set (8.2.3.7.1 asks drivers not to; Linux and DPDK do).
void Port::WroteReceiveControl(std::uint32_t, std::uint32_t) {
  const std::uint32_t hlreg0 = registers_.Peek(kHlreg0.offset);
  receive_enabled_ = (registers_.Peek(kRxctrl.offset) & kRxEnable) != 0;
  const std::uint32_t fctrl = registers_.Peek(kFctrl.offset);
  unicast_promiscuous_ = (fctrl & kUnicastPromiscuous) != 0;
  store_bad_packets_ = (fctrl & kStoreBadPackets) != 0;
  // 8.2.3.8.8: "RDRXCTL.CRCStrip and HLREG0.RXCRCSTRP must be set to the same value"; what happens
  // otherwise is not said. Here the CRC goes only if both want it to.
  strip_crc_ = (hlreg0 & kRxCrcStrip) != 0 && (registers_.Peek(kRdrxctl.offset) & kCrcStrip) != 0;
  longest_frame_ =
      (hlreg0 & kJumboEnable) != 0 ? registers_.Peek(kMaxfrs.offset) >> 16 : kLongestStandardFrame;
  const std::uint32_t vlnctrl = registers_.Peek(kVlnctrl.offset);
  vlan_type_ = vlnctrl & 0xFFFF;
  vlan_filter_ = (vlnctrl & kVlanFilterEnable) != 0;
  all_unicast_passes_ = unicast_promiscuous_ && !vlan_filter_;
  const std::uint32_t rxcsum = registers_.Peek(kRxcsum.offset);
  report_hash_ = (rxcsum & kHashNotChecksum) != 0;
  report_fragments_ = !report_hash_ && (rxcsum & kPayloadChecksumEnable) != 0;
  const std::uint32_t mrqc = registers_.Peek(kMrqc.offset);
  rss_fields_ = (mrqc & kMrqeMask) == kMrqeRss ? mrqc & kRssFields : 0;
  if ((mrqc & kMrqeMask) > kMrqeRss) {
    LogOnce(kRssMode, mrqc & kMrqeMask, [&] {
      return "MRQC.MRQE = " + std::to_string(mrqc & kMrqeMask) +
             ": only RSS without DCB and virtualization (1) is modelled; all frames go to queue 0";
    });
  }
}

/// For RAL and RAH.
void Port::WroteReceiveAddress(std::uint32_t, std::uint32_t) {
  addresses_.clear();
  for (std::uint32_t entry = 0; entry < kRah.count; ++entry) {
    const std::uint32_t high = registers_.Peek(kRah.At(entry));
    if ((high & kAddressValid) == 0) continue;
    addresses_.push_back(registers_.Peek(kRal.At(entry)) | std::uint64_t{high & 0xFFFF} << 32);
  }
}

/// Counts a frame that is too short, too long or damaged, and returns false for it.
bool Port::LegalFrame(const Frame& frame) {
  const std::uint64_t size = frame.bytes.size() + kCrcSize;
  const bool good_crc = !frame.fcs || *frame.fcs == FrameCheckSequence(frame.bytes);
  if (size < kSmallestFrame) {
    ++(good_crc ? statistics_.undersize : statistics_.fragments);
    return false;
  }
  // 802.3ac: a tag does not count.
  const bool tagged = Load16(frame.bytes, kEtherTypeOffset) == vlan_type_;
  if (size > longest_frame_ + (tagged ? kVlanTag : 0)) {
    ++(good_crc ? statistics_.oversize : statistics_.jabbers);
    return false;
  }
  if (!good_crc) ++statistics_.crc_errors;
  return good_crc;
}

/// 7.1.1: Ethernet address first, then VLAN.
bool Port::PassesFilters(std::uint64_t destination, std::span<const std::byte> frame) const {
  if (IsGroup(destination)) [[unlikely]] {
    if (!PassesMulticast(destination)) return false;
  } else if (!unicast_promiscuous_ &&
             std::ranges::find(addresses_, destination) == addresses_.end()) {
    return false;
  }
  return !vlan_filter_ || PassesVlan(frame);
}

/// 7.1.1.1: "Promiscuous multicast filtering is enabled [...] or Broadcast Accept Mode"; the hash
/// of 7.1.1.1.3 takes 12 of the address's 16 highest bits, which ones by MCSTCTRL.MO.
bool Port::PassesMulticast(std::uint64_t destination) const {
  const std::uint32_t fctrl = registers_.Peek(kFctrl.offset);
  if ((fctrl & kMulticastPromiscuous) != 0) return true;
  if (destination == kBroadcast) return (fctrl & kBroadcastAccept) != 0;
  if (std::ranges::find(addresses_, destination) != addresses_.end()) return true;
  const std::uint32_t mcstctrl = registers_.Peek(kMcstctrl.offset);
  if ((mcstctrl & kMulticastFilterEnable) == 0) return false;
  constexpr std::uint32_t kLowestBit[] = {36, 35, 34,
                                          32};  // MO: [47:36], [46:35], [45:34], [43:32]
  const std::uint32_t hash = destination >> kLowestBit[mcstctrl & 3] & 0xFFF;
  return (registers_.Peek(kMta.At(hash / 32)) >> hash % 32 & 1) != 0;
}

/// 7.1.1.2, with VLNCTRL.VFE: an untagged frame passes, a tagged one by its bit in VFTA and, with
/// VLNCTRL.CFIEN, if its CFI is that of VLNCTRL.
bool Port::PassesVlan(std::span<const std::byte> frame) const {
  if (Load16(frame, kEtherTypeOffset) != vlan_type_) return true;
  if (frame.size() < kMacHeader + kVlanTag) return false;
  const std::uint32_t tag = Load16(frame, kEtherTypeOffset + 2);
  const std::uint32_t vlnctrl = registers_.Peek(kVlnctrl.offset);
  constexpr std::uint32_t kTagCfi = 1u << 12;
  if ((vlnctrl & kCfiEnable) != 0 && ((vlnctrl & kCfi) != 0) != ((tag & kTagCfi) != 0)) {
    return false;
  }
  const std::uint32_t vlan = tag & 0xFFF;
  return (registers_.Peek(kVfta.At(vlan / 32)) >> vlan % 32 & 1) != 0;
}

}  // namespace ixylab::emulator::intel82599
