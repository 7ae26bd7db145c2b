// A machine of files: PCI functions, their drivers and interfaces, as sysfs has them.
#ifndef TESTS_HIL_PCI_FAKE_MACHINE_H_
#define TESTS_HIL_PCI_FAKE_MACHINE_H_

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace ixylab::hil {

class FakeMachine {
 public:
  FakeMachine() {
    std::string name = std::filesystem::temp_directory_path() / "machine-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    root_ = std::filesystem::canonical(name);
    Write("proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\n");
    Write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "64\n");
  }
  ~FakeMachine() { std::filesystem::remove_all(root_); }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;

  const std::filesystem::path& root() const { return root_; }

  void Write(const std::filesystem::path& file, const std::string& text) const {
    std::filesystem::create_directories((root_ / file).parent_path());
    if (!(std::ofstream(root_ / file) << text))
      throw std::runtime_error("cannot write " + file.string());
  }
  std::string Read(const std::filesystem::path& file) const {
    std::ifstream stream(root_ / file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void Link(const std::filesystem::path& link, const std::filesystem::path& to) const {
    std::filesystem::create_directories((root_ / link).parent_path());
    std::filesystem::create_symlink(root_ / to, root_ / link);
  }

  static std::string Device(const std::string& address) {
    return "sys/devices/pci0000:00/" + address;
  }
  void AddPort(const std::string& address, const std::string& vendor,
               const std::string& device) const {
    const std::string directory = Device(address);
    Write(directory + "/vendor", vendor + "\n");
    Write(directory + "/device", device + "\n");
    Write(directory + "/enable", "1\n");
    Write(directory + "/driver_override", "(null)\n");
    Write(directory + "/config", std::string("\x86\x80\xfb\x10\x07\x04\x10\x00", 8));
    Link("sys/bus/pci/devices/" + address, directory);
  }
  void AddDriver(const std::string& address, const std::string& driver) const {
    Write("sys/bus/pci/drivers/" + driver + "/bind", "");
    Write("sys/bus/pci/drivers/" + driver + "/unbind", "");
    Link(Device(address) + "/driver", "sys/bus/pci/drivers/" + driver);
  }
  void AddInterface(const std::string& address, const std::string& name, bool up) const {
    const std::string directory = Device(address) + "/net/" + name;
    Write(directory + "/flags", up ? "0x1003\n" : "0x1002\n");
    Write(directory + "/mtu", "1500\n");
    Link("sys/class/net/" + name, directory);
  }

 private:
  std::filesystem::path root_;
};

}  // namespace ixylab::hil

#endif  // TESTS_HIL_PCI_FAKE_MACHINE_H_
