#include "emulator/82599/port.h"

#include <cstdio>

#include "emulator/82599/config_space.h"
#include "emulator/82599/registers.h"

namespace ixylab::emulator::intel82599 {

Port::Port(const ChipConfig& config, SharedState& chip, unsigned number, Host& host)
    : config_(config),
      chip_(chip),
      number_(number),
      host_(host),
      dma_(host, number),
      pci_(MakeConfigSpace(config, number)),
      msix_(pci_, kMsixLayout, [this](unsigned vector) { Sent(vector); }),
      registers_(Registers()),
      life_(std::make_shared<std::uint64_t>(0)),
      sfp_(MakeSfpMemory(config.modules.at(number), number + 1)),
      eeprom_pins_(chip.eeprom) {
  for (std::uint32_t queue = 0; queue < kQueues; ++queue) {
    rx_[queue].tail = registers_.Word(ReceiveQueueOffset(Row("RDT"), queue));
    tx_[queue].tail = registers_.Word(Row("TDT").At(queue));
  }
  inner_wire_.Attach(1 - end_, &inside_);
  // Whoever gives the function to a driver has made it ready: a kernel, or the sysfs bus.
  pci_.Write(pci::kCommand, 2, pci::kIoSpace | pci::kMemorySpace | pci::kBusMaster);
  Reset();
  // Power came on long ago (enumeration alone takes 100 ms): the first access finds a chip that is
  // ready. A driver that writes back a CTRL read with RST still set would only reset it again.
  resetting_ = false;
  auto_read_done_ = dma_init_done_ = true;
}

Port::~Port() {
  if (wire_ != nullptr) wire_->Attach(end_, nullptr);
}

void Port::Connect(Wire& wire, unsigned end) {
  wire_ = &wire;
  end_ = end;
  inner_wire_.Attach(1 - end, &inside_);
  wire.Attach(end, this);
  UpdateLink();
}

std::uint32_t Port::Read(unsigned region, std::uint32_t offset, unsigned bytes) {
  if (region == kRegisterBar && memory_enabled_) [[likely]]
    return ReadRegister(offset, bytes);
  return ReadOther(region, offset, bytes);
}

void Port::Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  if (region == kRegisterBar && memory_enabled_) [[likely]]
    return WriteRegister(offset, bytes, value);
  WriteOther(region, offset, bytes, value);
}

std::uint32_t Port::ReadRegister(std::uint32_t offset, unsigned bytes) {
  if (bytes == 4) [[likely]] {
    FoldStatistics(offset);
    last_read_ = offset;
    if (const auto value = registers_.Read(*this, offset)) return *value;
  }
  CountUnknown(kRegisterBar, offset, bytes);
  return 0;  // all-ones would mean that the device is gone
}

void Port::WriteRegister(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  if (bytes == 4 && registers_.Write(*this, offset, value)) [[likely]]
    return;
  CountUnknown(kRegisterBar, offset, bytes);
}

void Port::CountUnknown(unsigned region, std::uint32_t offset, unsigned bytes) {
  ++unknown_accesses_;
  LogOnce(kUnknownRegister, offset, [&] {
    return "no such register: " + RegisterName(nullptr, offset) +
           (region == 0 && bytes == 4
                ? ""
                : " as " + std::to_string(8 * bytes) + " bits of region " + std::to_string(region));
  });
}

void* Port::MapRegister(unsigned region, std::uint32_t offset) {
  const RegisterInfo* row = Registers().Find(offset);
  if (row == nullptr || region != 0 || offset % 4 != 0) return nullptr;
  return row->name == "RDT" || row->name == "TDT" ? registers_.Word(offset) : nullptr;
}

/// From the start of each page with a tail to the first register that reading changes: QPRC, QPTC.
/// Those of queue 0 come before them. The other queues' are in the same pages (up to 63) or in some
/// that no driver was seen to use, which to poll costs more.
std::vector<MappableArea> Port::MappableAreas() const {
  std::vector<MappableArea> areas;
  for (const RegisterInfo& tail : {Row("RDT"), Row("TDT")}) {
    const std::uint32_t start = tail.offset / 4096 * 4096;
    std::uint32_t end = start;
    const auto like_memory = [](std::uint32_t offset) {
      const RegisterInfo* row = Registers().Find(offset);
      if (row != nullptr && row->alias_of != RegisterInfo::kNoAlias) {
        row = Registers().Find(row->alias_of);
      }
      return row == nullptr || (row->kind != Kind::kReadClear && row->kind != Kind::kReadClearPair);
    };
    while (end < start + 4096 && like_memory(end)) end += 4;
    areas.push_back({.region = kRegisterBar, .offset = start, .size = end - start});
  }
  return areas;
}

std::uint32_t Port::Peek(unsigned, std::uint32_t offset) {
  return registers_.Read(*this, offset).value_or(0);
}

void Port::LocateRing(Queue& queue) {
  // With tracing on, everything goes the long way, which has the trace points.
  queue.ring =
      dma_.tracing() ? nullptr : dma_.Find(queue.base, std::uint64_t{queue.size} * kDescriptorSize);
  queue.ring_epoch = dma_.Epoch();
}

bool Port::Run() {
  bool more = false;
  if (!packet_buffer_.empty()) [[unlikely]]
    more |= DrainPacketBuffer();
  if (!held_.empty()) [[unlikely]]
    more |= RunHeld();
  more |= RunTransmit();
  if (pending_causes_ != 0) {
    vector_causes_ |= pending_causes_;
    pending_causes_ = 0;
    EvaluateInterrupts();
  }
  return more;
}

}  // namespace ixylab::emulator::intel82599
