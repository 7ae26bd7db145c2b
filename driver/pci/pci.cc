#include "driver/pci/pci.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace ixylab {
namespace {

// Configuration space (PCI Local Bus Specification 3.0, section 6.2): offsets, and bits.
constexpr std::uint32_t kVendorId = 0x00, kDeviceId = 0x02, kCommand = 0x04, kBars = 0x10;
constexpr std::uint32_t kCommandIo = 1, kCommandMemory = 2, kCommandMaster = 4, kBarIsIo = 1;

/// A mapped file or huge pages. Shared: a fork must not move a page that a device writes to.
struct Mapping final : DmaMemory::Owner {
  Mapping(std::size_t size, int flags, int file)
      : size(size),
        start(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, file, 0)) {}
  ~Mapping() override { munmap(start, size); }
  std::byte* bytes() const { return static_cast<std::byte*>(start); }

  const std::size_t size;
  void* const start;  // MAP_FAILED if it could not be mapped
};

/// Calls `use` with the register of `bytes` at `at`, to be loaded or stored in one access.
template <typename Use>
void WithRegister(std::byte* at, unsigned bytes, Use use) {
  if (bytes == 1) use(std::atomic_ref(*reinterpret_cast<std::uint8_t*>(at)));
  if (bytes == 2) use(std::atomic_ref(*reinterpret_cast<std::uint16_t*>(at)));
  if (bytes == 4) use(std::atomic_ref(*reinterpret_cast<std::uint32_t*>(at)));
}

class SysfsBus final : public Bus {
 public:
  SysfsBus(const std::string& address, DmaSpace& dma, const std::string& sysfs)
      : address_(address), device_(sysfs + "/bus/pci/devices/" + address), dma_(dma) {}

  // The destructor undoes as much of this as was done.
  void Take() {
    if (!std::filesystem::exists(device_ / "config"))
      Fail("no such PCI device (an address looks like 0000:03:00.0)");
    id_ = {static_cast<std::uint16_t>(Read(kConfigSpace, kVendorId, 2)),
           static_cast<std::uint16_t>(Read(kConfigSpace, kDeviceId, 2))};
    if (flock(regions_[kConfigSpace].file, LOCK_EX | LOCK_NB) != 0)
      Fail("busy: another program has it");
    std::string iommu;
    std::ifstream(device_ / "iommu_group/type") >> iommu;
    if (!iommu.empty() && iommu != "identity")
      Fail("its IOMMU (" + iommu + ") takes no physical addresses: boot with iommu=pt");

    std::error_code unbound;
    const auto driver = std::filesystem::canonical(device_ / "driver", unbound);
    if (driver.filename() == "vfio-pci") Fail("busy: vfio-pci has it for another program");
    if (!unbound) Put(driver / "unbind", address_);
    driver_ = driver;
    command_ = Read(kConfigSpace, kCommand, 2);
    Put(device_ / "enable", "1");
    enabled_ = true;
    Write(kConfigSpace, kCommand, 2, command_ | kCommandIo | kCommandMemory | kCommandMaster);
  }

  ~SysfsBus() override {
    try {
      if (enabled_) {
        Write(kConfigSpace, kCommand, 2, command_ & ~kCommandMaster);
        Put(device_ / "enable", "0");
      }
      if (!driver_.empty()) Put(driver_ / "bind", address_);
    } catch (const DeviceError&) {
      // The device is gone, and there is nobody to tell from a destructor.
    }
  }

  PciId id() const override { return id_; }

  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override {
    std::uint32_t value = 0;
    if (std::byte* const at = At(region, offset, bytes)) {
      WithRegister(at, bytes, [&](auto r) { value = r.load(std::memory_order_acquire); });
    } else if (pread(regions_[region].file, &value, bytes, offset) != bytes) {
      FailSystem("read");
    }
    return value;
  }
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
    if (std::byte* const at = At(region, offset, bytes)) {
      WithRegister(at, bytes, [&](auto r) { r.store(value, std::memory_order_release); });
    } else if (pwrite(regions_[region].file, &value, bytes, offset) != bytes) {
      FailSystem("write");
    }
  }
  void* MapRegister(unsigned region, std::uint32_t offset) override {
    return At(region, offset, 1);
  }

  DmaSpace& dma() override { return dma_; }
  Interrupts EnableInterrupts(std::uint32_t) override { return Interrupts::kNone; }
  bool WaitForInterrupt(std::uint32_t, Nanoseconds) override { Fail("sysfs has no interrupts"); }
  Nanoseconds Now() override { return std::chrono::steady_clock::now().time_since_epoch(); }
  void Sleep(Nanoseconds duration) override {
    const Nanoseconds end = Now() + duration;
    // The kernel takes 50 us longer, and some more.
    if (duration > std::chrono::microseconds(100)) std::this_thread::sleep_for(duration);
    while (Now() < end) continue;
  }

 private:
  struct Region {
    ~Region() { close(file); }
    int file = -1;
    std::size_t size = 0;
    std::unique_ptr<Mapping> memory;  // null: I/O ports or configuration space, by pread and pwrite
  };

  // The register's address, null where it is read and written by file. A region is opened when one
  // of its registers is wanted for the first time.
  std::byte* At(unsigned number, std::uint64_t offset, unsigned bytes) {
    Region& region = regions_[number];
    if (region.file < 0) Open(region, number);
    if (offset + bytes > region.size)
      Fail("offset " + std::to_string(offset) + " is beyond region " + std::to_string(number));
    return region.memory ? region.memory->bytes() + offset : nullptr;
  }
  void Open(Region& region, unsigned number) {
    const bool is_bar = number != kConfigSpace;
    const std::string name = is_bar ? "resource" + std::to_string(number) : "config";
    region.file = open((device_ / name).c_str(), O_RDWR | O_CLOEXEC);
    if (region.file < 0) FailSystem(name);
    region.size = std::filesystem::file_size(device_ / name);
    if (is_bar && (Read(kConfigSpace, kBars + 4 * number, 4) & kBarIsIo) == 0) {
      auto memory = std::make_unique<Mapping>(region.size, 0, region.file);
      if (memory->start == MAP_FAILED) FailSystem(name);
      region.memory = std::move(memory);
    }
  }

  // Writes to a switch of the kernel's.
  void Put(const std::filesystem::path& file, const std::string& text) const {
    if (!(std::ofstream(file) << text << std::flush)) FailSystem(file);
  }
  [[noreturn]] void Fail(const std::string& what) const {
    throw DeviceError(address_ + ": " + what);
  }
  [[noreturn]] void FailSystem(const std::string& what) const {
    const std::error_code reason(errno, std::generic_category());
    Fail(what + ": " + reason.message() +
         (reason == std::errc::permission_denied ? ": root is needed" : ""));
  }

  const std::string address_;
  const std::filesystem::path device_;
  DmaSpace& dma_;
  PciId id_;
  Region regions_[kConfigSpace + 1];
  std::filesystem::path driver_;  // of the kernel's driver, which had the device; else empty
  std::uint32_t command_ = 0;
  bool enabled_ = false;
};

}  // namespace

std::unique_ptr<Bus> OpenSysfsBus(const std::string& address, DmaSpace& dma,
                                  const std::string& sysfs) {
  auto bus = std::make_unique<SysfsBus>(address, dma, sysfs);
  bus->Take();
  return bus;
}

DmaMemory HugepageMemory::Allocate(std::size_t size) {
  const std::size_t count = (size + page_size() - 1) / page_size();
  constexpr int kFlags =
      MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE | MAP_HUGETLB | 21 << MAP_HUGE_SHIFT;
  auto memory = std::make_unique<Mapping>(count * page_size(), kFlags, -1);
  if (memory->start == MAP_FAILED) {
    throw DeviceError("no " + std::to_string(count) +
                      " free huge pages of 2 MiB: echo 512 > "
                      "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  }
  const std::span bytes(memory->bytes(), memory->size);
  std::vector<std::uint64_t> pages(count);
  for (std::size_t i = 0; i < count; ++i) pages[i] = PhysicalAddress(&bytes[i * page_size()]);
  return DmaMemory(bytes, page_size(), std::move(pages), std::move(memory));
}

// Linux, Documentation/admin-guide/mm/pagemap.rst: 8 bytes for each page of 4 KiB, its frame in
// bits 0 to 54; 0 for all but CAP_SYS_ADMIN.
std::uint64_t HugepageMemory::PhysicalAddress(const void* byte) const {
  const auto address = reinterpret_cast<std::uintptr_t>(byte);
  std::uint64_t entry = 0;
  const int file = open(pagemap_.c_str(), O_RDONLY | O_CLOEXEC);
  if (pread(file, &entry, sizeof entry, address / 4096 * sizeof entry) < 0) entry = 0;
  close(file);
  const std::uint64_t frame = entry & ((std::uint64_t{1} << 55) - 1);
  if (frame == 0)
    throw DeviceError(pagemap_ + " tells no physical addresses: root (CAP_SYS_ADMIN) is needed");
  return frame * 4096 + address % 4096;
}

}  // namespace ixylab
