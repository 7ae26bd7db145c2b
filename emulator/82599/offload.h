// What transmit descriptors can ask the chip to do to a packet (datasheet 7.2.2, 7.2.3.2, 7.2.5):
// checksums and VLAN tags. Segmentation is in segmentation.h.
//
// Where no text of the 82599's datasheet was at hand, the X550's (333369-009, same descriptors and
// chapter numbers) and the 82598's say how.
#ifndef EMULATOR_82599_OFFLOAD_H_
#define EMULATOR_82599_OFFLOAD_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ixylab::emulator::intel82599 {

/// A context descriptor (7.2.3.2.3). A queue keeps two, for the packets that refer to them.
struct TxContext {
  enum class L4 : std::uint8_t { kUdp, kTcp, kSctp, kReserved };

  /// `first` and `second` are the descriptor's words.
  static TxContext Of(std::uint64_t first, std::uint64_t second);

  std::size_t l4_offset() const { return mac_length + ip_length; }
  std::size_t header_size() const { return l4_offset() + l4_length; }
  /// Where the L4 checksum is, from the frame's start. Not for kReserved.
  std::size_t l4_checksum_offset() const;

  bool loaded = false;
  std::uint8_t index = 0;  // IDX
  bool fcoe = false;
  bool ipv4 = false;
  L4 l4 = L4::kReserved;
  std::uint16_t vlan_tag = 0;
  std::uint16_t mss = 0;  // payload of a segment, bytes
  std::uint8_t mac_length = 0;
  std::uint16_t ip_length = 0;  // with options or extension headers
  std::uint8_t l4_length = 0;
};

/// What a packet's first data descriptor asks for, legacy (7.2.3.2.2) or advanced (7.2.3.2.4). In
/// the others of the packet only address, length, EOP and RS count.
struct TxCommand {
  static TxCommand Of(std::uint64_t second_word);

  bool changes_frame() const {
    return insert_tag || segment || ip_checksum || l4_checksum || legacy_checksum || ipsec;
  }

  bool legacy = false;
  bool insert_crc = false;                               // IFCS
  bool insert_tag = false;                               // VLE
  bool segment = false;                                  // TSE
  bool ip_checksum = false;                              // POPTS.IXSM
  bool l4_checksum = false;                              // POPTS.TXSM
  bool ipsec = false;                                    // POPTS.IPSEC
  bool timestamp = false;                                // MAC.1588
  std::uint8_t context = 0;                              // IDX
  std::uint32_t payload = 0;                             // PAYLEN
  bool legacy_checksum = false;                          // IC
  std::uint8_t checksum_start = 0, checksum_offset = 0;  // CSS, CSO
  std::uint16_t vlan_tag = 0;                            // of a legacy descriptor
};

/// Why a packet is not sent. Silicon would send something else than was meant, or stop the queue.
enum class Refusal : std::uint8_t {
  kNone,
  kTooManyDescriptors,
  kBufferTooLong,
  kPacketTooLong,
  kEmpty,
  kMixed,
  kNoContext,
  kNotModelled,
  kNoCrc,
  kHeaderLengths,
  kL4Type,
  kMss,
};
std::string_view Describe(Refusal refusal);

/// A packet between its first descriptor and its last.
struct TxPacket {
  static constexpr std::size_t kHeadroom = 4;  // for a VLAN tag

  std::span<std::byte> bytes() {
    return size == 0 ? std::span<std::byte>() : std::span(memory).subspan(kHeadroom, size);
  }
  /// Room for `more` bytes at the end.
  std::span<std::byte> Extend(std::size_t more);
  void Clear();
  /// Whether what is asked for can be done to these bytes, which begin with an Ethernet header of
  /// `mac_header` bytes. `longest` is the largest frame without CRC, `crc` whether the MAC adds
  /// one.
  Refusal Check(std::size_t longest, std::size_t mac_header, bool crc);

  std::vector<std::byte> memory = {};  // headroom, and more than `size`: it only grows
  std::size_t size = 0;                // fetched so far
  std::uint32_t descriptors = 0;       // so far; 0: there is no packet
  bool refused = false;                // and the log says why
  TxCommand command = {};
  TxContext context = {};  // the one that `command` refers to
};

/// 7.2.5.1. Like the others, it adds up what software has left in the checksum's place.
void InsertIpChecksum(std::span<std::byte> frame, const TxContext& context);

/// 7.2.5.2, 7.2.5.3: TCP, UDP or SCTP. Software has put the sum over the pseudo-header there; with
/// segmentation, which changes the length, it has left that out (7.2.4.5, table 7-43).
void InsertL4Checksum(std::span<std::byte> frame, const TxContext& context, bool add_length);

/// 7.2.3.2.2: from CSS on, at CSO; nothing where they are out of range.
void InsertLegacyChecksum(std::span<std::byte> frame, const TxCommand& command);

/// The frame with a tag at `offset`. It begins 4 bytes earlier in memory, which has room for that.
std::span<std::byte> InsertTag(std::span<std::byte> frame, std::size_t offset, std::uint16_t type,
                               std::uint16_t tag);

inline void Store16(std::span<std::byte> bytes, std::size_t at, std::uint32_t value) {
  bytes[at] = static_cast<std::byte>(value >> 8);
  bytes[at + 1] = static_cast<std::byte>(value);
}

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_OFFLOAD_H_
