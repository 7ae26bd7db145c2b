// Transmit queues (datasheet 8.2.3.9): their registers, and how they are enabled.
#include <algorithm>

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kTransmitEnable = 1u << 0;       // DMATXCTL
constexpr std::uint32_t kEnable = 1u << 25;              // TXDCTL
constexpr std::uint32_t kHeadWriteBackEnable = 1u << 0;  // TDWBAL
constexpr Nanoseconds kEnableTime = std::chrono::microseconds(10);

constexpr RegisterInfo kTdbal = Row("TDBAL"), kTdbah = Row("TDBAH"), kTdlen = Row("TDLEN"),
                       kTdh = Row("TDH"), kTxdctl = Row("TXDCTL"), kTdwbal = Row("TDWBAL"),
                       kTdwbah = Row("TDWBAH"), kTqsm = Row("TQSM"), kDmatxctl = Row("DMATXCTL");

}  // namespace

void Port::WroteTransmitControl(std::uint32_t, std::uint32_t) { UpdateMac(); }

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
  tx_[queue].packet.Clear();
  tx_[queue].contexts = {};
}

}  // namespace ixylab::emulator::intel82599
