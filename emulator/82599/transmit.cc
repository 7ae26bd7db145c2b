// Transmit DMA and MAC (datasheet 7.2, 8.2.3.9): from descriptors to frames on the wire.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "emulator/82599/offload.h"
#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"
#include "emulator/82599/segmentation.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kGlobalDoubleVlan = 1u << 3;                      // DMATXCTL.GDV
constexpr std::uint32_t kTxCrcEnable = 1u << 0, kTxPadEnable = 1u << 10;  // HLREG0
constexpr std::uint32_t kTcpFlags = 0x0FFF;                               // DTXTCPFLGL, DTXTCPFLGH

// The second half of an advanced data descriptor (7.2.3.2.4).
constexpr std::uint64_t kLengthMask = 0xFFFF;
constexpr std::uint64_t kTimestamp = 1u << 19;
constexpr std::uint64_t kTypeMask = 0xF << 20, kTypeContext = 2 << 20, kTypeData = 3 << 20;
constexpr std::uint64_t kEop = 1u << 24, kIfcs = 1u << 25, kReportStatus = 1u << 27,
                        kExtension = 1u << 29, kVlanInsert = 1u << 30, kSegment = 1u << 31,
                        kDone = std::uint64_t{1} << 32, kOffloads = std::uint64_t{7} << 40;
constexpr unsigned kPayloadShift = 46;
/// One data descriptor that is a whole frame and asks for nothing but its CRC.
constexpr std::uint64_t kSimpleMask =
    kTimestamp | kTypeMask | kEop | kIfcs | kExtension | kVlanInsert | kSegment | kOffloads;
constexpr std::uint64_t kSimple = kTypeData | kEop | kIfcs | kExtension;

constexpr std::uint32_t kPaddedSize = kSmallestFrame - kCrcSize;
// 15.5 KiB with CRC: what the transmitter takes (Linux and DPDK limit MAXFRS to it).
constexpr std::uint32_t kLongestFrame = 15872 - kCrcSize;
// Bounds of a packet: DPDK's IXGBE_TX_MAX_SEG; PAYLEN's 18 bits and a header (7.2.3.2.3,
// 7.2.3.2.4).
constexpr std::uint32_t kMostDescriptors = 40;
constexpr std::size_t kLongestBuffer = 16 << 10, kMostToSegment = (256 << 10) - 1 + 512;
constexpr std::size_t kEtherTypeSize = 2;
constexpr unsigned kBatch = 64;

constexpr RegisterInfo kDmatxctl = Row("DMATXCTL"), kHlreg0 = Row("HLREG0"),
                       kDtxtcpflgl = Row("DTXTCPFLGL"), kDtxtcpflgh = Row("DTXTCPFLGH");

}  // namespace

/// Counts with CRC: QBTC and GOTC go "from the Destination Address field through the CRC field,
/// inclusively" (X550 datasheet 8.2.2.17.90; DPDK subtracts the CRC from GOTC).
inline void Port::Send(QueueCounters& counters, const Frame& frame) {
  const std::uint64_t size = frame.bytes.size() + kCrcSize;
  ++counters.packets;
  counters.octets += size;
  if (size >= kSmallestFrame) [[likely]] {
    statistics_.sent.Count(size, size, Destination(frame.bytes));
  } else {
    ++statistics_.sent_short;
  }
  out_->Send(end_, frame);
}

/// 7.2.3.5: DD in the descriptor, or the head's new value where TDWBAL says.
inline void Port::WriteBackTx(TxQueue& queue, std::byte* descriptor, std::uint32_t index) {
  pending_causes_ |= queue.cause;
  if (queue.head_write_back != 0) return WriteBackHead(queue);
  std::atomic_ref(Word(descriptor, 1))
      .store(Word(descriptor, 1) | kDone, std::memory_order_release);
  if (dma_.tracing()) [[unlikely]] {
    dma_.Trace(Dma::Access::kWrite, queue.base + std::uint64_t{index} * kDescriptorSize,
               {descriptor, kDescriptorSize});
  }
}

void Port::WriteBackHead(TxQueue& queue) {
  std::byte* const word = dma_.Find(queue.head_write_back, sizeof queue.head);
  if (word == nullptr) {
    return dma_.Fault(Dma::Access::kWrite, queue.head_write_back, sizeof queue.head,
                      "TX queue " + std::to_string(IndexOf(queue)) + ": head write-back");
  }
  std::atomic_ref(*reinterpret_cast<std::uint32_t*>(word))
      .store(queue.head, std::memory_order_release);
  if (dma_.tracing()) {
    dma_.Trace(Dma::Access::kWrite, queue.head_write_back, {word, sizeof queue.head});
  }
}

/// A batch of each queue that has something to send. With the link down nothing is fetched, and
/// goes on when it is up again (Linux, ixgbe_watchdog_flush_tx: "the link is lost and the
/// controller stops DMA").
bool Port::RunTransmit() {
  if (!transmit_enabled_ || !master_enabled_) return false;
  bool more = false;
  // A batch may end in a pause.
  for (std::size_t i = 0; i < active_tx_.size() && transmit_enabled_; ++i) {
    more |= TransmitBatch(tx_[active_tx_[i]]);
  }
  return more;
}

/// True if descriptors were taken.
bool Port::TransmitBatch(TxQueue& queue) {
  const std::uint32_t tail = std::atomic_ref(*queue.tail).load(std::memory_order_acquire);
  if (tail == queue.head || tail == queue.stalled_at) return false;
  if (tail >= queue.size || queue.head >= queue.size) [[unlikely]] {
    queue.stalled_at = tail;
    LogOnce(kTxTail, IndexOf(queue), [&] {
      return "TX queue " + std::to_string(IndexOf(queue)) + ": TDT " + std::to_string(tail) +
             " or TDH " + std::to_string(queue.head) + " is beyond the ring of " +
             std::to_string(queue.size) + " descriptors";
    });
    return false;
  }

  // Fetch descriptors, and begin to fetch what they point to; then send.
  struct Fetched {
    std::byte* descriptor;
    std::uint64_t command;
    const std::byte* data;  // of a plain frame
  };
  std::array<Fetched, kBatch> batch;
  unsigned count = 0;
  for (std::uint32_t at = queue.head; count < kBatch && at != tail; ++count) {
    std::byte* const descriptor = Descriptor(queue, at);
    if (descriptor == nullptr) [[unlikely]] {
      FaultTxRing(queue, at, tail);
      break;
    }
    const std::uint64_t command = Word(descriptor, 1);
    const std::uint64_t length = command & kLengthMask;
    const bool plain = (command & kSimpleMask) == kSimple && command >> kPayloadShift == length &&
                       length - kPaddedSize <= kLongestFrame - kPaddedSize;
    const bool short_way = plain && !dma_.tracing();
    const std::byte* const data = short_way ? dma_.Find(Word(descriptor, 0), length) : nullptr;
    __builtin_prefetch(data);
    batch[count] = {descriptor, command, data};
    if (++at == queue.size) at = 0;
  }
  QueueCounters& counters = statistics_.sent_by_queue[queue.counters];
  for (unsigned i = 0; i < count; ++i) {
    auto [descriptor, command, data] = batch[i];
    if (data != nullptr && queue.packet.descriptors == 0) [[likely]] {
      Send(counters, {.bytes = {data, command & kLengthMask}});
    } else if (!TransmitSlowly(queue, descriptor)) {
      command &= ~kReportStatus;
    }
    const std::uint32_t index = queue.head;
    if (++queue.head == queue.size) queue.head = 0;
    if ((command & kReportStatus) != 0) WriteBackTx(queue, descriptor, index);
  }
  return count != 0;
}

void Port::FaultTxRing(TxQueue& queue, std::uint32_t descriptor, std::uint32_t tail) {
  // Without its ring the queue cannot go on; a new tail makes it look again.
  queue.stalled_at = tail;
  dma_.Fault(
      Dma::Access::kRead, queue.base + std::uint64_t{descriptor} * kDescriptorSize, kDescriptorSize,
      "TX queue " + std::to_string(IndexOf(queue)) + " descriptor " + std::to_string(descriptor));
}

/// Everything but a plain frame in one descriptor. False for a descriptor that is not reported: a
/// context descriptor has no RS (X550 datasheet 7.2.3.2.3: reserved; no driver sets it).
bool Port::TransmitSlowly(TxQueue& queue, std::byte* descriptor) {
  const std::uint64_t second = Word(descriptor, 1);
  if (dma_.tracing()) {
    dma_.Trace(Dma::Access::kRead, queue.base + std::uint64_t{queue.head} * kDescriptorSize,
               {descriptor, kDescriptorSize});
  }
  const bool advanced = (second & kExtension) != 0;
  if (advanced && (second & kTypeMask) == kTypeContext) {
    const TxContext context = TxContext::Of(Word(descriptor, 0), second);
    queue.contexts[context.index] = context;
    return false;
  }
  if (advanced && (second & kTypeMask) != kTypeData) {
    LogOnce(kTxType, IndexOf(queue), [&] {
      return "TX queue " + std::to_string(IndexOf(queue)) +
             ": a descriptor of a reserved type (DTYP neither 2 nor 3) is skipped";
    });
    return true;
  }

  TxPacket& packet = queue.packet;
  if (packet.descriptors == 0) {
    packet.command = TxCommand::Of(second);
    packet.context = queue.contexts[packet.command.context];
  } else if (packet.command.legacy == advanced) {
    Refuse(queue, Refusal::kMixed);
  }
  Gather(queue, Word(descriptor, 0), second & kLengthMask);
  if ((second & kEop) != 0) {
    if (!packet.refused) FinishPacket(queue);
    packet.Clear();
  }
  return true;
}

/// Nothing of the packet is sent; its other descriptors are taken, and reported, as usual.
void Port::Refuse(TxQueue& queue, Refusal why) {
  queue.packet.refused = true;
  LogOnce(kTxRefused, IndexOf(queue) | static_cast<std::uint32_t>(why) << 8, [&] {
    return "TX queue " + std::to_string(IndexOf(queue)) +
           ": a packet is not sent: " + std::string(Describe(why));
  });
}

/// Appends a descriptor's buffer to the packet.
void Port::Gather(TxQueue& queue, std::uint64_t address, std::uint64_t length) {
  TxPacket& packet = queue.packet;
  const std::size_t most = packet.command.segment ? kMostToSegment : kLongestFrame + kCrcSize;
  if (++packet.descriptors > kMostDescriptors) Refuse(queue, Refusal::kTooManyDescriptors);
  if (length > kLongestBuffer) Refuse(queue, Refusal::kBufferTooLong);
  if (packet.size + length > most) Refuse(queue, Refusal::kPacketTooLong);
  if (packet.refused) return;

  if (!dma_.Read(address, packet.Extend(length))) {
    packet.refused = true;
    dma_.Fault(Dma::Access::kRead, address, length,
               "TX queue " + std::to_string(IndexOf(queue)) + " descriptor " +
                   std::to_string(queue.head) + ": buffer");
  }
}

/// From a whole packet to frames: segmentation, checksums, VLAN tag.
void Port::FinishPacket(TxQueue& queue) {
  TxPacket& packet = queue.packet;
  const TxCommand& command = packet.command;
  const TxContext& context = packet.context;
  const bool crc = command.insert_crc && (registers_.Peek(kHlreg0.offset) & kTxCrcEnable) != 0;
  const std::uint32_t dmatxctl = registers_.Peek(kDmatxctl.offset);
  // 7.4.5.2: with GDV, software has put the outer tag there, and the chip inserts the inner one.
  const std::size_t tag_offset = (dmatxctl & kGlobalDoubleVlan) != 0 ? 16 : 12;
  const Refusal why = packet.Check(kLongestFrame, tag_offset + kEtherTypeSize, crc);
  if (why != Refusal::kNone) return Refuse(queue, why);
  LogOddities(queue);

  const auto finish = [&](std::span<std::byte> frame) {
    if (command.ip_checksum && context.ipv4) InsertIpChecksum(frame, context);
    if (command.l4_checksum) InsertL4Checksum(frame, context, command.segment);
    if (command.legacy_checksum) InsertLegacyChecksum(frame, command);
    if (command.insert_tag) {
      frame = InsertTag(frame, tag_offset, dmatxctl >> 16,
                        command.legacy ? command.vlan_tag : context.vlan_tag);
    }
    SendFrame(queue, frame, crc);
  };
  if (!command.segment) return finish(packet.bytes());
  const std::uint32_t first_and_middle = registers_.Peek(kDtxtcpflgl.offset);
  Segmenter segmenter(
      packet.bytes(), context,
      {.first = static_cast<std::uint16_t>(first_and_middle & kTcpFlags),
       .middle = static_cast<std::uint16_t>(first_and_middle >> 16 & kTcpFlags),
       .last = static_cast<std::uint16_t>(registers_.Peek(kDtxtcpflgh.offset) & kTcpFlags)});
  for (auto segment = segmenter.Next(); !segment.empty(); segment = segmenter.Next()) {
    finish(segment);
  }
}

/// What is wrong with a packet, or not modelled, and does not keep it from being sent.
void Port::LogOddities(TxQueue& queue) {
  const TxPacket& packet = queue.packet;
  const TxCommand& command = packet.command;
  const std::size_t payload = packet.size - (command.segment ? packet.context.header_size() : 0);
  if (!command.legacy && command.payload != payload) {
    LogOnce(kTxPayload, IndexOf(queue), [&] {
      return "TX queue " + std::to_string(IndexOf(queue)) + ": PAYLEN " +
             std::to_string(command.payload) + " differs from the packet's " +
             std::to_string(payload) + " bytes, which are sent";
    });
  }
  if (command.timestamp) {
    LogOnce(kTxTimestamp, IndexOf(queue), [&] {
      return "TX queue " + std::to_string(IndexOf(queue)) +
             ": time stamps (MAC.1588) are not modelled: the packet is sent without";
    });
  }
}

/// Padding and CRC (8.2.3.22.8): the MAC adds both where HLREG0 and the descriptor's IFCS agree;
/// else the frame ends with a CRC that the driver has computed.
void Port::SendFrame(TxQueue& queue, std::span<const std::byte> frame, bool crc) {
  QueueCounters& counters = statistics_.sent_by_queue[queue.counters];
  if (!crc) {
    const std::size_t size = frame.size() - kCrcSize;
    std::uint32_t fcs;
    std::memcpy(&fcs, frame.data() + size, sizeof fcs);  // least significant byte first
    return Send(counters, {.bytes = frame.first(size), .fcs = fcs});
  }
  if (frame.size() >= kPaddedSize || (registers_.Peek(kHlreg0.offset) & kTxPadEnable) == 0) {
    return Send(counters, {.bytes = frame});
  }
  std::array<std::byte, kPaddedSize> padded{};
  std::ranges::copy(frame, padded.begin());
  Send(counters, {.bytes = padded});
}

}  // namespace ixylab::emulator::intel82599
