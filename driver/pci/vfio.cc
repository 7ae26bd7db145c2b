#include "driver/pci/vfio.h"

#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

#include "driver/pci/binding.h"
#include "driver/pci/vfio_container.h"

namespace ixylab {
namespace {

namespace fs = std::filesystem;

// Configuration space (PCI Local Bus Specification 3.0, section 6.2): offsets, and bits.
constexpr std::uint32_t kVendorId = 0x00, kDeviceId = 0x02, kCommand = 0x04;
constexpr std::uint32_t kCommandIo = 1, kCommandMemory = 2, kCommandMaster = 4;

static_assert(Bus::kConfigSpace == VFIO_PCI_CONFIG_REGION_INDEX);

/// Part of a region that is mapped.
class Area {
 public:
  Area(int file, std::uint64_t at, std::uint64_t offset, std::uint64_t size)
      : offset_(offset),
        size_(size),
        start_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file,
                    static_cast<off_t>(at + offset))) {}
  ~Area() {
    if (good()) munmap(start_, size_);
  }
  Area(const Area&) = delete;
  Area& operator=(const Area&) = delete;
  bool good() const { return start_ != MAP_FAILED; }
  /// The byte at `offset` of the region; null if these `bytes` are not all in this part.
  std::byte* At(std::uint64_t offset, unsigned bytes) const {
    const bool inside = offset >= offset_ && offset + bytes <= offset_ + size_;
    return inside ? static_cast<std::byte*>(start_) + (offset - offset_) : nullptr;
  }

 private:
  const std::uint64_t offset_, size_;  // in the region
  void* const start_;
};

/// Calls `use` with the register of `bytes` at `at`, to be loaded or stored in one access.
template <typename Use>
void WithRegister(std::byte* at, unsigned bytes, Use use) {
  if (bytes == 1) use(std::atomic_ref(*reinterpret_cast<std::uint8_t*>(at)));
  if (bytes == 2) use(std::atomic_ref(*reinterpret_cast<std::uint16_t*>(at)));
  if (bytes == 4) use(std::atomic_ref(*reinterpret_cast<std::uint32_t*>(at)));
}

class VfioBus final : public Bus {
 public:
  VfioBus(const std::string& address, VfioMemory& memory)
      : dma_(memory),
        container_(memory.container()),
        binding_(address, "vfio-pci", container_->kernel().sysfs) {}

  // The destructors undo as much of this as was done.
  void Take() {
    const fs::path config = binding_.device() / "config";
    lock_ = File(open(config.c_str(), O_RDONLY | O_CLOEXEC));
    if (lock_.get() < 0) binding_.Fail("no such PCI device (an address looks like 0000:03:00.0)");
    if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) binding_.Fail("busy: another program has it");
    std::error_code none;
    const fs::path group = fs::read_symlink(binding_.device() / "iommu_group", none);
    if (none) {
      binding_.Fail(
          "no IOMMU: switch it on in the firmware (VT-d, AMD-Vi), and boot with "
          "intel_iommu=on");
    }
    binding_.Bind();
    group_ = container_->Attach(group.filename(), binding_);
    std::string address = binding_.address();
    file_ = File(Control(group_->file, VFIO_GROUP_GET_DEVICE_FD, address.data()));
    if (file_.get() < 0) binding_.FailSystem("the device cannot be opened");
    id_ = {static_cast<std::uint16_t>(Read(kConfigSpace, kVendorId, 2)),
           static_cast<std::uint16_t>(Read(kConfigSpace, kDeviceId, 2))};
    const std::uint32_t command = Read(kConfigSpace, kCommand, 2);
    Write(kConfigSpace, kCommand, 2, command | kCommandIo | kCommandMemory | kCommandMaster);
  }

  PciId id() const override { return id_; }

  std::uint32_t Read(unsigned number, std::uint32_t offset, unsigned bytes) override {
    Region& region = At(number, offset, bytes);
    std::uint32_t value = 0;
    if (std::byte* const at = region.Mapped(offset, bytes)) {
      WithRegister(at, bytes, [&](auto r) { value = r.load(std::memory_order_acquire); });
    } else if (pread(file_.get(), &value, bytes, region.at + offset) != bytes) {
      binding_.FailSystem("read");
    }
    return value;
  }
  void Write(unsigned number, std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
    Region& region = At(number, offset, bytes);
    if (std::byte* const at = region.Mapped(offset, bytes)) {
      WithRegister(at, bytes, [&](auto r) { r.store(value, std::memory_order_release); });
    } else if (pwrite(file_.get(), &value, bytes, region.at + offset) != bytes) {
      binding_.FailSystem("write");
    }
  }
  void* MapRegister(unsigned number, std::uint32_t offset) override {
    return At(number, offset, 1).Mapped(offset, 1);
  }

  DmaSpace& dma() override { return dma_; }

  Interrupts EnableInterrupts(std::uint32_t vectors) override {
    for (const std::uint32_t index : {VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_INTX_IRQ_INDEX}) {
      vfio_irq_info info{.argsz = sizeof info, .flags = 0, .index = index, .count = 0};
      if (Control(file_, VFIO_DEVICE_GET_IRQ_INFO, &info) != 0) binding_.FailSystem("interrupts");
      if (info.count == 0) continue;
      const bool level = index == VFIO_PCI_INTX_IRQ_INDEX;
      if (level) vectors = std::min(vectors, 1u);
      if (vectors > info.count) {
        binding_.Fail(std::to_string(vectors) + " interrupts are wanted, and there are " +
                      std::to_string(info.count));
      }
      // Those from before. Without any it is an error (Linux, vfio_pci_intrs.c).
      if (!events_.empty())
        SetInterrupts(index, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, {});
      events_.clear();
      std::vector<std::int32_t> files;
      for (std::uint32_t i = 0; i < vectors; ++i) {
        events_.emplace_back(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        files.push_back(events_.back().get());
      }
      if (vectors > 0) {
        SetInterrupts(index, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, vectors,
                      std::as_bytes(std::span(files)));
      }
      level_ = level;
      return level ? Interrupts::kLevel : Interrupts::kMessages;
    }
    return Interrupts::kNone;
  }
  bool WaitForInterrupt(std::uint32_t vector, Nanoseconds timeout) override {
    if (vector >= events_.size())
      binding_.Fail("interrupt " + std::to_string(vector) + " is not enabled");
    // vfio-pci masks INTx when it comes (VFIO_IRQ_INFO_AUTOMASKED).
    if (level_) {
      SetInterrupts(VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 1,
                    {});
    }
    const int event = events_[vector].get();
    std::uint64_t count = 0;  // since the last read
    return WaitForFile(event, timeout) && read(event, &count, sizeof count) == sizeof count;
  }

  Nanoseconds Now() override { return std::chrono::steady_clock::now().time_since_epoch(); }
  void Sleep(Nanoseconds duration) override {
    const Nanoseconds end = Now() + duration;
    // The kernel takes 50 us longer, and some more.
    if (duration > std::chrono::microseconds(100)) std::this_thread::sleep_for(duration);
    while (Now() < end) continue;
  }

 private:
  struct Region {
    std::byte* Mapped(std::uint64_t offset, unsigned bytes) const {
      for (const auto& area : areas) {
        if (std::byte* const byte = area->At(offset, bytes)) return byte;
      }
      return nullptr;
    }
    bool known = false;
    std::uint64_t at = 0;  // in the device's file
    std::uint64_t size = 0;
    std::vector<std::unique_ptr<Area>> areas;  // the rest by pread and pwrite
  };

  // The region with these bytes. It is looked at when one of its registers is wanted first.
  Region& At(unsigned number, std::uint64_t offset, unsigned bytes) {
    Region& region = regions_[number];
    if (!region.known) Open(region, number);
    if (offset + bytes > region.size) {
      binding_.Fail("offset " + std::to_string(offset) + " is beyond region " +
                    std::to_string(number));
    }
    return region;
  }
  void Open(Region& region, unsigned number) {
    vfio_region_info question{};
    question.index = number;
    const VfioAnswer answer(container_->kernel(), file_.get(), VFIO_DEVICE_GET_REGION_INFO,
                            question);
    if (!answer.good()) binding_.FailSystem("region " + std::to_string(number));
    const vfio_region_info info = answer.info();
    const auto map = [&](std::uint64_t offset, std::uint64_t size) {
      region.areas.push_back(std::make_unique<Area>(file_.get(), info.offset, offset, size));
      if (!region.areas.back()->good())
        binding_.FailSystem("region " + std::to_string(number) + " cannot be mapped");
    };
    region.at = info.offset;
    region.size = info.size;
    region.known = true;
    if ((info.flags & VFIO_REGION_INFO_FLAG_MMAP) == 0) return;
    const bool has_list = (info.flags & VFIO_REGION_INFO_FLAG_CAPS) != 0;
    const std::size_t list =
        has_list ? answer.Capability(info.cap_offset, VFIO_REGION_INFO_CAP_SPARSE_MMAP) : 0;
    if (list == 0) return map(0, info.size);
    const auto sparse = answer.At<vfio_region_info_cap_sparse_mmap>(list);
    for (std::uint32_t i = 0; i < sparse.nr_areas; ++i) {
      const auto area = answer.At<vfio_region_sparse_mmap_area>(
          list + sizeof sparse + i * sizeof(vfio_region_sparse_mmap_area));
      map(area.offset, area.size);
    }
  }

  void SetInterrupts(std::uint32_t index, std::uint32_t flags, std::uint32_t count,
                     std::span<const std::byte> data) {
    vfio_irq_set set{.argsz = static_cast<std::uint32_t>(sizeof set + data.size()),
                     .flags = flags,
                     .index = index,
                     .start = 0,
                     .count = count};
    std::vector<std::byte> request(set.argsz);
    std::memcpy(request.data(), &set, sizeof set);
    std::ranges::copy(data, request.begin() + sizeof set);
    if (Control(file_, VFIO_DEVICE_SET_IRQS, request.data()) != 0)
      binding_.FailSystem("interrupts cannot be set");
  }

  int Control(const File& file, unsigned long request, void* argument) const {
    return container_->kernel().control(file.get(), request, argument);
  }

  DmaSpace& dma_;
  PciId id_;
  // In this order, and given back in the other one. vfio-pci ends bus mastering and resets the
  // device when its file is closed; the kernel's driver may have it once its group's is, too.
  const std::shared_ptr<VfioContainer> container_;
  File lock_;
  ModuleBinding binding_;
  std::shared_ptr<VfioGroup> group_;
  File file_;
  Region regions_[kConfigSpace + 1];
  std::vector<File> events_;
  bool level_ = false;
};

}  // namespace

std::unique_ptr<Bus> OpenVfioBus(const std::string& address, VfioMemory& memory) {
  auto bus = std::make_unique<VfioBus>(address, memory);
  bus->Take();
  return bus;
}

}  // namespace ixylab
