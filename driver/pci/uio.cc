#include "driver/pci/uio.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "driver/pci/pci.h"

namespace ixylab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModule = "uio_pci_generic";

// Configuration space (PCI Local Bus Specification 3.0, section 6.2): offsets, and bits.
constexpr std::uint32_t kCommand = 0x04, kInterruptPin = 0x3D;
constexpr std::uint32_t kCommandIntxDisable = 1 << 10;

/// Registers and DMA are those of the sysfs bus: uio_pci_generic maps no BAR of its own.
class UioBus final : public Bus {
 public:
  UioBus(std::string address, const std::string& sysfs, fs::path dev)
      : address_(std::move(address)),
        device_(sysfs + "/bus/pci/devices/" + address_),
        driver_(fs::path(sysfs) / "bus/pci/drivers" / kModule),
        dev_(std::move(dev)) {}

  // The destructor undoes as much of this as was done.
  void Take(DmaSpace& dma, const std::string& sysfs) {
    if (!fs::exists(driver_)) Fail("the module is not loaded: modprobe uio_pci_generic");
    bus_ = OpenSysfsBus(address_, dma, sysfs);
    if (bus_->Read(kConfigSpace, kInterruptPin, 1) == 0) Fail("the device has no INTx");
    // By the device alone, not by its id, which others may have too. "(null)" stands for nothing.
    std::getline(std::ifstream(device_ / "driver_override"), override_);
    if (override_ == "(null)") override_.clear();
    overridden_ = true;
    Put(device_ / "driver_override", std::string(kModule));
    Put(driver_ / "bind", address_);
    bound_ = true;
    const fs::path node = Node();
    file_ = open(node.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file_ < 0) FailSystem(node);
  }

  ~UioBus() override {
    try {
      if (file_ >= 0) close(file_);  // uio_pci_generic ends bus mastering
      if (bound_) Put(driver_ / "unbind", address_);
      if (overridden_) Put(device_ / "driver_override", override_ + "\n");
    } catch (const DeviceError&) {
      // The device is gone, and there is nobody to tell from a destructor.
    }
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
    if (vector != 0) Fail("there is one interrupt, vector 0, not " + std::to_string(vector));
    const std::uint32_t command = Read(kConfigSpace, kCommand, 2);
    if ((command & kCommandIntxDisable) != 0)
      Write(kConfigSpace, kCommand, 2, command & ~kCommandIntxDisable);
    const Nanoseconds end = Now() + timeout;
    pollfd event{.fd = file_, .events = POLLIN, .revents = 0};
    for (int ready = 0; ready <= 0;) {
      const Nanoseconds left = std::max(end - Now(), Nanoseconds(0));
      const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
      const timespec wait{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
      ready = ppoll(&event, 1, &wait, nullptr);
      if (ready == 0) return false;
      if (ready < 0 && errno != EINTR) FailSystem("poll");
    }
    std::uint32_t count = 0;  // of all interrupts so far
    if (read(file_, &count, sizeof count) != sizeof count) FailSystem("no interrupts");
    return true;
  }

 private:
  // The device's file, /dev/uioN.
  fs::path Node() const {
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(device_ / "uio", none))
      return dev_ / entry.path().filename();
    Fail("it shows no device under " + (device_ / "uio").string());
  }
  // Writes to a switch of the kernel's.
  void Put(const fs::path& file, const std::string& text) const {
    if (!(std::ofstream(file) << text << std::flush)) FailSystem(file);
  }
  [[noreturn]] void Fail(const std::string& what) const {
    throw DeviceError(address_ + ": uio_pci_generic: " + what);
  }
  [[noreturn]] void FailSystem(const std::string& what) const {
    Fail(what + ": " + std::error_code(errno, std::generic_category()).message());
  }

  const std::string address_;
  const fs::path device_;
  const fs::path driver_;
  const fs::path dev_;
  std::unique_ptr<Bus> bus_;  // ends after what the destructor does
  std::string override_;      // the device's driver_override before; empty: none
  bool overridden_ = false;
  bool bound_ = false;
  int file_ = -1;
};

}  // namespace

std::unique_ptr<Bus> OpenUioBus(const std::string& address, DmaSpace& dma, const std::string& sysfs,
                                const std::string& dev) {
  auto bus = std::make_unique<UioBus>(address, sysfs, dev);
  bus->Take(dma, sysfs);
  return bus;
}

}  // namespace ixylab
