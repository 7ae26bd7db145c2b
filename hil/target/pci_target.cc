#include "hil/target/pci_target.h"

#include <cstdio>
#include <exception>
#include <utility>

#include "driver/pci/pci.h"
#include "driver/pci/uio.h"
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
            .threads = true,
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

std::unique_ptr<Bus> OpenBus(const TargetSpec& spec, unsigned port, DmaSpace& dma) {
  return spec.uio ? OpenUioBus(spec.addresses[port], dma) : OpenSysfsBus(spec.addresses[port], dma);
}

}  // namespace

PciTarget::PciTarget(const TargetSpec& spec, const std::string& control)
    : name_(spec.name),
      buses_{OpenBus(spec, 0, memory_), OpenBus(spec, 1, memory_)},
      nic_(NicOf(*buses_[0])),
      kind_(std::string(nic_ == Nic::k82599 ? "pci:82599" : "pci:virtio-net") +
            (control.empty() ? "" : ",control")),
      capabilities_(PciCapabilities(nic_, !control.empty(), spec)),
      log_([nic = nic_](const RegisterAccess& access) { return DecodeAccess(nic, access); }) {
  if (NicOf(*buses_[1]) != nic_) {
    throw TargetError("target \"" + name_ + "\": the ports are of different kinds");
  }
  for (unsigned port : {0u, 1u}) {
    logging_buses_[port] =
        std::make_unique<LoggingBus>(*buses_[port], port, log_, LoggingBus::Doorbells::kMapped);
  }
  if (!control.empty()) control_.emplace(control);
}

PciTarget::~PciTarget() {
  if (!pulled_) return;
  try {
    SetCable(true);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name_.c_str(), error.what());
  }
}

void PciTarget::SetCable(bool plugged) {
  if (!control_) throw TargetError("target \"" + name_ + "\": there is no --control");
  control_->SetCable(plugged);
  pulled_ = !plugged;
}

}  // namespace ixylab::hil
