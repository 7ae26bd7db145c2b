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

const Counters& NetCard::counters(unsigned port) const { return ports_.at(port)->counters(); }

}  // namespace ixylab::emulator::virtio_net
