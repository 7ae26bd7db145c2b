// How the interrupts of a function reach a client: by eventfds.
#ifndef EMULATOR_HOST_VFIO_USER_INTERRUPTS_H_
#define EMULATOR_HOST_VFIO_USER_INTERRUPTS_H_

#include <linux/vfio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emulator/host.h"
#include "emulator/host/file_descriptor.h"
#include "emulator/host/vfio_user/protocol.h"

namespace ixylab::emulator::vfio_user {

/// INTx, MSI, MSI-X, ERR and REQ of one function (VFIO_PCI_*_IRQ_INDEX).
///
/// A driver in a guest never reaches the MSI-X table: QEMU keeps one of its own, and asks for an
/// eventfd for each vector that it needs. As Linux' vfio-pci does with a real card, this fills in
/// and unmasks the function's own entry then, and masks it again when the eventfd goes.
class Interrupts {
 public:
  /// Reads the function's capabilities.
  explicit Interrupts(NicFunction& function);

  /// Number of interrupts of a type; 0 where there are none, or no such type.
  std::uint32_t count(std::uint32_t index) const;
  /// VFIO_IRQ_INFO_* of a type.
  static std::uint32_t Flags(std::uint32_t index);

  /// VFIO_USER_DEVICE_SET_IRQS. `booleans`: what follows the request. EINVAL for what is not in
  /// order, ENOTSUP for what no type here can do.
  int Set(const IrqSet& request, std::span<const std::byte> booleans,
          std::vector<FileDescriptor> events);

  /// The function's side.
  void SetIntx(bool asserted);
  void Raise(unsigned vector);

  /// To be called after what may have reset the function, which masks its MSI-X table.
  void Restore();
  /// The client has gone, and its eventfds.
  void Clear();

 private:
  struct Event {
    FileDescriptor descriptor;
    bool blocking = false;  // a write may block
  };
  static int MakeEvent(FileDescriptor descriptor, Event& event);
  static void Signal(const Event& event);

  int SetEvents(const IrqSet& request, std::vector<FileDescriptor> descriptors);
  void Act(std::uint32_t action, std::uint32_t index, std::uint32_t interrupt);
  void DisableAll(std::uint32_t index);
  void UpdateIntx();
  std::uint32_t EntryOffset(std::uint32_t vector) const;
  void Unmask(std::uint32_t vector);
  void Mask(std::uint32_t vector);

  NicFunction& function_;
  std::array<std::vector<Event>, VFIO_PCI_NUM_IRQS> events_;
  bool intx_asserted_ = false;
  bool intx_masked_ = false;
  unsigned table_region_ = 0;  // where the MSI-X table is
  std::uint32_t table_offset_ = 0;
};

}  // namespace ixylab::emulator::vfio_user

#endif  // EMULATOR_HOST_VFIO_USER_INTERRUPTS_H_
