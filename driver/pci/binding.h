// What the buses through a module of the kernel have in common (uio_pci_generic, vfio-pci).
#ifndef DRIVER_PCI_BINDING_H_
#define DRIVER_PCI_BINDING_H_

#include <filesystem>
#include <string>
#include <utility>

#include "driver/bus.h"

namespace ixylab {

/// An open file, or none (-1).
class File {
 public:
  explicit File(int file = -1) : file_(file) {}
  File(File&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~File();
  int get() const { return file_; }

 private:
  int file_;
};

/// A PCI device of this machine that a module of the kernel is to have. It is bound by its
/// driver_override: the device alone, not all with its id. Errors are DeviceErrors that begin with
/// its address and the module's name.
class ModuleBinding {
 public:
  /// Throws if the module is not loaded. `sysfs`: "/sys".
  ModuleBinding(std::string address, std::string module, const std::string& sysfs);
  /// Gives the device back to the driver that had it, if any, with its driver_override.
  ~ModuleBinding();
  ModuleBinding(const ModuleBinding&) = delete;
  ModuleBinding& operator=(const ModuleBinding&) = delete;

  /// Takes the device from its driver. Nothing is done, now or in the end, if that is the module.
  void Bind();

  const std::string& address() const { return address_; }
  /// Its folder in sysfs.
  const std::filesystem::path& device() const { return device_; }

  [[noreturn]] void Fail(const std::string& what) const;
  /// With what errno says.
  [[noreturn]] void FailSystem(const std::string& what) const;

 private:
  /// Writes to a switch of the kernel's.
  void Put(const std::filesystem::path& file, const std::string& text) const;

  const std::string address_;
  const std::string module_;
  const std::filesystem::path device_;
  const std::filesystem::path module_folder_;
  std::filesystem::path driver_;  // of the driver that had the device; else empty
  std::string override_;          // the device's driver_override before; empty: none
  bool overridden_ = false;
  bool bound_ = false;
};

/// Waits until `file` can be read, at most `timeout`; false if it cannot.
bool WaitForFile(int file, Nanoseconds timeout);

}  // namespace ixylab

#endif  // DRIVER_PCI_BINDING_H_
