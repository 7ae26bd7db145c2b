// What a target's name says: "model:virtio-net,packed", "vm:virtio-net", "pci:0000:03:00.0,...",
// "lab:MACHINE".
#ifndef HIL_TARGET_TARGET_SPEC_H_
#define HIL_TARGET_TARGET_SPEC_H_

#include <array>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ixylab::hil {

/// The target's name is wrong or it cannot be had; one line that says what to do.
class TargetError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class TargetKind {
  kModel,  // a software model in this process
  kVm,     // the devices of a QEMU VM, tested by a suite that runs inside it
  kPci,    // two PCI functions of this machine
  kLab,    // two cabled ports of a machine of the lab file, over SSH
};

enum class Nic { k82599, kVirtioNet };

/// How the virtio device is made, and by which of its interfaces it is used.
enum class VirtioKind {
  kTransitional,  // used by its modern interface
  kLegacy,        // has the legacy (0.9.5) interface alone
  kModern,        // has the modern (1.x) interface alone
  kPacked,        // modern alone, with packed rings
  kAsLegacy,      // transitional, used by its legacy interface
};

/// By what a PCI function is reached (driver/pci).
enum class PciBus {
  kSysfs,  // sysfs alone
  kUio,    // uio_pci_generic
  kVfio,   // vfio-pci and an IOMMU
};

struct TargetSpec {
  std::string name;  // as given
  TargetKind kind = TargetKind::kModel;
  Nic nic = Nic::k82599;  // of a model or VM
  VirtioKind virtio =
      VirtioKind::kTransitional;  // of a virtio-net model or VM, or kAsLegacy of PCI
  bool threads = false;           // of a model: on a thread of its own
  /// Of PCI: a frame sent while the link is down breaks the device until its next reset.
  bool needs_link = false;
  std::optional<PciBus> given_bus{};       // of PCI, in a VM or in the lab, if the name says so
  PciBus bus = PciBus::kSysfs;             // that, or sysfs
  std::array<std::string, 2> addresses{};  // of PCI functions: "0000:03:00.0"
  std::string machine{};                   // of the lab
  /// Of that machine: the first port of the target, whose partner is the second. Empty: any two
  /// that are cabled to each other and free.
  std::string port{};
};

/// Throws TargetError: one line with what is wrong and what there is.
TargetSpec ParseTarget(std::string_view name);

/// "0000:03:00.0": domain (4 digits or more), bus, device (0..1f) and function (0..7), as the
/// kernel writes them, in lower case.
bool IsPciAddress(std::string_view text);

/// A name that ParseTarget takes.
struct TargetInfo {
  std::string_view name;
  std::string_view description;
};

/// All targets; the first is the default. "pci:ADDRESS,ADDRESS" stands for any two addresses,
/// "lab:MACHINE" for any machine of the lab file.
std::span<const TargetInfo> Targets();

}  // namespace ixylab::hil

#endif  // HIL_TARGET_TARGET_SPEC_H_
