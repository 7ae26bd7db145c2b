// A network card as a host plugs it in: one or two ports, each a PCI function with a connector.
#ifndef EMULATOR_CARD_H_
#define EMULATOR_CARD_H_

#include <cstdint>

#include "emulator/host.h"
#include "emulator/wire/wire.h"

namespace ixylab::emulator {

class Card {
 public:
  virtual ~Card() = default;

  /// Throws std::out_of_range.
  virtual NicFunction& function(unsigned port) = 0;
  /// Plugs the port into `end` of `wire`, which must outlive the card.
  virtual void Connect(unsigned port, Wire& wire, unsigned end) = 0;
  /// Accesses to registers that the model does not have.
  virtual std::uint64_t unknown_accesses() const = 0;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_CARD_H_
