// PCI devices of this machine through the kernel's vfio-pci, behind an IOMMU: they reach the memory
// that is meant for them and no other, and each of their interrupts is an event of its own.
#ifndef DRIVER_PCI_VFIO_H_
#define DRIVER_PCI_VFIO_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "driver/bus.h"

namespace ixylab {

/// What VFIO is asked through; other things in tests.
struct VfioKernel {
  std::string sysfs = "/sys";
  std::string dev = "/dev";
  /// ioctl(2).
  std::function<int(int file, unsigned long request, void* argument)> control;
  /// Shared memory of `bytes`, whole huge pages of 2 MiB; null if there are none.
  std::function<void*(std::size_t bytes)> huge_pages;

  /// The kernel that runs.
  VfioKernel();
};

class VfioContainer;

/// Huge pages of 2 MiB at device addresses that VFIO's IOMMU (type 1) translates: of our choice,
/// from 4 GiB up where the IOMMU lets us, and not used again soon. All devices of one VfioMemory
/// reach all of it. The first device may be opened before or after the first allocation. Memory and
/// buses may outlive this object. Allocations are safe between threads; devices are opened and
/// closed by one at a time.
class VfioMemory final : public DmaSpace {
 public:
  explicit VfioMemory(VfioKernel kernel = {});
  std::size_t page_size() const override { return std::size_t{2} << 20; }
  /// Throws DeviceError: no huge pages, more than this process may lock (RLIMIT_MEMLOCK; nothing
  /// is locked before a device is open), no device addresses left.
  DmaMemory Allocate(std::size_t size) override;

  const std::shared_ptr<VfioContainer>& container() const { return container_; }

 private:
  std::shared_ptr<VfioContainer> container_;
};

/// Takes the device at `address` ("0000:03:00.0") from the kernel's driver, binds it to vfio-pci
/// and resets it; destroying the bus resets it and gives it back as it was found. One that
/// vfio-pci has already stays with it, and takes no root, but the right to open /dev/vfio/GROUP.
/// EnableInterrupts gives MSI-X, or INTx where the device has none. Throws DeviceError: no such
/// device, module not loaded, no IOMMU, another device of its IOMMU group is the kernel's, not
/// permitted, in use by another program.
std::unique_ptr<Bus> OpenVfioBus(const std::string& address, VfioMemory& memory);

}  // namespace ixylab

#endif  // DRIVER_PCI_VFIO_H_
