#include "hil/target/pci_target.h"

#include <cstdio>
#include <exception>
#include <utility>

#include "driver/pci/pci.h"
#include "driver/pci/uio.h"
#include "driver/pci/vfio.h"
#include "hil/target/decode.h"

namespace ixylab::hil {

namespace {

// The device may be that of a VM, which may be emulated on a busy machine.
constexpr std::chrono::milliseconds kQuiet{100};

constexpr std::uint16_t kVirtioVendor = 0x1AF4;  // virtio 1.2, 4.1.2

Nic NicOf(const Bus& bus) {
  return bus.id().vendor == kVirtioVendor ? Nic::kVirtioNet : Nic::k82599;
}

Capabilities PciCapabilities(Nic nic, bool can_unplug, const TargetSpec& spec) {
  if (nic == Nic::k82599) {
    return {.pads_short_frames = true,
            .can_unplug = can_unplug,
            .holds_frames = true,
            .counts_missed = true,
            .reports_speed = true,
            .has_rss = true,
            .toeplitz = true,
            .threads = true,
            .checksum_offload = true,
            .vlan_offload = true,
            .interrupts = spec.bus != PciBus::kSysfs,
            .max_frame_size = 15868,  // 15.5 KiB with the CRC (MAXFRS)
            .max_queues = 16,
            .quiet = kQuiet};
  }
  // What every virtio-net device has.
  return {.can_unplug = can_unplug,
          .needs_link = spec.needs_link,
          .threads = true,
          .virtio_legacy = spec.virtio == VirtioKind::kAsLegacy,
          .max_descriptors = 256,
          .soak_packets = 200'000,
          .quiet = kQuiet};
}

/// What the ports are, wherever they are: interrupts and faults depend on the bus.
std::string KindOf(Nic nic, const TargetSpec& spec, bool has_control) {
  std::string kind = nic == Nic::k82599 ? "pci:82599" : "pci:virtio-net";
  if (spec.bus == PciBus::kUio) kind += ",uio";
  if (spec.bus == PciBus::kVfio) kind += ",vfio";
  return kind + (has_control ? ",control" : "");
}

}  // namespace

PciTarget::PciTarget(const TargetSpec& spec, const std::string& control)
    : name_(spec.name),
      buses_{OpenBus(spec, 0), OpenBus(spec, 1)},
      nic_(NicOf(*buses_[0])),
      kind_(KindOf(nic_, spec, !control.empty())),
      capabilities_(PciCapabilities(nic_, !control.empty(), spec)),
      log_([nic = nic_](const RegisterAccess& access) { return DecodeAccess(nic, access); }) {
  if (NicOf(*buses_[1]) != nic_) {
    throw TargetError("target \"" + name_ + "\": the ports are of different kinds");
  }
  for (unsigned port : {0u, 1u}) {
    logging_buses_[port] =
        std::make_unique<LoggingBus>(*buses_[port], port, log_, LoggingBus::Doorbells::kMapped);
  }
  if (control.empty()) return;
  control_.emplace(control);
  // Without an IOMMU the device reaches all memory: then none of its accesses is refused.
  if (spec.bus != PciBus::kVfio) return;
  if (const std::optional<DmaFaults> faults = control_->Faults()) {
    faults_before_ = *faults;
    capabilities_.reports_faults = true;
  }
}

PciTarget::~PciTarget() {
  if (!pulled_) return;
  try {
    SetCable(true);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name_.c_str(), error.what());
  }
}

std::unique_ptr<Bus> PciTarget::OpenBus(const TargetSpec& spec, unsigned port) {
  const std::string& address = spec.addresses[port];
  switch (spec.bus) {
    case PciBus::kSysfs:
      return OpenSysfsBus(address, memory_);
    case PciBus::kUio:
      return OpenUioBus(address, memory_);
    case PciBus::kVfio:
      return OpenVfioBus(address, vfio_memory_);
  }
  return nullptr;
}

std::vector<std::string> PciTarget::dma_faults() {
  if (!capabilities_.reports_faults) return {};
  const DmaFaults now = control_->Faults().value_or(DmaFaults{});
  std::vector<std::string> faults;
  for (std::size_t i = faults_before_.first.size(); i < now.first.size(); ++i)
    faults.push_back(now.first[i]);
  const std::size_t unnamed = now.count - faults_before_.count - faults.size();
  if (unnamed > 0) faults.push_back(std::to_string(unnamed) + " faults more");
  return faults;
}

void PciTarget::SetCable(bool plugged) {
  if (!control_) throw TargetError("target \"" + name_ + "\": there is no --control");
  control_->SetCable(plugged);
  pulled_ = !plugged;
}

}  // namespace ixylab::hil
