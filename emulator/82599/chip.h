// The model of an Intel 82599: a chip with an EEPROM and one or two ports, each a PCI function.
#ifndef EMULATOR_82599_CHIP_H_
#define EMULATOR_82599_CHIP_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "emulator/card.h"
#include "emulator/host.h"
#include "emulator/register_table.h"
#include "emulator/wire/wire.h"

namespace ixylab::emulator::intel82599 {

/// What is plugged into a port's cage.
enum class SfpModule : std::uint8_t {
  kNone,
  kShortRange,          // Intel's, 10GBASE-SR
  kDualRateShortRange,  // Intel's, 10GBASE-SR and 1000BASE-SX
  kLongRange,           // Intel's, 10GBASE-LR
  kPassiveCopper,       // Intel's direct attach cable
  kOtherVendor,         // 10GBASE-SR
};

struct ChipConfig {
  unsigned ports = 2;                                             // 1 or 2
  std::array<std::uint8_t, 6> mac = {0x02, 0x1B, 0x21, 0, 0, 0};  // port 0; port 1 has the next one
  std::uint16_t device_id = 0x10FB;
  Nanoseconds link_up_time = std::chrono::milliseconds(5);  // signal to LINKS.UP
  std::array<SfpModule, 2> modules = {SfpModule::kShortRange, SfpModule::kShortRange};
  bool any_vendors_module = true;  // what the EEPROM says: others than Intel's will do
};

class Port;
struct SharedState;

/// The chip. Throws std::invalid_argument for a configuration that no chip has.
class Chip final : public Card {
 public:
  Chip(const ChipConfig& config, Host& host);
  ~Chip() override;

  NicFunction& function(unsigned port) override;
  void Connect(unsigned port, Wire& wire, unsigned end) override;
  std::uint64_t unknown_accesses() const override;
  /// Frames, and bytes with their CRC, since the chip was made:
  ///   sent, sent bytes          to the wire (HLREG0.LPBK: to itself), segments counted singly;
  ///                             without pause frames
  ///   received, received bytes  written to memory; bytes as QBRC counts them
  ///   bad                       wrong CRC or size (CRCERRS, RUC, RFC, ROC, RJC), stored or not
  ///   filtered                  good, and refused by an address or VLAN filter; or a pause or
  ///                             other MAC control frame that goes no further
  ///   receiver off              passed the filters, with RXCTRL.RXEN or bus mastering off
  ///   missed                    no room in the packet buffer (RXMPC)
  ///   dropped                   no descriptor, and DROP_EN; or the queue is off (QPRDC)
  /// What came from the wire is one of those (a bad frame that FCTRL.SBP stores is also one of the
  /// received, missed or dropped); or waits in the packet buffer, or did so when the port
  /// was reset; or was lost by a DMA fault of its ring.
  std::vector<NamedCounter> counters(unsigned port) const override;
  std::string Describe(unsigned region, std::uint32_t offset, unsigned bytes,
                       std::uint32_t value) const override;
  std::string_view Provenance(unsigned region, std::uint32_t offset) const override;

 private:
  std::unique_ptr<SharedState> shared_;
  std::vector<std::unique_ptr<Port>> ports_;
};

/// The row for the register at `offset` (any byte of it), or null.
const RegisterInfo* FindRegister(std::uint32_t offset);
/// All rows in order of their offsets.
std::vector<const RegisterInfo*> AllRegisters();

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_CHIP_H_
