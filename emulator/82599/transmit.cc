// Transmit DMA and MAC (datasheet 7.2, 8.2.3.9): from descriptors to frames on the wire.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kTransmitEnable = 1u << 0;                        // DMATXCTL
constexpr std::uint32_t kTxCrcEnable = 1u << 0, kTxPadEnable = 1u << 10;  // HLREG0
constexpr std::uint32_t kEnable = 1u << 25;                               // TXDCTL
constexpr std::uint32_t kHeadWriteBackEnable = 1u << 0;                   // TDWBAL

// The second half of an advanced data descriptor (7.2.3.2.4).
constexpr std::uint64_t kLengthMask = 0xFFFF;
constexpr std::uint64_t kTypeMask = 0xF << 20, kTypeContext = 2 << 20, kTypeData = 3 << 20;
constexpr std::uint64_t kEop = 1u << 24, kIfcs = 1u << 25, kReportStatus = 1u << 27,
                        kExtension = 1u << 29, kVlanInsert = 1u << 30, kSegment = 1u << 31,
                        kDone = std::uint64_t{1} << 32, kOffloads = std::uint64_t{7} << 40;
constexpr unsigned kPayloadShift = 46;
/// One data descriptor that is a whole frame and asks for nothing but its CRC.
constexpr std::uint64_t kSimpleMask =
    kTypeMask | kEop | kIfcs | kExtension | kVlanInsert | kSegment | kOffloads;
constexpr std::uint64_t kSimple = kTypeData | kEop | kIfcs | kExtension;

constexpr std::uint32_t kPaddedSize = kSmallestFrame - kCrcSize;
// 15.5 KiB with CRC: what the transmitter takes (Linux and DPDK limit MAXFRS to it).
constexpr std::uint32_t kLongestFrame = 15872 - kCrcSize;
constexpr Nanoseconds kEnableTime = std::chrono::microseconds(10);
constexpr unsigned kBatch = 64;

constexpr RegisterInfo kTdbal = Row("TDBAL"), kTdbah = Row("TDBAH"), kTdlen = Row("TDLEN"),
                       kTdh = Row("TDH"), kTxdctl = Row("TXDCTL"), kTdwbal = Row("TDWBAL"),
                       kTdwbah = Row("TDWBAH"), kTqsm = Row("TQSM"), kDmatxctl = Row("DMATXCTL"),
                       kHlreg0 = Row("HLREG0");

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
  wire_->Send(end_, frame);
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
  for (std::size_t i = 0; i < active_tx_.size(); ++i) more |= TransmitBatch(tx_[active_tx_[i]]);
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
    const auto [descriptor, command, data] = batch[i];
    if (data != nullptr && queue.gathered.empty()) [[likely]] {
      Send(counters, {.bytes = {data, command & kLengthMask}});
    } else {
      TransmitSlowly(queue, descriptor);
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

/// Everything but a plain frame in one descriptor.
void Port::TransmitSlowly(TxQueue& queue, std::byte* descriptor) {
  const unsigned index = IndexOf(queue);
  const std::uint64_t address = Word(descriptor, 0);
  const std::uint64_t command = Word(descriptor, 1);
  if (dma_.tracing()) {
    dma_.Trace(Dma::Access::kRead, queue.base + std::uint64_t{queue.head} * kDescriptorSize,
               {descriptor, kDescriptorSize});
  }
  if ((command & kExtension) == 0 || (command & kTypeMask) != kTypeData) {
    // A context descriptor says how to do offloads, of which there are none.
    if ((command & kExtension) != 0 && (command & kTypeMask) == kTypeContext) return;
    return LogOnce(kTxType, index, [&] {
      return "TX queue " + std::to_string(index) +
             ": a descriptor that is not an advanced one (DEXT, DTYP 2 or 3) is skipped: not "
             "modelled";
    });
  }
  if ((command & (kVlanInsert | kSegment | kOffloads)) != 0) {
    LogOnce(kTxOffload, index, [&] {
      return "TX queue " + std::to_string(index) +
             ": offloads (VLE, TSE, POPTS) are not modelled: the frame is sent as it is";
    });
  }
  const std::uint64_t length = command & kLengthMask;
  const std::size_t before = queue.gathered.size();
  if (before + length > kLongestFrame + kCrcSize) {
    queue.broken_packet = true;
    LogOnce(kTxLength, index, [&] {
      return "TX queue " + std::to_string(index) + ": a packet of more than " +
             std::to_string(kLongestFrame) + " bytes is not sent";
    });
  } else {
    queue.gathered.resize(before + length);
    if (!dma_.Read(address, std::span(queue.gathered).subspan(before))) {
      queue.broken_packet = true;
      dma_.Fault(Dma::Access::kRead, address, length,
                 "TX queue " + std::to_string(index) + " descriptor " + std::to_string(queue.head) +
                     ": buffer");
    }
  }
  if ((command & kEop) == 0) return;
  FinishPacket(queue, command);
  queue.gathered.clear();
  queue.broken_packet = false;
}

/// Padding and CRC (8.2.3.22.8): the MAC adds both where HLREG0 and the descriptor's IFCS agree;
/// else the packet ends with a CRC that the driver has computed.
void Port::FinishPacket(TxQueue& queue, std::uint64_t command) {
  std::vector<std::byte>& packet = queue.gathered;
  const unsigned index = IndexOf(queue);
  if (queue.broken_packet) return;
  if (command >> kPayloadShift != packet.size()) {
    LogOnce(kTxPayload, index, [&] {
      return "TX queue " + std::to_string(index) + ": PAYLEN " +
             std::to_string(command >> kPayloadShift) + " differs from the packet's " +
             std::to_string(packet.size()) + " bytes, which are sent";
    });
  }
  const std::uint32_t hlreg0 = registers_.Peek(kHlreg0.offset);
  if ((command & kIfcs) != 0 && (hlreg0 & kTxCrcEnable) != 0) {
    if (packet.empty() || packet.size() > kLongestFrame) {
      return LogOnce(kTxLength, index, [&] {
        return "TX queue " + std::to_string(index) + ": a packet of " +
               std::to_string(packet.size()) + " bytes is not sent";
      });
    }
    if (packet.size() < kPaddedSize && (hlreg0 & kTxPadEnable) != 0) packet.resize(kPaddedSize);
    return Send(statistics_.sent_by_queue[queue.counters], {.bytes = packet});
  }
  if (packet.size() <= kCrcSize) {
    return LogOnce(kTxLength, index, [&] {
      return "TX queue " + std::to_string(index) + ": a packet of " +
             std::to_string(packet.size()) + " bytes, CRC included, is not sent";
    });
  }
  const std::span bytes = std::span(packet).first(packet.size() - kCrcSize);
  std::uint32_t crc = 0;
  for (unsigned i = 0; i < kCrcSize; ++i) {
    crc |= std::to_integer<std::uint32_t>(packet[bytes.size() + i]) << 8 * i;
  }
  Send(statistics_.sent_by_queue[queue.counters], {.bytes = bytes, .fcs = crc});
}

// --- Registers ---

void Port::UpdateTransmitControl() {
  transmit_enabled_ =
      link_up_ && wire_ != nullptr && (registers_.Peek(kDmatxctl.offset) & kTransmitEnable) != 0;
}

void Port::WroteTransmitControl(std::uint32_t, std::uint32_t) { UpdateTransmitControl(); }

void Port::UpdateTxQueue(std::uint32_t index) {
  TxQueue& queue = tx_[index];
  const auto peek = [&](const RegisterInfo& row) { return registers_.Peek(row.At(index)); };
  queue.base = (peek(kTdbal) & kTdbal.readable) | std::uint64_t{peek(kTdbah)} << 32;
  queue.size = (peek(kTdlen) & kTdlen.readable) / kDescriptorSize;
  // TinyNF: "Empirically, the answer is... 16 bytes" for the alignment of the head's address.
  constexpr std::uint64_t kHeadAlignment = 16;
  queue.head_write_back =
      (peek(kTdwbal) & kHeadWriteBackEnable) != 0
          ? (peek(kTdwbal) | std::uint64_t{peek(kTdwbah)} << 32) & ~(kHeadAlignment - 1)
          : 0;
  queue.counters = registers_.Peek(kTqsm.At(index / 4)) >> index % 4 * 8 & 0xF;
  queue.stalled_at = TxQueue::kNotStalled;
  queue.ring_epoch = Queue::kUnknown;
}

void Port::WroteTxRing(std::uint32_t queue, std::uint32_t) { UpdateTxQueue(queue); }

/// A stalled queue looks at its ring again. (A tail stored by MapRegister does not come by here,
/// but is seen to have changed.)
void Port::WroteTdt(std::uint32_t queue, std::uint32_t) {
  tx_[queue].stalled_at = TxQueue::kNotStalled;
}

std::uint32_t Port::ReadTdh(std::uint32_t queue) { return tx_[queue].head; }

/// 8.2.3.9.8: to be written only after a reset, before the queue is enabled.
void Port::WroteTdh(std::uint32_t queue, std::uint32_t value) {
  tx_[queue].head = value & kTdh.writable;
  tx_[queue].stalled_at = TxQueue::kNotStalled;
}

std::uint32_t Port::ReadTxdctl(std::uint32_t queue) {
  return (registers_.Peek(kTxdctl.At(queue)) & ~kEnable) | (tx_[queue].enabled ? kEnable : 0);
}

void Port::WroteTxdctl(std::uint32_t queue, std::uint32_t value) {
  const bool enable = (value & kEnable) != 0;
  if (enable && (registers_.Peek(kDmatxctl.offset) & kTransmitEnable) == 0) {
    LogOnce(kTxOrder, queue, [&] {
      return "TX queue " + std::to_string(queue) +
             ": TXDCTL.ENABLE is set before DMATXCTL.TE, which comes first (4.6.8)";
    });
  }
  if (enable == tx_[queue].enabled) return;
  Later(kEnableTime,
        [this, queue] { EnableTx(queue, (registers_.Peek(kTxdctl.At(queue)) & kEnable) != 0); });
}

void Port::EnableTx(std::uint32_t queue, bool enabled) {
  if (tx_[queue].enabled == enabled) return;
  tx_[queue].enabled = enabled;
  if (enabled) {
    active_tx_.push_back(static_cast<std::uint8_t>(queue));
    return;
  }
  std::erase(active_tx_, queue);
  tx_[queue].gathered.clear();
  tx_[queue].broken_packet = false;
}

}  // namespace ixylab::emulator::intel82599
