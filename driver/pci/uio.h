// PCI devices of this machine through the kernel's uio_pci_generic: as through sysfs, and with
// interrupts.
#ifndef DRIVER_PCI_UIO_H_
#define DRIVER_PCI_UIO_H_

#include <string>

#include "driver/bus.h"

namespace ixylab {

/// Takes the device at `address` from the kernel's driver as OpenSysfsBus does, and binds it to
/// uio_pci_generic; destroying the bus gives it back as it was found. WaitForInterrupt has one
/// vector, 0: the device's INTx, from the first call on. It is a level: the caller takes the cause
/// away before it waits again. `dma` must outlive the bus. `sysfs` and `dev` are other folders in
/// tests. Throws DeviceError: what OpenSysfsBus does, the module is not loaded, the device has no
/// INTx or none that can be disabled (PCI 2.3).
std::unique_ptr<Bus> OpenUioBus(const std::string& address, DmaSpace& dma,
                                const std::string& sysfs = "/sys", const std::string& dev = "/dev");

}  // namespace ixylab

#endif  // DRIVER_PCI_UIO_H_
