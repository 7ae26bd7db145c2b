// MSI-X of a PCI function (PCI Local Bus 3.0, 6.8.2): the capability, and a BAR with the vector
// table and the pending bits. A message goes to the host by its vector's number; address and data
// are stored, for a host that wants to look.
#ifndef EMULATOR_PCI_MSIX_H_
#define EMULATOR_PCI_MSIX_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "emulator/pci/config_space.h"

namespace ixylab::emulator::pci {

/// Where a function has its MSI-X. The table is at offset 0 of the BAR.
struct MsixLayout {
  unsigned vectors = 1;  // 1 to 128
  unsigned bar = 0;
  BarKind kind = BarKind::kMemory32;
  std::uint32_t bar_bytes = 4096;      // all of the BAR
  std::uint32_t pending_bits = 0x800;  // offset in the BAR, behind the table; a multiple of 8
  std::uint32_t capability = 0;        // offset in the configuration space; 0: the next one free
};

class Msix {
 public:
  /// Adds the capability and its memory BAR to `config`, which must outlive this. `send` is called
  /// for each message.
  Msix(ConfigSpace& config, const MsixLayout& layout, std::function<void(unsigned)> send);

  unsigned vectors() const { return layout_.vectors; }
  /// MSI-X Enable: the function uses MSI-X and no INTx.
  bool enabled() const { return (Control() & kEnable) != 0; }

  /// Sends the message, now or once its vector is not masked any more (6.8.2.9).
  void Signal(unsigned vector);
  /// The device forgets a message that waits.
  void ClearPending(unsigned vector);

  /// The BAR: 4-byte accesses; others read 0 and write nothing.
  std::uint32_t Read(std::uint32_t offset, unsigned bytes) const;
  void Write(std::uint32_t offset, unsigned bytes, std::uint32_t value);
  /// To be called after a write to the configuration space: it may have unmasked the function.
  void SendPending();
  /// Table and pending bits as after power-on; the capability is the configuration space's.
  void Reset();

  /// "MSI-X vector 3 data 0x0038 = 0x00004041", for traces; "MSI-X" where nothing has a name.
  static std::string Describe(const MsixLayout& layout, std::uint32_t offset, unsigned bytes,
                              std::uint32_t value);

 private:
  static constexpr std::uint32_t kEnable = 1u << 15, kFunctionMask = 1u << 14;  // Message Control
  static constexpr std::uint32_t kMaskBit = 1u << 0;                            // Vector Control

  std::uint32_t Control() const { return config_.Read(capability_ + 2, 2); }
  bool Masked(unsigned vector) const {
    return (Control() & kFunctionMask) != 0 || (table_[4 * vector + 3] & kMaskBit) != 0;
  }

  ConfigSpace& config_;
  const MsixLayout layout_;
  const std::function<void(unsigned)> send_;
  std::uint32_t capability_;          // its offset
  std::vector<std::uint32_t> table_;  // address, upper address, data, control of each vector
  std::vector<bool> pending_;
};

}  // namespace ixylab::emulator::pci

#endif  // EMULATOR_PCI_MSIX_H_
