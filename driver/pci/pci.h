// PCI devices of this machine through sysfs, and memory that they reach at its physical address:
// both without an IOMMU, both for root alone.
#ifndef DRIVER_PCI_PCI_H_
#define DRIVER_PCI_PCI_H_

#include "driver/bus.h"

namespace ixylab {

/// Takes the device at `address` ("0000:03:00.0") from the kernel's driver; destroying the bus
/// gives it back as it was found. `dma` must outlive it. `sysfs` is another folder in tests. Throws
/// DeviceError: no such device, not permitted, in use by another program, behind an IOMMU.
std::unique_ptr<Bus> OpenSysfsBus(const std::string& address, DmaSpace& dma,
                                  const std::string& sysfs = "/sys");

/// Huge pages of 2 MiB, which the kernel neither swaps out nor moves. Each allocation takes whole
/// pages. `pagemap` is another file in tests.
class HugepageMemory final : public DmaSpace {
 public:
  explicit HugepageMemory(const std::string& pagemap = "/proc/self/pagemap") : pagemap_(pagemap) {}
  std::size_t page_size() const override { return std::size_t{2} << 20; }
  DmaMemory Allocate(std::size_t size) override;
  /// Of a byte that is in memory. Throws DeviceError without CAP_SYS_ADMIN.
  std::uint64_t PhysicalAddress(const void* byte) const;

 private:
  std::string pagemap_;
};

}  // namespace ixylab

#endif  // DRIVER_PCI_PCI_H_
