// Two PCI functions of this machine as a target, through sysfs, uio_pci_generic or vfio-pci.
#ifndef HIL_TARGET_PCI_TARGET_H_
#define HIL_TARGET_PCI_TARGET_H_

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "driver/pci/pci.h"
#include "driver/pci/vfio.h"
#include "hil/target/cable_control.h"
#include "hil/target/logging_bus.h"
#include "hil/target/target.h"

namespace ixylab::hil {

class PciTarget final : public Target {
 public:
  /// Takes the ports from the kernel, which gets them back in the end. `control`: the path of a
  /// channel for CableControl, or nothing. Throws TargetError or DeviceError.
  PciTarget(const TargetSpec& spec, const std::string& control);
  /// Plugs the cable in again if it is pulled.
  ~PciTarget() override;

  std::string_view name() const override { return name_; }
  /// "pci:82599", "pci:virtio-net,control": what it is, wherever it is.
  std::string_view kind() const override { return kind_; }
  const Capabilities& capabilities() const override { return capabilities_; }
  Bus& bus(unsigned port) override { return *logging_buses_.at(port); }
  void SetCable(bool plugged) override;
  std::vector<std::string> dma_faults() override;
  std::vector<std::string> last_accesses() override { return log_.Lines(); }
  void SetTrace(TraceSink sink) override { log_.SetSink(std::move(sink)); }

 private:
  std::unique_ptr<Bus> OpenBus(const TargetSpec& spec, unsigned port);

  const std::string name_;
  // In the order of their lives.
  HugepageMemory memory_;
  VfioMemory vfio_memory_;  // in place of the other, through vfio-pci
  std::array<std::unique_ptr<Bus>, 2> buses_;
  Nic nic_;
  std::string kind_;
  Capabilities capabilities_;
  AccessLog log_;
  std::array<std::unique_ptr<LoggingBus>, 2> logging_buses_;
  std::optional<CableControl> control_;
  DmaFaults faults_before_;
  bool pulled_ = false;
};

}  // namespace ixylab::hil

#endif  // HIL_TARGET_PCI_TARGET_H_
