#include "driver/pci/binding.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace ixylab {

namespace fs = std::filesystem;

File::~File() {
  if (file_ >= 0) close(file_);
}

ModuleBinding::ModuleBinding(std::string address, std::string module, const std::string& sysfs)
    : address_(std::move(address)),
      module_(std::move(module)),
      device_(sysfs + "/bus/pci/devices/" + address_),
      module_folder_(sysfs + "/bus/pci/drivers/" + module_) {
  if (!fs::exists(module_folder_)) Fail("the module is not loaded: modprobe " + module_);
}

void ModuleBinding::Bind() {
  std::error_code none;
  const fs::path driver = fs::canonical(device_ / "driver", none);
  if (driver.filename() == module_) return;
  if (!none) Put(driver / "unbind", address_);
  driver_ = driver;
  // "(null)" stands for nothing.
  std::getline(std::ifstream(device_ / "driver_override"), override_);
  if (override_ == "(null)") override_.clear();
  overridden_ = true;
  Put(device_ / "driver_override", module_);
  Put(module_folder_ / "bind", address_);
  bound_ = true;
}

ModuleBinding::~ModuleBinding() {
  try {
    if (bound_) Put(module_folder_ / "unbind", address_);
    if (overridden_) Put(device_ / "driver_override", override_ + "\n");
    if (!driver_.empty()) Put(driver_ / "bind", address_);
  } catch (const DeviceError&) {
    // The device is gone, and there is nobody to tell from a destructor.
  }
}

void ModuleBinding::Fail(const std::string& what) const {
  throw DeviceError(address_ + ": " + module_ + ": " + what);
}

void ModuleBinding::FailSystem(const std::string& what) const {
  Fail(what + ": " + std::error_code(errno, std::generic_category()).message());
}

void ModuleBinding::Put(const fs::path& file, const std::string& text) const {
  if (!(std::ofstream(file) << text << std::flush)) FailSystem(file);
}

bool WaitForFile(int file, Nanoseconds timeout) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + timeout;
  pollfd event{.fd = file, .events = POLLIN, .revents = 0};
  for (;;) {
    const Nanoseconds left = std::max<Nanoseconds>(end - Clock::now(), Nanoseconds(0));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec wait{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    const int ready = ppoll(&event, 1, &wait, nullptr);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR)
      throw DeviceError("poll: " + std::error_code(errno, std::generic_category()).message());
  }
}

}  // namespace ixylab
