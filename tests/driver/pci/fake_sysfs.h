// A folder with the files that sysfs has for a PCI device: BAR 0 is memory, BAR 2 I/O ports. The
// module uio_pci_generic is loaded.
#ifndef TESTS_DRIVER_PCI_FAKE_SYSFS_H_
#define TESTS_DRIVER_PCI_FAKE_SYSFS_H_

#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace ixylab {

class FakeSysfs {
 public:
  static constexpr char kAddress[] = "0000:03:00.0";
  static constexpr std::size_t kBar0Size = 8192;

  FakeSysfs() {
    std::string folder = std::filesystem::temp_directory_path() / "sysfs.XXXXXX";
    root_ = mkdtemp(folder.data());
    std::filesystem::create_directories(device());
    std::filesystem::create_directories(driver());
    std::filesystem::create_directory_symlink(driver(), device() / "driver");
    std::string config(256, '\0');
    config.replace(0, 6, std::string_view("\x86\x80\xFB\x10\x03\x01", 6));  // ids, command
    config[0x18] = 1;                                                       // BAR 2: I/O
    config[0x3D] = 1;                                                       // INTA#
    Put(device() / "config", config);
    Put(device() / "enable", "");
    Put(device() / "resource0", std::string(kBar0Size, '\0'));
    Put(device() / "resource2", std::string(32, '\0'));
    Put(device() / "driver_override", "(null)\n");
    for (const std::filesystem::path& folder : {driver(), uio()}) {
      std::filesystem::create_directories(folder);
      Put(folder / "unbind", "");
      Put(folder / "bind", "");
    }
  }
  ~FakeSysfs() { std::filesystem::remove_all(root_); }
  FakeSysfs(const FakeSysfs&) = delete;

  std::string root() const { return root_; }
  std::filesystem::path device() const { return root_ / "bus/pci/devices" / kAddress; }
  std::filesystem::path driver() const { return root_ / "bus/pci/drivers/ixgbe"; }
  std::filesystem::path uio() const { return root_ / "bus/pci/drivers/uio_pci_generic"; }

  static void Put(const std::filesystem::path& file, std::string_view text) {
    std::ofstream(file, std::ios::binary) << text;
  }
  static std::string Get(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::uint16_t Command() const {
    const std::string config = Get(device() / "config");
    return static_cast<std::uint16_t>(static_cast<unsigned char>(config[4]) |
                                      static_cast<unsigned char>(config[5]) << 8);
  }

 private:
  std::filesystem::path root_;
};

}  // namespace ixylab

#endif  // TESTS_DRIVER_PCI_FAKE_SYSFS_H_
