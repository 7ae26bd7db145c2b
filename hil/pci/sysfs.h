// A PCI function as the kernel shows it under /sys, and giving it back to the kernel. All paths
// are below a root, so that tests can have a machine of their own.
#ifndef HIL_PCI_SYSFS_H_
#define HIL_PCI_SYSFS_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ixylab::hil {

/// The ports cannot be had, or not be given back; one line that says what to do.
class PciError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A network interface as it was.
struct InterfaceState {
  std::string name;
  bool up = false;
  std::string mtu;
};

/// What a run may change in a port, and the guard brings back.
struct PortState {
  std::string driver;                      // the kernel's, or nothing
  std::string driver_override;             // or nothing
  int enabled = 0;                         // how often somebody has enabled it
  std::uint16_t command = 0;               // of the configuration space
  std::vector<InterfaceState> interfaces;  // of that driver
};

class PciFunction {
 public:
  explicit PciFunction(std::string address, const std::filesystem::path& root = "/");

  const std::string& address() const { return address_; }
  const std::filesystem::path& directory() const { return directory_; }
  bool Exists() const;
  /// "8086:10fb"
  std::string Id() const;
  std::uint16_t vendor() const;
  std::uint16_t device() const;
  /// The kernel driver's name, or nothing.
  std::string Driver() const;
  /// The only driver that may have the function, or nothing.
  std::string DriverOverride() const;
  /// Names of the interfaces in this network namespace.
  std::vector<std::string> Interfaces() const;
  /// It has interfaces, in whatever network namespace.
  bool HasInterfaces() const { return !InterfaceDirectories().empty(); }
  /// The IOMMU group's number, if the port is in one.
  std::optional<std::string> IommuGroup() const;
  /// A process but this one that has the function's registers, or what VFIO or UIO make of them,
  /// open or mapped: "process 123 (dpdk)".
  std::optional<std::string> User() const;
  /// A file of the function's that stands for it where processes lock it against each other. Not
  /// the one that SysfsBus locks while it is open.
  std::filesystem::path LockFile() const { return directory_ / "vendor"; }
  /// A process but this one that has the lock file open.
  std::optional<std::string> LockHolder() const;

  PortState Read() const;
  /// Takes the interfaces down and the function from its kernel driver. Throws PciError.
  void Take() const;
  /// Makes it what `state` says: no DMA first, then the driver, then the interfaces, for which it
  /// waits `deadline`. Says what it could not bring back.
  std::vector<std::string> Restore(const PortState& state,
                                   std::chrono::milliseconds deadline) const;

 private:
  std::optional<std::string> Holder(const std::vector<std::string>& files) const;
  std::vector<std::filesystem::path> InterfaceDirectories() const;
  std::filesystem::path InterfaceFile(std::string_view interface, std::string_view file) const;
  std::vector<std::string> RestoreInterfaces(const std::vector<InterfaceState>& interfaces,
                                             std::chrono::milliseconds deadline) const;

  std::string address_;
  std::filesystem::path root_;
  std::filesystem::path directory_;
};

/// A small file without its line end; nothing if it cannot be read.
std::string ReadText(const std::filesystem::path& file);

}  // namespace ixylab::hil

#endif  // HIL_PCI_SYSFS_H_
