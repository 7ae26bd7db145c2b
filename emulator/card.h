// A network card as a host plugs it in: one or two ports, each a PCI function with a connector.
#ifndef EMULATOR_CARD_H_
#define EMULATOR_CARD_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/host.h"
#include "emulator/wire/wire.h"

namespace ixylab::emulator {

/// A count of what became of frames: "sent", "received", "missed", ...
struct NamedCounter {
  std::string_view name;
  std::uint64_t value = 0;
};

class Card {
 public:
  virtual ~Card() = default;

  /// Throws std::out_of_range.
  virtual NicFunction& function(unsigned port) = 0;
  /// Plugs the port into `end` of `wire`, which must outlive the card.
  virtual void Connect(unsigned port, Wire& wire, unsigned end) = 0;
  /// Accesses to registers that the model does not have.
  virtual std::uint64_t unknown_accesses() const = 0;
  /// What became of the frames of a port since it was made, whatever a driver reads or resets.
  virtual std::vector<NamedCounter> counters(unsigned port) const = 0;

  /// An access to any port in words: "SRRCTL[0] 0x01014 = 0x12000402 {BSIZEPACKET=2 ...}".
  virtual std::string Describe(unsigned region, std::uint32_t offset, unsigned bytes,
                               std::uint32_t value) const = 0;
  /// Who says that the register is there and does what it does: a section of the specification, a
  /// driver that relies on it, or "guessed". Empty for a register that the model does not have.
  virtual std::string_view Provenance(unsigned region, std::uint32_t offset) const = 0;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_CARD_H_
