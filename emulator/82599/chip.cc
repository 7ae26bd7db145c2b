#include "emulator/82599/chip.h"

#include <cstdio>
#include <stdexcept>

#include "emulator/82599/config_space.h"
#include "emulator/82599/port.h"

namespace ixylab::emulator::intel82599 {
namespace {

std::string IoName(std::uint32_t offset) {
  return offset < 4 ? "IOADDR" : offset < 8 ? "IODATA" : "BAR 2";
}

std::string Number(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  char text[32];
  std::snprintf(text, sizeof text, " 0x%02X = 0x%0*X", offset, static_cast<int>(2 * bytes), value);
  return text;
}

}  // namespace

Chip::Chip(const ChipConfig& config, Host& host) : shared_(std::make_unique<SharedState>(config)) {
  if (config.ports < 1 || config.ports > 2) {
    throw std::invalid_argument("an 82599 has 1 or 2 ports, not " + std::to_string(config.ports));
  }
  for (unsigned port = 0; port < config.ports; ++port) {
    ports_.push_back(std::make_unique<Port>(config, *shared_, port, host));
  }
}

Chip::~Chip() = default;

NicFunction& Chip::function(unsigned port) { return *ports_.at(port); }

void Chip::Connect(unsigned port, Wire& wire, unsigned end) { ports_.at(port)->Connect(wire, end); }

std::uint64_t Chip::unknown_accesses() const {
  std::uint64_t sum = 0;
  for (const auto& port : ports_) sum += port->unknown_accesses();
  return sum;
}

std::vector<NamedCounter> Chip::counters(unsigned port) const {
  return ports_.at(port)->counters();
}

std::string Chip::Describe(unsigned region, std::uint32_t offset, unsigned bytes,
                           std::uint32_t value) const {
  switch (region) {
    case kRegisterBar:
      return DescribeAccess(FindRegister(offset), offset, value);
    case kIoBar:
      return IoName(offset) + Number(offset, bytes, value);
    case kMsixBar:
      return pci::Msix::Describe(kMsixLayout, offset, bytes, value);
    case NicFunction::kConfigSpace:
      return pci::DescribeConfigAccess(ports_[0]->config_space(), offset, bytes, value);
    default:
      return "BAR " + std::to_string(region) + Number(offset, bytes, value);
  }
}

std::string_view Chip::Provenance(unsigned region, std::uint32_t offset) const {
  switch (region) {
    case kRegisterBar: {
      const RegisterInfo* const row = FindRegister(offset);
      return row == nullptr ? std::string_view() : row->provenance;
    }
    case kIoBar:
      return offset < 8 ? "Intel 82576 datasheet, I/O-mapped access" : std::string_view();
    case kMsixBar:
      return offset < kMsixLayout.bar_bytes ? "PCI Local Bus 3.0, 6.8.2" : std::string_view();
    case NicFunction::kConfigSpace:
      return offset < pci::ConfigSpace::kBytes ? "PCI Express 4.0, 7.5; lspci" : std::string_view();
    default:
      return {};
  }
}

}  // namespace ixylab::emulator::intel82599
