#include "driver/pci/vfio_container.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace ixylab {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kPage = std::uint64_t{2} << 20;

std::string Reason() { return std::error_code(errno, std::generic_category()).message(); }

std::uint64_t RoundUp(std::uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

}  // namespace

VfioKernel::VfioKernel()
    : control([](int file, unsigned long request, void* argument) {
        return ioctl(file, request, argument);
      }),
      huge_pages([](std::size_t bytes) -> void* {
        constexpr int kFlags =
            MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE | MAP_HUGETLB | 21 << MAP_HUGE_SHIFT;
        void* const start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0);
        return start == MAP_FAILED ? nullptr : start;
      }) {}

VfioMemory::VfioMemory(VfioKernel kernel)
    : container_(std::make_shared<VfioContainer>(std::move(kernel))) {}

DmaMemory VfioMemory::Allocate(std::size_t size) { return container_->Allocate(size); }

// --- Groups ---

bool VfioContainer::HasGroups() const {
  return std::ranges::any_of(groups_, [](const auto& group) { return !group.second.expired(); });
}

std::shared_ptr<VfioGroup> VfioContainer::Attach(const std::string& number,
                                                 const ModuleBinding& device) {
  const std::lock_guard lock(mutex_);
  if (auto group = groups_[number].lock()) return group;
  const fs::path folder = fs::path(kernel_.dev) / "vfio";
  const auto open_file = [&](const std::string& name) {
    File file(open((folder / name).c_str(), O_RDWR | O_CLOEXEC));
    if (file.get() >= 0) return file;
    if (errno == EBUSY) device.Fail("busy: another program has its IOMMU group, " + number);
    const bool refused = errno == EACCES || errno == EPERM;
    device.FailSystem((folder / name).string() +
                      (refused ? ": root, or the file's owner, is needed" : ""));
  };
  if (file_.get() < 0) file_ = open_file("vfio");
  auto group = std::make_shared<VfioGroup>(VfioGroup{open_file(number)});
  CheckGroup(*group, number, device);

  int container = file_.get();
  if (kernel_.control(group->file.get(), VFIO_GROUP_SET_CONTAINER, &container) != 0)
    device.FailSystem("IOMMU group " + number + " does not go with the others");
  if (!HasGroups()) {
    void* const type = reinterpret_cast<void*>(std::uintptr_t{VFIO_TYPE1v2_IOMMU});
    if (kernel_.control(container, VFIO_SET_IOMMU, type) != 0) {
      device.FailSystem(errno == EPERM ? "its IOMMU does not remap interrupts"
                                       : "no type 1 IOMMU: modprobe vfio_iommu_type1");
    }
    for (const auto& [iova, memory] : maps_) Map(iova, memory);
  }
  ReadRanges();
  groups_[number] = group;
  return group;
}

void VfioContainer::CheckGroup(const VfioGroup& group, const std::string& number,
                               const ModuleBinding& device) {
  vfio_group_status status{.argsz = sizeof status, .flags = 0};
  if (kernel_.control(group.file.get(), VFIO_GROUP_GET_STATUS, &status) != 0)
    device.FailSystem("IOMMU group " + number);
  if ((status.flags & VFIO_GROUP_FLAGS_VIABLE) != 0) return;
  std::string others;
  std::error_code none;
  for (const fs::directory_entry& other :
       fs::directory_iterator(device.device() / "iommu_group/devices", none)) {
    const std::string driver = fs::read_symlink(other.path() / "driver", none).filename();
    if (driver.empty() || driver == "vfio-pci" || driver == "pcieport") continue;
    others += (others.empty() ? "" : ", ") + other.path().filename().string() + " (" + driver + ")";
  }
  device.Fail("the kernel uses other devices of its IOMMU group, " + number + ": unbind " + others);
}

// The valid device addresses, without holes such as that of MSI (Linux 5.4 and later).
void VfioContainer::ReadRanges() {
  const VfioAnswer<vfio_iommu_type1_info> answer(kernel_, file_.get(), VFIO_IOMMU_GET_INFO);
  if (!answer.good() || (answer.info().flags & VFIO_IOMMU_INFO_CAPS) == 0) return;
  const std::size_t at =
      answer.Capability(answer.info().cap_offset, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
  if (at == 0) return;
  const auto list = answer.At<vfio_iommu_type1_info_cap_iova_range>(at);
  ranges_.clear();
  for (std::uint32_t i = 0; i < list.nr_iovas; ++i) {
    const auto range = answer.At<vfio_iova_range>(at + sizeof list + i * sizeof(vfio_iova_range));
    ranges_.push_back({range.start, range.end});
  }
}

// --- Memory ---

struct VfioContainer::Block final : DmaMemory::Owner {
  Block(std::shared_ptr<VfioContainer> container, std::span<std::byte> memory)
      : container(std::move(container)), memory(memory) {}
  ~Block() override {
    if (mapped) container->Unmap(iova, memory);
    munmap(memory.data(), memory.size());
  }
  const std::shared_ptr<VfioContainer> container;
  const std::span<std::byte> memory;
  std::uint64_t iova = 0;
  bool mapped = false;
};

DmaMemory VfioContainer::Allocate(std::size_t size) {
  const std::uint64_t bytes = RoundUp(size);
  void* const start = bytes >= size ? kernel_.huge_pages(bytes) : nullptr;
  if (start == nullptr) {
    throw DeviceError("no " + std::to_string(bytes / kPage) +
                      " free huge pages of 2 MiB: echo 512 > "
                      "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  }
  const std::span memory(static_cast<std::byte*>(start), bytes);
  auto block = std::make_unique<Block>(shared_from_this(), memory);
  {
    const std::lock_guard lock(mutex_);
    block->iova = Place(bytes);
    if (HasGroups()) Map(block->iova, memory);
    maps_[block->iova] = memory;
    block->mapped = true;
  }
  std::vector<std::uint64_t> pages;
  for (std::uint64_t offset = 0; offset < bytes; offset += kPage)
    pages.push_back(block->iova + offset);
  return DmaMemory(memory, kPage, std::move(pages), std::move(block));
}

std::uint64_t VfioContainer::Place(std::uint64_t bytes) {
  // On from the last ones, then from the start: what was given back is not soon somebody else's.
  for (const std::uint64_t from : {next_, kPage}) {
    for (const Range& range : ranges_) {
      std::uint64_t at = RoundUp(std::max(from, range.first));
      for (const auto& [iova, memory] : maps_) {
        if (iova < at + bytes && at < iova + memory.size()) at = iova + memory.size();
      }
      if (at > range.last || range.last - at < bytes - 1) continue;
      next_ = at + bytes;
      return at;
    }
  }
  throw DeviceError("no " + std::to_string(bytes) + " bytes of device addresses are free");
}

void VfioContainer::Map(std::uint64_t iova, std::span<std::byte> memory) const {
  vfio_iommu_type1_dma_map map{.argsz = sizeof map,
                               .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
                               .vaddr = reinterpret_cast<std::uintptr_t>(memory.data()),
                               .iova = iova,
                               .size = memory.size()};
  if (kernel_.control(file_.get(), VFIO_IOMMU_MAP_DMA, &map) == 0) return;
  const std::string what = std::to_string(memory.size() >> 10) + " KiB for devices";
  rlimit limit{};
  // VFIO counts what a process has mapped, huge pages too (Linux, vfio_iommu_type1.c).
  if (errno == ENOMEM && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
      limit.rlim_cur != RLIM_INFINITY) {
    throw DeviceError("cannot lock " + what + ": the limit is " +
                      std::to_string(limit.rlim_cur >> 10) +
                      " KiB in all: ulimit -l unlimited (as root), or memlock in limits.conf");
  }
  char address[19];
  std::snprintf(address, sizeof address, "0x%llx", static_cast<unsigned long long>(iova));
  throw DeviceError("cannot map " + what + " at device address " + address + ": " + Reason());
}

void VfioContainer::Unmap(std::uint64_t iova, std::span<std::byte> memory) {
  const std::lock_guard lock(mutex_);
  maps_.erase(iova);
  vfio_iommu_type1_dma_unmap unmap{
      .argsz = sizeof unmap, .flags = 0, .iova = iova, .size = memory.size()};
  // Without a group there is nothing to unmap, and nobody to tell of an error from a destructor.
  if (HasGroups()) kernel_.control(file_.get(), VFIO_IOMMU_UNMAP_DMA, &unmap);
}

}  // namespace ixylab
