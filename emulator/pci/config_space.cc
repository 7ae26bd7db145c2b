#include "emulator/pci/config_space.h"

#include <algorithm>
#include <stdexcept>

namespace ixylab::emulator::pci {

ConfigSpace::ConfigSpace(const Identity& identity) {
  constexpr std::uint32_t kCommandBits = kIoSpace | kMemorySpace | kBusMaster | kInterruptDisable;
  Define(std::array<Value, 9>{{
      {kVendorId, 2, identity.vendor},
      {kDeviceId, 2, identity.device},
      {kCommand, 2, 0, kCommandBits},
      {kStatus, 2, 0},
      {kRevisionId, 4, identity.revision | identity.class_code << 8},
      {kSubsystemVendorId, 2, identity.subsystem_vendor},
      {kSubsystemId, 2, identity.subsystem},
      {kInterruptLine, 1, 0, 0xFF},
      {kInterruptPin, 1, 1},  // INTA#
  }});
}

void ConfigSpace::AddBar(unsigned bar, BarKind kind, std::uint32_t size) {
  const bool wide = kind == BarKind::kMemory64;
  if (bar + wide > 5 || size < (kind == BarKind::kIo ? 4u : 16u) || (size & (size - 1)) != 0) {
    throw std::invalid_argument("BAR " + std::to_string(bar) + ": impossible");
  }
  const std::uint32_t offset = kBar0 + 4 * bar;
  const std::uint32_t type = kind == BarKind::kIo ? 1 : wide ? 4 : 0;
  Define(std::array<Value, 1>{{{offset, 4, type, ~(size - 1)}}});
  if (wide) Define(std::array<Value, 1>{{{offset + 4, 4, 0, 0xFFFFFFFF}}});
}

std::uint32_t ConfigSpace::AddCapability(std::uint8_t id, std::span<const std::uint8_t> body,
                                         std::span<const std::uint8_t> writable,
                                         std::uint32_t offset) {
  if (offset == 0) offset = free_;
  const std::uint32_t end = offset + 2 + static_cast<std::uint32_t>(body.size());
  if (offset < 0x40 || offset % 4 != 0 || end > 256) {
    throw std::length_error("no room for a PCI capability at " + std::to_string(offset));
  }
  std::uint32_t pointer = kCapabilitiesPointer;
  for (std::uint32_t next = Read(pointer, 1); next != 0 && next < offset; next = Read(pointer, 1)) {
    pointer = next + 1;
  }
  Define(offset, 1, id);
  Define(offset + 1, 1, Read(pointer, 1));
  Define(pointer, 1, offset);
  Define(kStatus, 2, Read(kStatus, 2) | kCapabilitiesList);
  for (std::uint32_t i = 0; i < body.size(); ++i) Define(offset + 2 + i, 1, body[i]);
  std::ranges::copy(writable, writable_.begin() + offset + 2);
  free_ = std::max(free_, (end + 3) & ~3u);
  return offset;
}

void ConfigSpace::AddExtendedCapability(std::uint16_t id, unsigned version, std::uint32_t offset) {
  const bool first = last_extended_ == 0;
  if (offset % 4 != 0 || offset >= kBytes ||
      (first ? offset != kExtendedCapabilities : offset <= last_extended_)) {
    throw std::length_error("no extended capability can be at " + std::to_string(offset));
  }
  if (!first) Define(last_extended_, 4, Read(last_extended_, 4) | offset << 20);
  Define(offset, 4, id | version << 16);
  last_extended_ = offset;
}

void ConfigSpace::Define(std::span<const Value> values) {
  for (const Value& field : values) {
    Define(field.offset, field.bytes, field.value);
    for (unsigned byte = 0; byte < field.bytes; ++byte) {
      writable_[field.offset + byte] = static_cast<std::uint8_t>(field.writable >> 8 * byte);
    }
  }
}

void ConfigSpace::Define(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  Set(offset, bytes, value);
  for (unsigned byte = 0; byte < bytes; ++byte) power_on_[offset + byte] = values_[offset + byte];
}

std::uint32_t ConfigSpace::Read(std::uint32_t offset, unsigned bytes) const {
  std::uint32_t value = 0;
  for (unsigned byte = 0; byte < bytes && offset < kBytes - byte; ++byte) {
    value |= std::uint32_t{values_[offset + byte]} << 8 * byte;
  }
  return value;
}

void ConfigSpace::Write(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  for (unsigned byte = 0; byte < bytes && offset < kBytes - byte; ++byte) {
    std::uint8_t& stored = values_[offset + byte];
    const std::uint8_t mask = writable_[offset + byte];
    stored = static_cast<std::uint8_t>((stored & ~mask) | (value >> 8 * byte & mask));
  }
}

void ConfigSpace::Set(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  for (unsigned byte = 0; byte < bytes; ++byte) {
    values_[offset + byte] = static_cast<std::uint8_t>(value >> 8 * byte);
  }
}

void ConfigSpace::SetInterruptStatus(bool pending) {
  const std::uint32_t status = Read(kStatus, 2);
  Set(kStatus, 2, pending ? status | kInterruptStatus : status & ~kInterruptStatus);
}

}  // namespace ixylab::emulator::pci
