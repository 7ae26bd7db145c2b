#include "tests/mutants/mutant_bus.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ixylab::mutants {
namespace {

// The 82599's registers that a fault is about, by their offsets (datasheet section 8.2.3).
constexpr std::uint32_t kCtrl = 0x00000;
constexpr std::uint32_t kCtrlRst = 1u << 26;
constexpr std::uint32_t kCtrlLnkRst = 1u << 3;

/// Register `first` of a queue: 64 queues, 0x40 bytes apart.
constexpr bool IsOfQueue(std::uint32_t offset, std::uint32_t first) {
  return offset >= first && offset < first + 64 * 0x40 && (offset - first) % 0x40 == 0;
}
constexpr bool IsRdt(std::uint32_t offset) { return IsOfQueue(offset, 0x01018); }
constexpr bool IsTdt(std::uint32_t offset) { return IsOfQueue(offset, 0x06018); }
constexpr bool IsRdbal(std::uint32_t offset) { return IsOfQueue(offset, 0x01000); }
constexpr bool IsCounter(std::uint32_t offset) {
  return offset == 0x04080 || IsOfQueue(offset, 0x01030);  // GPTC, QPRC
}

}  // namespace

std::optional<BusFault> FindBusFault(std::string_view name) {
  static constexpr std::pair<std::string_view, BusFault> kFaults[] = {
      {"bit_dropped", BusFault::kBitDropped},
      {"offset_off_by_4", BusFault::kOffsetOffBy4},
      {"doorbell_lost", BusFault::kDoorbellLost},
      {"write_back_too_early", BusFault::kWriteBackTooEarly},
      {"counter_not_cleared_by_reading", BusFault::kCounterNotCleared},
      {"reset_ignored", BusFault::kResetIgnored},
      {"reset_never_ends", BusFault::kResetNeverEnds},
  };
  for (const auto& [known, fault] : kFaults) {
    if (known == name) return fault;
  }
  return std::nullopt;
}

void LateData::Watch(const Bus& bus, std::span<MemoryPool* const> pools) {
  std::vector<PacketBuffer*>& buffers = buffers_[&bus];
  buffers.clear();
  for (MemoryPool* pool : pools) {
    std::vector<PacketBuffer*> all(pool->available());
    pool->Allocate(all);
    MemoryPool::Free(all);
    buffers.insert(buffers.end(), all.begin(), all.end());
  }
}

void LateData::Before() {
  before_.clear();
  for (const auto& [bus, buffers] : buffers_) {
    for (PacketBuffer* buffer : buffers) {
      Held& held = before_.emplace_back(buffer, Data{});
      std::memcpy(held.data.data(), buffer->data(), kBytes);
    }
  }
}

void LateData::After() {
  for (const Held& old : before_) {
    if (std::memcmp(old.data.data(), old.buffer->data(), kBytes) == 0) continue;
    Held& held = held_.emplace_back(old.buffer, Data{});
    std::memcpy(held.data.data(), old.buffer->data(), kBytes);
    std::memcpy(old.buffer->data(), old.data.data(), kBytes);
  }
}

void LateData::Deliver() {
  for (const Held& held : held_) std::memcpy(held.buffer->data(), held.data.data(), kBytes);
  held_.clear();
}

std::uint32_t MutantBus::Read(unsigned region, std::uint32_t offset, unsigned bytes) {
  late_.Deliver();
  const std::uint32_t value = bus_.Read(region, offset, bytes);
  switch (fault_) {
    case BusFault::kCounterNotCleared:
      return IsCounter(offset) ? counters_[offset] += value : value;
    case BusFault::kResetNeverEnds:
      return offset == kCtrl ? value | kCtrlRst : value;
    default:
      return value;
  }
}

void MutantBus::Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  // Receive ends with RDT: its caller is to see the frame before its data are there.
  if (!IsRdt(offset)) late_.Deliver();
  switch (fault_) {
    case BusFault::kBitDropped:
      if (IsRdt(offset) || IsTdt(offset)) value &= ~(1u << 5);
      break;
    case BusFault::kOffsetOffBy4:
      if (IsRdbal(offset)) offset += 4;
      break;
    case BusFault::kDoorbellLost:
      if ((IsRdt(offset) || IsTdt(offset)) && ++tails_written_ % 16 == 0) return;
      break;
    case BusFault::kWriteBackTooEarly:
      if (!IsTdt(offset)) break;
      late_.Before();
      bus_.Write(region, offset, bytes, value);
      late_.After();
      return;
    case BusFault::kResetIgnored:
      if (offset == kCtrl) value &= ~(kCtrlRst | kCtrlLnkRst);
      break;
    default:
      break;
  }
  bus_.Write(region, offset, bytes, value);
}

}  // namespace ixylab::mutants
