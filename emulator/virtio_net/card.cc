#include "emulator/virtio_net/card.h"

#include <stdexcept>

#include "emulator/virtio_net/port.h"

namespace ixylab::emulator::virtio_net {

NetCard::NetCard(const NetConfig& config, Host& host) {
  if (config.ports < 1 || config.ports > 2) {
    throw std::invalid_argument("virtio-net: 1 or 2 ports, not " + std::to_string(config.ports));
  }
  for (unsigned port = 0; port < config.ports; ++port) {
    ports_.push_back(std::make_unique<Port>(config, port, host));
  }
}

NetCard::~NetCard() = default;

NicFunction& NetCard::function(unsigned port) { return *ports_.at(port); }

void NetCard::Connect(unsigned port, Wire& wire, unsigned end) {
  ports_.at(port)->Connect(wire, end);
}

std::uint64_t NetCard::unknown_accesses() const {
  std::uint64_t sum = 0;
  for (const auto& port : ports_) sum += port->unknown_accesses();
  return sum;
}

const Counters& NetCard::counts(unsigned port) const { return ports_.at(port)->counters(); }

std::vector<NamedCounter> NetCard::counters(unsigned port) const {
  const Counters& counts = ports_.at(port)->counters();
  return {{"sent", counts.sent},         {"sent while down", counts.sent_while_down},
          {"received", counts.received}, {"filtered", counts.filtered},
          {"bad", counts.bad},           {"no buffer", counts.no_buffer},
          {"too long", counts.too_long}};
}

std::string NetCard::Describe(unsigned region, std::uint32_t offset, unsigned bytes,
                              std::uint32_t value) const {
  if (region == NicFunction::kConfigSpace) {
    return pci::DescribeConfigAccess(ports_[0]->config_space(), offset, bytes, value);
  }
  return DescribeAccess(region, offset, bytes, value);
}

std::string_view NetCard::Provenance(unsigned region, std::uint32_t offset) const {
  if (region == NicFunction::kConfigSpace || region == kMsixBar) return "PCI Local Bus 3.0";
  if (region != kLegacyBar && region != kModernBar) return {};
  const Place place = Locate(region, offset, false);
  if (place.structure == Structure::kDevice) return "virtio 1.2, 5.1.4";
  const RegisterRow* const row = FindRegister(place);
  return row == nullptr ? std::string_view() : row->section;
}

}  // namespace ixylab::emulator::virtio_net
