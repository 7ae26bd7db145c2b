// The port as a PCI function: which regions answer, the I/O window, and writes to the configuration
// space that do more than store.
#include <array>
#include <string>

#include "emulator/82599/config_space.h"
#include "emulator/82599/port.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kPowerState = kPmCapability + 4, kPowerStateMask = 3, kD0 = 0, kD3Hot = 3;
constexpr std::uint32_t kDeviceControl = kPcieCapability + 8, kInitiateReset = 1u << 15;
constexpr std::uint32_t kVpdAddress = kVpdCapability + 2, kVpdData = kVpdCapability + 4,
                        kVpdFlag = 1u << 15;
constexpr std::uint8_t kVpdEndTag = 0x78;  // PCI Local Bus 3.0, appendix I
constexpr std::uint32_t kMsiControl = kMsiCapability + 2, kMsiMask = kMsiCapability + 16,
                        kMsiPending = kMsiCapability + 20, kMsiEnable = 1;

}  // namespace

std::uint32_t Port::RegionBytes(unsigned region) const {
  switch (region) {
    case kRegisterBar:
      return RegisterTable<Port>::kBarBytes;
    case kIoBar:
      return kIoBarBytes;
    case kMsixBar:
      return kMsixLayout.bar_bytes;
    case kConfigSpace:
      return pci::ConfigSpace::kBytes;
    default:
      return 0;
  }
}

/// All but BAR 0.
std::uint32_t Port::ReadOther(unsigned region, std::uint32_t offset, unsigned bytes) {
  if (region == kConfigSpace) return pci_.Read(offset, bytes);
  if (region == kMsixBar && memory_enabled_) return msix_.Read(offset, bytes);
  if (region == kIoBar && io_enabled_) {
    // "I/O-mapped access to internal registers": IOADDR chooses one, IODATA is that one.
    if (offset == 0 && bytes == 4) return io_address_;
    if (offset == 4) return ReadRegister(io_address_, bytes);
    CountUnknown(region, offset, bytes);
    return 0;
  }
  NobodyAnswers(region, offset, bytes);
  return bytes < 4 ? (1u << 8 * bytes) - 1 : 0xFFFFFFFF;  // nobody answers
}

void Port::WriteOther(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  if (region == kConfigSpace) return WriteConfigSpace(offset, bytes, value);
  if (region == kMsixBar && memory_enabled_) return msix_.Write(offset, bytes, value);
  if (region == kIoBar && io_enabled_ && offset == 0 && bytes == 4) {
    io_address_ = value;
    return;
  }
  if (region == kIoBar && io_enabled_ && offset == 4) {
    return WriteRegister(io_address_, bytes, value);
  }
  NobodyAnswers(region, offset, bytes);
}

/// An access to a BAR that is off is no unknown register: a driver that was not told of a function
/// reset (Linux's ixgbe, by /sys/.../reset) goes on meanwhile.
void Port::NobodyAnswers(unsigned region, std::uint32_t offset, unsigned bytes) {
  // A host that keeps the MSI-X table for its guest (vfio) writes to it whatever the guest has off.
  if (region == kMsixBar) return;
  const bool off = region == kRegisterBar || (region == kIoBar && !io_enabled_);
  if (!off) return CountUnknown(region, offset, bytes);
  LogOnce(kBarOff, region,
          [&] { return "BAR " + std::to_string(region) + " was accessed while it is off"; });
}

void Port::WriteConfigSpace(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  if (offset >= pci::ConfigSpace::kBytes) return;
  const auto touches = [&](std::uint32_t at) { return offset < at + 2 && at < offset + bytes; };
  const std::uint32_t old_state = pci_.Read(kPowerState, 1) & kPowerStateMask;
  pci_.Write(offset, bytes, value);

  // PCI Express 4.0, 6.6.2, and 5.3.1.4 without No_Soft_Reset.
  const std::uint32_t state = pci_.Read(kPowerState, 1) & kPowerStateMask;
  const bool wakes = old_state == kD3Hot && state == kD0;
  if (wakes || (pci_.Read(kDeviceControl, 2) & kInitiateReset) != 0) return ResetFunction();
  if (state != kD0 && state != kD3Hot) {  // not supported: the write is ignored
    pci_.Set(kPowerState, 1, (pci_.Read(kPowerState, 1) & ~kPowerStateMask) | old_state);
  }
  // PCI Local Bus 3.0, appendix I: the flag turns over once the data is there. This chip has none.
  if (touches(kVpdAddress)) {
    const std::uint32_t address = pci_.Read(kVpdAddress, 2);
    if ((address & kVpdFlag) == 0) pci_.Set(kVpdData, 4, address == 0 ? kVpdEndTag : 0);
    pci_.Set(kVpdAddress, 2, address ^ kVpdFlag);
  }
  UpdatePci();
}

/// What the command register, the power state and the interrupt capabilities mean to the rest.
void Port::UpdatePci() {
  const bool awake = (pci_.Read(kPowerState, 1) & kPowerStateMask) == kD0;
  memory_enabled_ = awake && pci_.Command(pci::kMemorySpace);
  io_enabled_ = awake && pci_.Command(pci::kIoSpace);
  bus_master_ = awake && pci_.Command(pci::kBusMaster);
  master_enabled_ = gio_enabled_ && bus_master_;
  const bool msi = (pci_.Read(kMsiControl, 2) & kMsiEnable) != 0;
  const Delivery delivery = msix_.enabled() ? Delivery::kMsix
                            : msi           ? Delivery::kMsi
                                            : Delivery::kIntx;
  if (delivery != delivery_) {
    delivery_ = delivery;
    vector_seen_ = other_seen_ = 0;  // what is set is news to the other kind
  }
  if (bus_master_) {
    msix_.SendPending();
    if ((pci_.Read(kMsiPending, 4) & ~pci_.Read(kMsiMask, 4)) != 0) {
      pci_.Set(kMsiPending, 4, 0);
      if (delivery_ == Delivery::kMsi) Sent(0);
    }
  }
  EvaluateInterrupts();
}

void Port::SignalMsi() {
  if (pci_.Read(kMsiMask, 4) != 0) {
    pci_.Set(kMsiPending, 4, 1);
  } else {
    Sent(0);
  }
}

/// Everything that is this function's own, and what of the chip's its driver holds: the driver is
/// gone.
void Port::ResetFunction() {
  pci_.Reset();
  msix_.Reset();
  io_address_ = 0;
  ReleaseSemaphores();
  Reset();
}

}  // namespace ixylab::emulator::intel82599
