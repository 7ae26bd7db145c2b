#include "emulator/82599/windows.h"

#include "emulator/82599/port.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kWrite = 1u << 31, kRead = 1u << 30;  // IPSTXIDX, IPSRXIDX

consteval std::uint32_t At(std::string_view name, std::uint32_t index = 0) {
  return Row(name).At(index);
}
constexpr std::array<std::uint32_t, 5> kTransmitKey = {
    At("IPSTXKEY", 0), At("IPSTXKEY", 1), At("IPSTXKEY", 2), At("IPSTXKEY", 3), At("IPSTXSALT")};
constexpr std::array<std::uint32_t, 4> kAddress = {At("IPSRXIPADDR", 0), At("IPSRXIPADDR", 1),
                                                   At("IPSRXIPADDR", 2), At("IPSRXIPADDR", 3)};
constexpr std::array<std::uint32_t, 2> kSpi = {At("IPSRXSPI"), At("IPSRXIPIDX")};
constexpr std::array<std::uint32_t, 6> kReceiveKey = {At("IPSRXKEY", 0), At("IPSRXKEY", 1),
                                                      At("IPSRXKEY", 2), At("IPSRXKEY", 3),
                                                      At("IPSRXSALT"),   At("IPSRXMOD")};

constexpr RegisterInfo kRttdqsel = Row("RTTDQSEL"), kRttdt1c = Row("RTTDT1C"),
                       kRttbcnrc = Row("RTTBCNRC");

std::uint32_t Index(std::uint32_t value) { return value >> 3 & 0x3FF; }

}  // namespace

template <std::size_t kWords>
void Port::MoveWindow(const std::array<std::uint32_t, kWords>& registers,
                      std::array<std::uint32_t, kWords>& entry, std::uint32_t command) {
  for (std::size_t word = 0; word < kWords; ++word) {
    if ((command & kWrite) != 0) entry[word] = registers_.Peek(registers[word]);
    if ((command & kRead) != 0) registers_.Poke(registers[word], entry[word]);
  }
}

void Port::ResetWindows() { *windows_ = {}; }

void Port::WroteIpstxidx(std::uint32_t, std::uint32_t value) {
  MoveWindow(kTransmitKey, windows_->transmit_keys[Index(value)], value);
}

void Port::WroteIpsrxidx(std::uint32_t, std::uint32_t value) {
  constexpr std::uint32_t kAddresses = 1, kSpis = 2, kKeys = 3;
  const std::uint32_t table = value >> 1 & 3, index = Index(value);
  if (table == kAddresses) {
    MoveWindow(kAddress, windows_->addresses[index % Windows::kAddresses], value);
  } else if (table == kSpis) {
    MoveWindow(kSpi, windows_->spis[index], value);
  } else if (table == kKeys) {
    MoveWindow(kReceiveKey, windows_->receive_keys[index], value);
  }
}

/// RTTDQSEL says which queue's registers RTTDT1C and RTTBCNRC are.
void Port::WroteRttdqsel(std::uint32_t, std::uint32_t) {
  const auto& entry = windows_->queues[registers_.Peek(kRttdqsel.offset) % Windows::kQueues];
  registers_.Poke(kRttdt1c.offset, entry[0]);
  registers_.Poke(kRttbcnrc.offset, entry[1]);
}

void Port::WroteQueueArbiter(std::uint32_t, std::uint32_t) {
  windows_->queues[registers_.Peek(kRttdqsel.offset) % Windows::kQueues] = {
      registers_.Peek(kRttdt1c.offset), registers_.Peek(kRttbcnrc.offset)};
}

}  // namespace ixylab::emulator::intel82599
