// What the kernel's VFIO answers, for one device of FakeSysfs in IOMMU group 5: BAR 0 of two pages,
// of which the first may be mapped, and BAR 2 of I/O ports.
#ifndef TESTS_DRIVER_PCI_FAKE_VFIO_H_
#define TESTS_DRIVER_PCI_FAKE_VFIO_H_

#include <gtest/gtest.h>
#include <linux/vfio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "driver/pci/vfio.h"
#include "tests/driver/pci/fake_sysfs.h"

namespace ixylab {

class FakeVfio {
 public:
  static constexpr std::uint64_t kMappable = 4096;  // bytes of BAR 0

  FakeVfio() {
    namespace fs = std::filesystem;
    FakeSysfs::Put(sysfs.device() / "driver_override", "(null)\n");
    for (const char* file : {"bind", "unbind"}) {
      fs::create_directories(driver());
      FakeSysfs::Put(driver() / file, "");
    }
    fs::create_directories(group() / "devices");
    fs::create_directory_symlink(group(), sysfs.device() / "iommu_group");
    fs::create_directories(dev() / "vfio");
    FakeSysfs::Put(dev() / "vfio/vfio", "");
    FakeSysfs::Put(dev() / "vfio/5", "");
    EXPECT_EQ(ftruncate(device_, 1 << 20), 0);
    const std::string config = FakeSysfs::Get(sysfs.device() / "config");
    EXPECT_EQ(pwrite(device_, config.data(), config.size(), kRegions[7].offset),
              static_cast<ssize_t>(config.size()));
  }
  ~FakeVfio() { close(device_); }
  FakeVfio(const FakeVfio&) = delete;

  std::filesystem::path driver() const { return sysfs.driver().parent_path() / "vfio-pci"; }
  std::filesystem::path group() const {
    return std::filesystem::path(sysfs.root()) / "kernel/iommu_groups/5";
  }
  std::filesystem::path dev() const { return std::filesystem::path(sysfs.root()) / "dev"; }
  /// Of the device's file, at a region's `offset`.
  std::uint32_t Get(unsigned region, std::uint64_t offset) const {
    std::uint32_t value = 0;
    EXPECT_GT(pread(device_, &value, sizeof value, kRegions[region].offset + offset), 0);
    return value;
  }

  VfioKernel kernel() {
    VfioKernel kernel;
    kernel.sysfs = sysfs.root();
    kernel.dev = dev();
    kernel.control = [this](int, unsigned long request, void* argument) {
      errno = Answer(request, argument);
      return errno == 0 ? result_ : -1;
    };
    kernel.huge_pages = [](std::size_t bytes) -> void* {
      void* const start =
          mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      return start == MAP_FAILED ? nullptr : start;
    };
    return kernel;
  }

  FakeSysfs sysfs;
  // What it is to answer.
  bool viable = true;
  int iommu_error = 0;  // errno values
  int map_error = 0;
  std::uint32_t msix = 64, intx = 1;
  std::vector<vfio_iova_range> ranges = {{0, 0xFEDFFFFF}, {0xFEF00000, (1ull << 39) - 1}};
  // What it was told.
  int iommus = 0;                               // how often a container got one
  std::map<std::uint64_t, std::uint64_t> maps;  // device addresses and sizes
  std::vector<std::int32_t> events;             // of the type of interrupt in use
  int unmasked = 0;

 private:
  struct Region {
    std::uint64_t offset, size;
  };
  static constexpr Region kRegions[8] = {{0, 8192}, {}, {0x10000, 32}, {}, {},
                                         {},        {}, {0x20000, 256}};

  /// errno.
  int Answer(unsigned long request, void* argument) {
    result_ = 0;
    switch (request) {
      case VFIO_GROUP_GET_STATUS:
        static_cast<vfio_group_status*>(argument)->flags = viable ? VFIO_GROUP_FLAGS_VIABLE : 0;
        return 0;
      case VFIO_GROUP_SET_CONTAINER:
        return 0;
      case VFIO_SET_IOMMU:
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(argument), std::uintptr_t{VFIO_TYPE1v2_IOMMU});
        ++iommus;
        maps.clear();
        return iommu_error;
      case VFIO_IOMMU_GET_INFO:
        return Ranges(static_cast<std::byte*>(argument));
      case VFIO_IOMMU_MAP_DMA:
        return Map(*static_cast<vfio_iommu_type1_dma_map*>(argument));
      case VFIO_IOMMU_UNMAP_DMA:
        return Unmap(*static_cast<vfio_iommu_type1_dma_unmap*>(argument));
      case VFIO_GROUP_GET_DEVICE_FD:
        EXPECT_STREQ(static_cast<char*>(argument), FakeSysfs::kAddress);
        result_ = dup(device_);
        return 0;
      case VFIO_DEVICE_GET_REGION_INFO:
        return RegionInfo(static_cast<std::byte*>(argument));
      case VFIO_DEVICE_GET_IRQ_INFO: {
        auto& info = *static_cast<vfio_irq_info*>(argument);
        info.count = info.index == VFIO_PCI_MSIX_IRQ_INDEX ? msix : intx;
        return 0;
      }
      case VFIO_DEVICE_SET_IRQS:
        return SetInterrupts(*static_cast<vfio_irq_set*>(argument));
      default:
        ADD_FAILURE() << "request " << request;
        return ENOTTY;
    }
  }

  /// As much as there is room for of `info` and the capability behind it, which has a header.
  template <typename Info>
  static int Tell(std::byte* argument, Info info, std::uint32_t caps_flag, std::uint16_t id,
                  const void* capability, std::size_t size) {
    std::uint32_t room;
    std::memcpy(&room, argument, sizeof room);
    info.argsz = static_cast<std::uint32_t>(sizeof info + size);
    if (size > 0) info.flags |= caps_flag;
    if (size > 0 && room >= info.argsz) {
      info.cap_offset = sizeof info;
      std::memcpy(argument + sizeof info, capability, size);
      const vfio_info_cap_header header{.id = id, .version = 1, .next = 0};
      std::memcpy(argument + sizeof info, &header, sizeof header);
    }
    std::memcpy(argument, &info, sizeof info);
    return 0;
  }

  int Ranges(std::byte* argument) const {
    const vfio_iommu_type1_info_cap_iova_range list{
        .header = {}, .nr_iovas = static_cast<std::uint32_t>(ranges.size()), .reserved = 0};
    std::vector<std::byte> bytes(sizeof list + ranges.size() * sizeof ranges[0]);
    std::memcpy(bytes.data(), &list, sizeof list);
    std::memcpy(bytes.data() + sizeof list, ranges.data(), ranges.size() * sizeof ranges[0]);
    return Tell(argument, vfio_iommu_type1_info{}, VFIO_IOMMU_INFO_CAPS,
                VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, bytes.data(), bytes.size());
  }

  int RegionInfo(std::byte* argument) const {
    vfio_region_info info;
    std::memcpy(&info, argument, sizeof info);
    const Region& region = kRegions[info.index];
    info.offset = region.offset;
    info.size = region.size;
    info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
    if (info.index != 0) return Tell(argument, info, 0, 0, nullptr, 0);
    info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
    vfio_region_info_cap_sparse_mmap list{};
    list.nr_areas = 1;
    const vfio_region_sparse_mmap_area area{.offset = 0, .size = kMappable};
    std::byte sparse[sizeof list + sizeof area];
    std::memcpy(sparse, &list, sizeof list);
    std::memcpy(sparse + sizeof list, &area, sizeof area);
    return Tell(argument, info, VFIO_REGION_INFO_FLAG_CAPS, VFIO_REGION_INFO_CAP_SPARSE_MMAP,
                sparse, sizeof sparse);
  }

  int Map(const vfio_iommu_type1_dma_map& map) {
    if (map_error != 0) return map_error;
    const std::uint64_t last = map.iova + (map.size - 1);
    const bool valid = std::ranges::any_of(
        ranges, [&](const auto& range) { return map.iova >= range.start && last <= range.end; });
    for (const auto& [iova, size] : maps) {
      if (iova <= last && map.iova < iova + size) return EEXIST;
    }
    if (!valid || map.vaddr == 0 || map.flags != 3) return EINVAL;
    maps[map.iova] = map.size;
    memory_[map.iova] = reinterpret_cast<volatile char*>(map.vaddr);
    return 0;
  }
  int Unmap(const vfio_iommu_type1_dma_unmap& unmap) {
    const auto found = maps.find(unmap.iova);
    if (found == maps.end() || found->second != unmap.size) return EINVAL;
    memory_.at(unmap.iova)[0];  // has not gone yet
    maps.erase(found);
    return 0;
  }

  int SetInterrupts(const vfio_irq_set& set) {
    switch (set.flags) {
      case VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER:
        EXPECT_EQ(set.count, 0u);
        if (events.empty()) return EINVAL;  // as Linux's vfio_pci_intrs.c does
        events.clear();
        return 0;
      case VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK:
        EXPECT_EQ(set.index, std::uint32_t{VFIO_PCI_INTX_IRQ_INDEX});
        ++unmasked;
        return 0;
      case VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER:
        EXPECT_EQ(set.argsz, sizeof set + set.count * sizeof(std::int32_t));
        if (!events.empty()) return EINVAL;
        events.resize(set.count);
        std::memcpy(events.data(), set.data, set.count * sizeof(std::int32_t));
        return 0;
      default:
        return EINVAL;
    }
  }

  const int device_ = memfd_create("device", MFD_CLOEXEC);
  int result_ = 0;
  std::map<std::uint64_t, volatile char*> memory_;
};

}  // namespace ixylab

#endif  // TESTS_DRIVER_PCI_FAKE_VFIO_H_
