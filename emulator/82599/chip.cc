#include "emulator/82599/chip.h"

#include <stdexcept>

#include "emulator/82599/port.h"

namespace ixylab::emulator::intel82599 {

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

std::vector<NamedCounter> Chip::counters(unsigned) const { return {}; }

std::string Chip::Describe(unsigned region, std::uint32_t offset, unsigned,
                           std::uint32_t value) const {
  return DescribeAccess(region == 0 ? FindRegister(offset) : nullptr, offset, value);
}

std::string_view Chip::Provenance(unsigned region, std::uint32_t offset) const {
  const RegisterInfo* const row = region == 0 ? FindRegister(offset) : nullptr;
  return row == nullptr ? std::string_view() : row->provenance;
}

}  // namespace ixylab::emulator::intel82599
