#include "emulator/pci/config_space.h"

#include <cstdio>
#include <stdexcept>
#include <string_view>

namespace ixylab::emulator::pci {
namespace {

struct HeaderField {
  std::uint32_t offset;
  std::string_view name;
};

constexpr HeaderField kHeader[] = {
    {kVendorId, "Vendor ID"},
    {kDeviceId, "Device ID"},
    {kCommand, "Command"},
    {kStatus, "Status"},
    {kRevisionId, "Revision ID"},
    {kClassCode, "Class Code"},
    {kHeaderType, "Header Type"},
    {kBar0 + 0x00, "BAR 0"},
    {kBar0 + 0x04, "BAR 1"},
    {kBar0 + 0x08, "BAR 2"},
    {kBar0 + 0x0C, "BAR 3"},
    {kBar0 + 0x10, "BAR 4"},
    {kBar0 + 0x14, "BAR 5"},
    {kSubsystemVendorId, "Subsystem Vendor ID"},
    {kSubsystemId, "Subsystem ID"},
    {kCapabilitiesPointer, "Capabilities Pointer"},
    {kInterruptLine, "Interrupt Line"},
    {kInterruptPin, "Interrupt Pin"},
};

}  // namespace

ConfigSpace::ConfigSpace(const Identity& identity) {
  Set(kVendorId, 2, identity.vendor);
  Set(kDeviceId, 2, identity.device);
  Set(kRevisionId, 4, identity.revision | identity.class_code << 8);
  Set(kSubsystemVendorId, 2, identity.subsystem_vendor);
  Set(kSubsystemId, 2, identity.subsystem);
  Set(kInterruptPin, 1, 1);  // INTA#
  constexpr std::uint32_t kWritable = kIoSpace | kMemorySpace | kBusMaster | kInterruptDisable;
  writable_[kCommand] = kWritable & 0xFF;
  writable_[kCommand + 1] = kWritable >> 8;
  writable_[kInterruptLine] = 0xFF;
}

void ConfigSpace::AddBar(unsigned bar, BarKind kind, std::uint32_t size) {
  const bool wide = kind == BarKind::kMemory64;
  if (bar + wide > 5 || size < (kind == BarKind::kIo ? 4u : 16u) || (size & (size - 1)) != 0) {
    throw std::invalid_argument("BAR " + std::to_string(bar) + ": impossible");
  }
  const std::uint32_t offset = kBar0 + 4 * bar;
  Set(offset, 4, kind == BarKind::kIo ? 1 : wide ? 4 : 0);
  for (unsigned byte = 0; byte < 4; ++byte) {
    writable_[offset + byte] = static_cast<std::uint8_t>(~(size - 1) >> 8 * byte);
    if (wide) writable_[offset + 4 + byte] = 0xFF;
  }
}

std::uint32_t ConfigSpace::AddCapability(std::uint8_t id, std::span<const std::uint8_t> body,
                                         std::span<const std::uint8_t> writable) {
  const std::uint32_t offset = free_;
  if (offset + 2 + body.size() > 256) throw std::length_error("no room for a PCI capability");
  Set(last_pointer_, 1, offset);
  Set(kStatus, 2, Read(kStatus, 2) | kCapabilitiesList);
  Set(offset, 1, id);
  last_pointer_ = offset + 1;
  for (std::size_t i = 0; i < body.size(); ++i) values_[offset + 2 + i] = body[i];
  for (std::size_t i = 0; i < writable.size(); ++i) writable_[offset + 2 + i] = writable[i];
  free_ = (offset + 2 + static_cast<std::uint32_t>(body.size()) + 3) & ~3u;
  return offset;
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

std::string DescribeConfigAccess(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  std::string_view name = "config";
  for (const HeaderField& field : kHeader) {
    if (field.offset == offset) name = field.name;
  }
  char text[32];
  std::snprintf(text, sizeof text, " 0x%03X = 0x%0*X", offset, static_cast<int>(2 * bytes), value);
  return std::string(name) + text;
}

}  // namespace ixylab::emulator::pci
