#include "hil/target/target_spec.h"

#include <cstddef>
#include <optional>

namespace ixylab::hil {

namespace {

constexpr std::string_view kThreads = ",threads";
constexpr std::string_view kAsLegacy = ",as-legacy";
constexpr std::string_view kNeedsLink = ",needs-link";
constexpr std::string_view kUio = ",uio";
constexpr std::string_view kVfio = ",vfio";

constexpr auto kTargets = std::to_array<TargetInfo>({
    {"model:82599", "two ports of a modelled 82599 in this process: virtual time, reproducible"},
    {"model:82599,threads",
     "the same with the model on a thread of its own, against the wall clock"},
    {"model:virtio-net", "two modelled transitional virtio-net devices, used as modern ones"},
    {"model:virtio-net,legacy", "the same with the legacy (0.9.5) interface alone"},
    {"model:virtio-net,modern", "the same with the modern (1.x) interface alone"},
    {"model:virtio-net,packed", "modern alone, with packed rings"},
    {"model:virtio-net,as-legacy", "transitional devices, used as legacy ones"},
    {"model:virtio-net,threads", "transitional devices on a thread of their own"},
    {"model:virtio-net,packed,threads", "packed rings, on a thread of their own"},
    {"vm:virtio-net", "two transitional devices in a QEMU VM, used as modern ones"},
    {"vm:virtio-net,legacy", "the same with disable-modern=on"},
    {"vm:virtio-net,modern", "the same with disable-legacy=on"},
    {"vm:virtio-net,packed", "modern alone, with packed rings"},
    {"vm:virtio-net,as-legacy", "transitional devices, used as legacy ones"},
    {"vm:82599", "two ports of the modelled 82599 in a process of its own, in a QEMU VM"},
    {"vm:82599,uio", "the same through uio_pci_generic, with interrupts"},
    {"vm:82599,vfio", "the same through vfio-pci: behind an IOMMU, with messages (MSI-X)"},
    {"pci:ADDRESS,ADDRESS",
     "two ports of this machine, cabled to each other: pci:0000:03:00.0,..."},
    {"pci:ADDRESS,ADDRESS,uio", "the same through uio_pci_generic, with interrupts"},
    {"pci:ADDRESS,ADDRESS,vfio",
     "the same through vfio-pci: behind an IOMMU, with messages (MSI-X)"},
    {"lab:MACHINE", "two cabled ports of a machine of the lab file, over SSH; ,uio ,vfio as above"},
    {"lab:MACHINE/PORT", "this port of it, and the one that it is cabled to"},
    {"lab:any", "such ports of whichever node of a fleet is free: hil run --on=slurm"},
});

/// What stands after "virtio-net" in a name.
std::optional<VirtioKind> ParseVirtio(std::string_view options) {
  if (options.empty()) return VirtioKind::kTransitional;
  if (options == ",legacy") return VirtioKind::kLegacy;
  if (options == ",modern") return VirtioKind::kModern;
  if (options == ",packed") return VirtioKind::kPacked;
  if (options == kAsLegacy) return VirtioKind::kAsLegacy;
  return std::nullopt;
}

/// Takes `prefix` or `suffix` away from `text`, if it is there.
bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}
bool TakeSuffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

void TakeBus(std::string_view& text, TargetSpec& spec) {
  if (TakeSuffix(text, kUio)) spec.given_bus = PciBus::kUio;
  if (TakeSuffix(text, kVfio)) spec.given_bus = PciBus::kVfio;
  spec.bus = spec.given_bus.value_or(PciBus::kSysfs);
}

[[noreturn]] void Refuse(std::string_view name, const std::string& why) {
  throw TargetError("target \"" + std::string(name) + "\": " + why);
}

[[noreturn]] void RefuseUnknown(std::string_view name) {
  std::string names;
  for (const TargetInfo& target : kTargets) {
    names.append(names.empty() ? "" : " ").append(target.name);
  }
  throw TargetError("unknown target \"" + std::string(name) + "\"; there are: " + names);
}

TargetSpec ParsePci(std::string_view name, std::string_view rest) {
  TargetSpec spec{.name = std::string(name), .kind = TargetKind::kPci};
  spec.needs_link = TakeSuffix(rest, kNeedsLink);
  if (TakeSuffix(rest, kAsLegacy)) spec.virtio = VirtioKind::kAsLegacy;
  TakeBus(rest, spec);
  const std::size_t comma = rest.find(',');
  if (comma == rest.npos) Refuse(name, "two PCI addresses with a comma between them expected");
  spec.addresses = {std::string(rest.substr(0, comma)), std::string(rest.substr(comma + 1))};
  for (const std::string& address : spec.addresses) {
    if (IsPciAddress(address)) continue;
    Refuse(name, "\"" + address + "\" is not a PCI address such as 0000:03:00.0 (lspci -D)");
  }
  if (spec.addresses[0] == spec.addresses[1]) Refuse(name, "two different ports are needed");
  return spec;
}

TargetSpec ParseLab(std::string_view name, std::string_view rest) {
  TargetSpec spec{.name = std::string(name), .kind = TargetKind::kLab};
  TakeBus(rest, spec);
  const std::size_t slash = rest.find('/');
  spec.machine = rest.substr(0, slash);
  if (slash != rest.npos) spec.port = rest.substr(slash + 1);
  if (spec.machine.empty() || (slash != rest.npos && spec.port.empty())) {
    Refuse(name, "lab:MACHINE or lab:MACHINE/PORT expected (hil lab list shows them)");
  }
  return spec;
}

}  // namespace

std::span<const TargetInfo> Targets() { return kTargets; }

bool IsPciAddress(std::string_view text) {
  const std::size_t domain = text.find(':');
  if (domain == text.npos || domain < 4 || domain > 8 || text.size() != domain + 8) return false;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char separator = i == domain || i == domain + 3 ? ':' : i == domain + 6 ? '.' : 0;
    if (separator != 0 ? text[i] != separator : !is_hex(text[i])) return false;
  }
  return text[domain + 4] <= '1' && text.back() <= '7';
}

TargetSpec ParseTarget(std::string_view name) {
  std::string_view rest = name;
  if (TakePrefix(rest, "pci:")) return ParsePci(name, rest);
  if (TakePrefix(rest, "lab:")) return ParseLab(name, rest);

  TargetSpec spec{.name = std::string(name)};
  if (TakePrefix(rest, "vm:")) {
    spec.kind = TargetKind::kVm;
    TakeBus(rest, spec);
    if (rest == "82599") return spec;
    if (spec.given_bus) RefuseUnknown(name);
  } else if (TakePrefix(rest, "model:")) {
    spec.threads = TakeSuffix(rest, kThreads);
    if (rest == "82599") return spec;
  } else {
    RefuseUnknown(name);
  }
  if (!TakePrefix(rest, "virtio-net")) RefuseUnknown(name);
  const std::optional<VirtioKind> virtio = ParseVirtio(rest);
  if (!virtio) RefuseUnknown(name);
  spec.nic = Nic::kVirtioNet;
  spec.virtio = *virtio;
  return spec;
}

}  // namespace ixylab::hil
