#include "driver/pci/uio.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "driver/pci/binding.h"
#include "driver/pci/pci.h"

namespace ixylab {
namespace {

namespace fs = std::filesystem;

// Configuration space (PCI Local Bus Specification 3.0, section 6.2): offsets, and bits.
constexpr std::uint32_t kCommand = 0x04, kInterruptPin = 0x3D;
constexpr std::uint32_t kCommandIntxDisable = 1 << 10;

/// Registers and DMA are those of the sysfs bus: uio_pci_generic maps no BAR of its own.
class UioBus final : public Bus {
 public:
  UioBus(const std::string& address, const std::string& sysfs, fs::path dev)
      : dev_(std::move(dev)), binding_(address, "uio_pci_generic", sysfs) {}

  // The destructors of the members undo as much of this as was done.
  void Take(DmaSpace& dma, const std::string& sysfs) {
    bus_ = OpenSysfsBus(binding_.address(), dma, sysfs);
    if (bus_->Read(kConfigSpace, kInterruptPin, 1) == 0) binding_.Fail("the device has no INTx");
    binding_.Bind();
    const fs::path node = Node();
    file_ = File(open(node.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file_.get() < 0) binding_.FailSystem(node);
  }

  PciId id() const override { return bus_->id(); }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override {
    return bus_->Read(region, offset, bytes);
  }
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
    bus_->Write(region, offset, bytes, value);
  }
  void* MapRegister(unsigned region, std::uint32_t offset) override {
    return bus_->MapRegister(region, offset);
  }
  DmaSpace& dma() override { return bus_->dma(); }
  Nanoseconds Now() override { return bus_->Now(); }
  void Sleep(Nanoseconds duration) override { bus_->Sleep(duration); }

  // The first wait lets INTx through.
  Interrupts EnableInterrupts(std::uint32_t) override { return Interrupts::kLevel; }
  // Linux, drivers/uio/uio_pci_generic.c: its handler disables INTx in the command register, so
  // that a level that nobody takes away does not come for ever; reads wait for the next interrupt.
  bool WaitForInterrupt(std::uint32_t vector, Nanoseconds timeout) override {
    if (vector != 0)
      binding_.Fail("there is one interrupt, vector 0, not " + std::to_string(vector));
    const std::uint32_t command = Read(kConfigSpace, kCommand, 2);
    if ((command & kCommandIntxDisable) != 0)
      Write(kConfigSpace, kCommand, 2, command & ~kCommandIntxDisable);
    if (!WaitForFile(file_.get(), timeout)) return false;
    std::uint32_t count = 0;  // of all interrupts so far
    if (read(file_.get(), &count, sizeof count) != sizeof count)
      binding_.FailSystem("no interrupts");
    return true;
  }

 private:
  // The device's file, /dev/uioN.
  fs::path Node() const {
    const fs::path folder = binding_.device() / "uio";
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, none))
      return dev_ / entry.path().filename();
    binding_.Fail("it shows no device under " + folder.string());
  }

  const fs::path dev_;
  // In this order, and given back in the other one.
  std::unique_ptr<Bus> bus_;
  ModuleBinding binding_;
  File file_;  // when it is closed, uio_pci_generic ends bus mastering
};

}  // namespace

std::unique_ptr<Bus> OpenUioBus(const std::string& address, DmaSpace& dma, const std::string& sysfs,
                                const std::string& dev) {
  auto bus = std::make_unique<UioBus>(address, sysfs, dev);
  bus->Take(dma, sysfs);
  return bus;
}

}  // namespace ixylab
