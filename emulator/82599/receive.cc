// Receive DMA (datasheet 7.1, 8.2.3.8): from a frame that passed the filters to its descriptors.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "emulator/82599/headers.h"
#include "emulator/82599/port.h"
#include "emulator/82599/receive_checksum.h"
#include "emulator/82599/registers.h"
#include "emulator/wire/fcs.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kEnable = 1u << 25, kVlanStrip = 1u << 30;  // RXDCTL
constexpr std::uint32_t kDropEnable = 1u << 28;                     // SRRCTL
// SRRCTL.DESCTYPE: legacy; advanced, one buffer
constexpr std::uint32_t kDescriptorTypeLegacy = 0, kDescriptorTypeOneBuffer = 1;
// Status of the descriptor; PIF is kNonUnicast.
constexpr std::uint64_t kDone = 1u << 0, kEndOfPacket = 1u << 1, kVlanPacket = 1u << 3;
constexpr std::uint32_t kNonUnicast = 1u << 7;
constexpr unsigned kVlanShift = 48;
constexpr std::uint32_t kReceiveError = 1u << 29;  // RXE of the extended error

// Linux and DPDK poll RXDCTL.ENABLE for 10 ms.
constexpr Nanoseconds kEnableTime = std::chrono::microseconds(10);

constexpr RegisterInfo kRdbal = Row("RDBAL"), kRdbah = Row("RDBAH"), kRdlen = Row("RDLEN"),
                       kRdh = Row("RDH"), kSrrctl = Row("SRRCTL"), kRxdctl = Row("RXDCTL"),
                       kRxpbsize = Row("RXPBSIZE"), kReta = Row("RETA"), kRqsmr = Row("RQSMR");

}  // namespace

/// DD and the length are what drivers poll: one store, after everything else.
inline void Port::WriteBackRx(std::byte* descriptor, std::uint64_t first, std::uint64_t size,
                              std::uint64_t status) {
  std::atomic_ref(Word(descriptor, 0)).store(first, std::memory_order_relaxed);
  std::atomic_ref(Word(descriptor, 1))
      .store(kDone | status | size << 32, std::memory_order_release);
}

/// 7.1.5: the buffer's address stays, and all else is in the second word: length, payload checksum,
/// status, errors (as the highest 8 bits of the advanced one's), VLAN tag.
void Port::WriteBackLegacy(std::byte* descriptor, std::uint64_t size, std::uint64_t status,
                           std::uint64_t hash_and_type) {
  const std::uint64_t checksum = report_hash_ ? 0 : hash_and_type >> 48;
  const std::uint64_t errors = status >> 24 & 0xFF, vlan = status >> kVlanShift;
  std::atomic_ref(Word(descriptor, 1))
      .store(size | checksum << 16 | ((status & 0xFF) | kDone) << 32 | errors << 40 |
                 vlan << kVlanShift,
             std::memory_order_release);
}

inline void Port::CountPosted(RxQueue& queue, std::uint64_t size) {
  QueueCounters& counters = statistics_.received_by_queue[queue.counters];
  ++counters.packets;
  counters.octets += size;
  pending_causes_ |= queue.cause;
}

/// Queue, hash, packet type, checksums and VLAN tag (7.1.2, 7.1.6.2, 7.1.11).
[[gnu::always_inline]] inline Port::RxNote Port::Classify(std::span<const std::byte> frame,
                                                          std::uint32_t status) {
  const Headers headers = ParseHeaders(frame, vlan_type_);
  RxNote note{.hash_and_type = headers.type << 4, .status = status};
  if (headers.type != 0) {
    const std::uint32_t checked = CheckReceived(frame, headers);
    note.status |= checked;
    if ((checked & receive_status::kErrors) != 0 && (status & kReceiveError) == 0) [[unlikely]]
      ++statistics_.checksum_errors;
    if (report_fragments_) [[unlikely]]
      NoteFragment(frame, headers, note);
    if (rss_fields_ != 0) Spread(frame, headers, note);
  }
  if (directing_) [[unlikely]]
    Direct(frame, headers, note);
  if (headers.tagged && rx_[note.queue].strip_vlan) [[unlikely]] {
    note.status |= kVlanPacket | std::uint64_t{Load16(frame, kEtherTypeOffset + 2)} << kVlanShift;
  }
  return note;
}

inline void Port::Spread(std::span<const std::byte> frame, const Headers& headers, RxNote& note) {
  if (rss_key_changed_) LoadRssKey();
  const RssResult rss = HashFrame(toeplitz_, rss_fields_, frame, headers);
  if (rss.type == 0) return;
  // 7.1.2.8.1: "The seven LSBs of the hash result are used as an index" into RETA.
  const std::uint32_t entry = rss.hash & 0x7F;
  note.queue = registers_.Peek(kReta.At(entry / 4)) >> entry % 4 * 8 & 0xF;
  if (report_hash_) note.hash_and_type |= rss.type | std::uint64_t{rss.hash} << 32;
}

/// In the hash's place: the IP identification, and for a fragment the sum over its payload (82598
/// datasheet 3.5.2.5, table 3-57, "unadjusted 1's complement checksum of the IP payload").
void Port::NoteFragment(std::span<const std::byte> frame, const Headers& headers,
                        RxNote& note) const {
  if ((headers.type & packet_type::kIpv4) == 0) return;
  const FragmentResult fragment = CheckFragment(frame, headers);
  note.hash_and_type |=
      std::uint64_t{fragment.identification} << 32 | std::uint64_t{fragment.payload_sum} << 48;
  note.status |= fragment.status;
}

/// What nearly all frames need, and nothing else: a ring and a buffer in one piece, room for the
/// whole frame. False, and nothing done, where that is not so: Post() does it all.
[[gnu::always_inline]] inline bool Port::PostAtOnce(RxQueue& queue,
                                                    std::span<const std::byte> frame,
                                                    const RxNote& note) {
  const std::uint32_t tail = std::atomic_ref(*queue.tail).load(std::memory_order_acquire);
  const std::uint32_t head = queue.head;
  if (tail >= queue.limit || tail == head || frame.size() > queue.buffer_size ||
      queue.ring_epoch != dma_.Epoch() || queue.ring == nullptr) {
    return false;
  }
  std::byte* const descriptor = queue.ring + head * kDescriptorSize;
  std::byte* const buffer = dma_.Find(Word(descriptor, 0), frame.size());
  if (buffer == nullptr) return false;
  std::memcpy(buffer, frame.data(), frame.size());
  WriteBackRx(descriptor, note.hash_and_type, frame.size(), kEndOfPacket | note.status);
  queue.head = head + 1 == queue.size ? 0 : head + 1;
  CountPosted(queue, frame.size());
  return true;
}

/// A frame that arrived: MAC, filters, queue, memory.
[[gnu::always_inline]] inline void Port::Accept(const Frame& frame) {
  const std::span<const std::byte> bytes = frame.bytes;
  const std::uint64_t size = bytes.size() + kCrcSize;
  ++statistics_.total_packets;
  statistics_.total_octets += size;
  const bool good = size >= kSmallestFrame && size <= longest_frame_ && !frame.fcs.has_value();
  if (!good && !LegalFrame(frame)) [[unlikely]] {
    if (store_bad_packets_ && bytes.size() >= kMacHeader) ReceiveBad(frame);
    return;
  }
  if (IsMacControl(bytes) && TakeControlFrame(bytes)) [[unlikely]]
    return;
  const std::uint64_t destination = Destination(bytes);
  if ((!all_unicast_passes_ || IsGroup(destination)) && !PassesFilters(destination, bytes)) return;
  // The text says "through <CRC>, inclusively", but DPDK found that with HLREG0.RXCRCSTRP the CRC
  // is not counted (ixgbe_read_stats_registers).
  statistics_.received.Count(size, strip_crc_ ? bytes.size() : size, destination);
  if (!receive_enabled_ || !master_enabled_) {
    ++statistics_.receiver_off;
    return;
  }

  const RxNote note = Classify(bytes, IsGroup(destination) ? kNonUnicast : 0);
  const std::span<const std::byte> contents = Contents(frame, note);
  if (packet_buffer_.empty() && PostAtOnce(rx_[note.queue], contents, note)) [[likely]] {
    return;
  }
  Receive(contents, note);
}

void Port::OnFrame(const Frame& frame) {
  if (hears_wire_) [[likely]]
    Accept(frame);
}

void Port::OnLoopedFrame(const Frame& frame) { Accept(frame); }

/// FCTRL.SBP: what passes the filters is stored, with an error, but not counted as good.
void Port::ReceiveBad(const Frame& frame) {
  if (!PassesFilters(Destination(frame.bytes), frame.bytes)) return;
  if (!receive_enabled_ || !master_enabled_) return;
  const RxNote note = Classify(frame.bytes, kReceiveError);
  Receive(Contents(frame, note), note);
}

/// What goes to memory: without the VLAN tag where the note has it (7.4.4), and with the CRC (as it
/// was on the wire) unless that is stripped.
inline std::span<const std::byte> Port::Contents(const Frame& frame, const RxNote& note) {
  const bool strip_vlan = (note.status & kVlanPacket) != 0;
  if (strip_crc_ && !strip_vlan) [[likely]]
    return frame.bytes;
  return Rewritten(frame, strip_vlan);
}

std::span<const std::byte> Port::Rewritten(const Frame& frame, bool strip_vlan) {
  rewritten_.assign(frame.bytes.begin(), frame.bytes.end());
  if (strip_vlan) {
    const auto tag = rewritten_.begin() + kEtherTypeOffset;
    rewritten_.erase(tag, tag + kVlanTag);
  }
  if (!strip_crc_) {
    const std::uint32_t crc = frame.fcs ? *frame.fcs : FrameCheckSequence(frame.bytes);
    for (unsigned byte = 0; byte < kCrcSize; ++byte) {
      rewritten_.push_back(std::byte(crc >> 8 * byte));
    }
  }
  return rewritten_;
}

/// Into the queue; or, where it has no descriptors and may not drop, into the packet buffer. What
/// is there goes first, for whichever queue it is (head-of-line blocking).
void Port::Receive(std::span<const std::byte> frame, RxNote note) {
  RxQueue& queue = rx_[note.queue];
  const bool waiting = !packet_buffer_.empty();
  if (!waiting && Post(queue, frame, note) != Posted::kNoDescriptor) return;
  // 8.2.3.23.75: packets are dropped per queue because "Rx queue is disabled" or because there are
  // "no free descriptors in the Rx queue while hardware is set to Drop En".
  if (!waiting && (queue.drop || !queue.enabled)) {
    ++statistics_.dropped_by_queue[queue.counters];
    return;
  }
  constexpr std::uint32_t kSizeField = 0x3FF << 10;  // RXPBSIZE in KiB, so that it is also in bytes
  const std::size_t capacity = registers_.Peek(kRxpbsize.At(0)) & kSizeField;
  if (!packet_buffer_.Push(frame, note, capacity)) ++statistics_.missed;
  UpdateXoff();
}

/// As far as descriptors last. True if anything has left the buffer.
bool Port::DrainPacketBuffer() {
  constexpr unsigned kBatch = 64;
  if (!master_enabled_) return false;
  unsigned moved = 0;
  for (; moved < kBatch && !packet_buffer_.empty(); ++moved) {
    RxQueue& queue = rx_[packet_buffer_.front_note().queue];
    const Posted posted = Post(queue, packet_buffer_.front(), packet_buffer_.front_note());
    if (posted == Posted::kNoDescriptor) {
      if (!queue.drop && queue.enabled) break;
      ++statistics_.dropped_by_queue[queue.counters];
    }
    packet_buffer_.Pop();
  }
  if (moved != 0) UpdateXoff();
  return moved != 0;
}

Port::Posted Port::Post(RxQueue& queue, std::span<const std::byte> frame, const RxNote& note) {
  if (!queue.enabled) return Posted::kNoDescriptor;
  const std::uint32_t tail = std::atomic_ref(*queue.tail).load(std::memory_order_acquire);
  if (tail >= queue.size || queue.head >= queue.size) {
    // ethtool's register test writes any tail to a queue without a ring.
    if (queue.size != 0) {
      LogOnce(kRxTail, IndexOf(queue), [&] {
        return "RX queue " + std::to_string(IndexOf(queue)) + ": RDT " + std::to_string(tail) +
               " or RDH " + std::to_string(queue.head) + " is beyond the ring of " +
               std::to_string(queue.size) + " descriptors";
      });
    }
    return Posted::kNoDescriptor;
  }
  const std::uint32_t free =
      tail >= queue.head ? tail - queue.head : tail + queue.size - queue.head;
  if (std::uint64_t{free} * queue.buffer_size < frame.size()) {
    if (queue.buffer_size == 0) {
      LogOnce(kRxType, IndexOf(queue), [&] {
        return "RX queue " + std::to_string(IndexOf(queue)) +
               ": SRRCTL: only descriptors with one buffer (DESCTYPE 0 or 1, BSIZEPACKET not 0) "
               "are modelled; frames are dropped";
      });
      ++statistics_.dropped_by_queue[queue.counters];
      return Posted::kLost;
    }
    return Posted::kNoDescriptor;
  }

  std::size_t done = 0;
  do {
    const std::uint64_t iova = queue.base + std::uint64_t{queue.head} * kDescriptorSize;
    std::byte* const descriptor = Descriptor(queue, queue.head);
    if (descriptor == nullptr) {
      dma_.Fault(Dma::Access::kRead, iova, kDescriptorSize,
                 "RX queue " + std::to_string(IndexOf(queue)) + " descriptor " +
                     std::to_string(queue.head));
      return Posted::kLost;
    }
    if (dma_.tracing()) dma_.Trace(Dma::Access::kRead, iova, {descriptor, kDescriptorSize});
    const std::size_t size = std::min<std::size_t>(frame.size() - done, queue.buffer_size);
    const std::uint64_t buffer = Word(descriptor, 0);
    if (!dma_.Write(buffer, frame.subspan(done, size))) {
      // A posted write: the device does not learn what became of it, and goes on.
      dma_.Fault(Dma::Access::kWrite, buffer, size,
                 "RX queue " + std::to_string(IndexOf(queue)) + " descriptor " +
                     std::to_string(queue.head) + ": buffer");
    }
    done += size;
    // Hash, type, errors and VLAN tag are only valid in a packet's last descriptor.
    const bool last = done == frame.size();
    const std::uint64_t first = last ? note.hash_and_type : 0;
    const std::uint64_t status = last ? kEndOfPacket | note.status : 0;
    if (queue.legacy) {
      WriteBackLegacy(descriptor, size, status, first);
    } else {
      WriteBackRx(descriptor, first, size, status);
    }
    if (dma_.tracing()) dma_.Trace(Dma::Access::kWrite, iova, {descriptor, kDescriptorSize});
    if (++queue.head == queue.size) queue.head = 0;
  } while (done < frame.size());
  CountPosted(queue, frame.size());
  return Posted::kYes;
}

// --- Registers of a queue ---

void Port::UpdateLimit(RxQueue& queue) {
  const bool at_once = queue.enabled && !queue.legacy && queue.head < queue.size;
  queue.limit = at_once ? queue.size : 0;
}

void Port::UpdateRxQueue(std::uint32_t index) {
  RxQueue& queue = rx_[index];
  const auto peek = [&](const RegisterInfo& row) {
    return registers_.Peek(ReceiveQueueOffset(row, index));
  };
  const std::uint32_t srrctl = peek(kSrrctl);
  queue.base = (peek(kRdbal) & kRdbal.readable) | std::uint64_t{peek(kRdbah)} << 32;
  queue.size = (peek(kRdlen) & kRdlen.readable) / kDescriptorSize;
  queue.drop = (srrctl & kDropEnable) != 0;
  const std::uint32_t type = srrctl >> 25 & 7;
  queue.legacy = type == kDescriptorTypeLegacy;
  queue.buffer_size = queue.legacy || type == kDescriptorTypeOneBuffer ? (srrctl & 0x1F) * 1024 : 0;
  queue.ring_epoch = Queue::kUnknown;
  UpdateLimit(queue);
  queue.counters = registers_.Peek(kRqsmr.At(index / 4)) >> index % 4 * 8 & 0xF;
}

void Port::WroteRxRing(std::uint32_t queue, std::uint32_t) { UpdateRxQueue(queue); }

std::uint32_t Port::ReadRdh(std::uint32_t queue) { return rx_[queue].head; }

void Port::WroteRdh(std::uint32_t queue, std::uint32_t value) {
  rx_[queue].head = value & kRdh.writable;
  UpdateLimit(rx_[queue]);
}

std::uint32_t Port::ReadRxdctl(std::uint32_t queue) {
  const std::uint32_t stored = registers_.Peek(ReceiveQueueOffset(kRxdctl, queue));
  return (stored & ~kEnable) | (rx_[queue].enabled ? kEnable : 0);
}

/// 4.6.7.1.2: "The 82599 clears the RXDCTL.ENABLE bit only after all pending memory accesses to the
/// descriptor ring are done": until then the queue goes on, and a driver that does not wait for it
/// before it takes the memory away is found out.
void Port::WroteRxdctl(std::uint32_t queue, std::uint32_t value) {
  rx_[queue].strip_vlan = (value & kVlanStrip) != 0;
  const bool enable = (value & kEnable) != 0;
  if (enable == rx_[queue].enabled) return;
  Later(kEnableTime, [this, queue] {
    rx_[queue].enabled = (registers_.Peek(ReceiveQueueOffset(kRxdctl, queue)) & kEnable) != 0;
    UpdateLimit(rx_[queue]);
  });
}

/// To receive each frame on its own is always right with RSC: there was nothing to join it with.
void Port::WroteRscctl(std::uint32_t queue, std::uint32_t value) {
  constexpr std::uint32_t kEnableCoalescing = 1u << 0;
  if ((value & kEnableCoalescing) == 0) return;
  LogOnce(kRxCoalescing, 0, [&] {
    return "RX queue " + std::to_string(queue) +
           ": RSCCTL.RSCEN: coalescing is not modelled; frames are received one by one";
  });
}

}  // namespace ixylab::emulator::intel82599
