// Interrupts (virtio 1.2, 4.1.4.5, 4.1.5.3, 4.1.5.4): MSI-X messages, or INTx with its ISR status.
#include "emulator/virtio_net/port.h"

namespace ixylab::emulator::virtio_net {
namespace {

constexpr std::uint8_t kQueueInterrupt = 1, kConfigInterrupt = 2;  // ISR status
constexpr std::uint8_t DRIVER_OK = 4;

}  // namespace

void Port::SignalUsed(Queue& queue) {
  if (msix_.enabled()) return msix_.Signal(queue.vector);  // kNoVector is none that there is
  isr_ |= kQueueInterrupt;
  UpdateIntx();
}

void Port::ConfigChanged() {
  config_unread_ = true;
  if ((status_ & DRIVER_OK) == 0) return;
  isr_ |= kConfigInterrupt;
  msix_.Signal(config_vector_);
  UpdateIntx();
}

/// 4.1.4.5.1: INTx is asserted by the ISR status, unless the driver uses MSI-X or disabled it.
void Port::UpdateIntx() {
  const bool pending = isr_ != 0 && !msix_.enabled();
  pci_.SetInterruptStatus(pending);
  host_.SetIntx(number_, pending && !pci_.Command(pci::kInterruptDisable));
}

std::uint32_t Port::ReadIsr() {
  const std::uint8_t isr = std::exchange(isr_, std::uint8_t{0});
  UpdateIntx();
  return isr;
}

void Port::WroteConfigVector(std::uint32_t value) {
  config_vector_ = value < msix_.vectors() ? static_cast<std::uint16_t>(value) : kNoVector;
}

}  // namespace ixylab::emulator::virtio_net
