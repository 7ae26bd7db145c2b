// VFIO's containers, groups and mappings, for the bus in vfio.cc. Source: Linux,
// Documentation/driver-api/vfio.rst and include/uapi/linux/vfio.h.
#ifndef DRIVER_PCI_VFIO_CONTAINER_H_
#define DRIVER_PCI_VFIO_CONTAINER_H_

#include <linux/vfio.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "driver/pci/binding.h"
#include "driver/pci/vfio.h"

namespace ixylab {

/// An IOMMU group: what an IOMMU cannot tell apart. Its file can be open once, and has to stay open
/// while one of its devices is; with the last group its container forgets all mappings.
struct VfioGroup {
  File file;
};

/// A set of groups that share their mappings.
class VfioContainer : public std::enable_shared_from_this<VfioContainer> {
 public:
  explicit VfioContainer(VfioKernel kernel) : kernel_(std::move(kernel)) {}

  const VfioKernel& kernel() const { return kernel_; }
  /// The group with this number, attached. `device` is one of it, in whose name errors are thrown.
  std::shared_ptr<VfioGroup> Attach(const std::string& number, const ModuleBinding& device);
  DmaMemory Allocate(std::size_t size);

 private:
  struct Block;
  struct Range {
    std::uint64_t first, last;
  };

  bool HasGroups() const;
  void CheckGroup(const VfioGroup& group, const std::string& number, const ModuleBinding& device);
  /// Device addresses for `bytes`.
  std::uint64_t Place(std::uint64_t bytes);
  void Map(std::uint64_t iova, std::span<std::byte> memory) const;
  void Unmap(std::uint64_t iova, std::span<std::byte> memory);
  void ReadRanges();

  const VfioKernel kernel_;
  std::mutex mutex_;
  File file_;  // open once there has been a group
  std::map<std::string, std::weak_ptr<VfioGroup>> groups_;
  std::map<std::uint64_t, std::span<std::byte>> maps_;  // by device address
  // What every IOMMU of this architecture translates: Intel's least address width is 39 bits
  // (VT-d 4.1, 11.4.2, SAGAW), AMD's is more. Replaced by what the IOMMU says.
  std::vector<Range> ranges_ = {{std::uint64_t{1} << 32, (std::uint64_t{1} << 39) - 1}};
  // Above what 32 bits hold: a driver that cuts addresses off is found out.
  std::uint64_t next_ = std::uint64_t{1} << 32;
};

/// The answer to a question whose answer may be longer than its struct, T.
template <typename T>
class VfioAnswer {
 public:
  /// Asks for its length, then for all of it. errno tells why it is not good().
  VfioAnswer(const VfioKernel& kernel, int file, unsigned long request, T info = {}) {
    info.argsz = sizeof info;
    good_ = kernel.control(file, request, &info) == 0;
    if (!good_) return;
    info.argsz = std::max<std::uint32_t>(info.argsz, sizeof info);
    bytes_.resize(info.argsz);
    std::memcpy(bytes_.data(), &info, sizeof info);
    good_ = kernel.control(file, request, bytes_.data()) == 0;
  }
  bool good() const { return good_; }
  T info() const { return At<T>(0); }
  /// What lies `offset` bytes from the start.
  template <typename U>
  U At(std::size_t offset) const {
    U value{};
    if (offset + sizeof value <= bytes_.size())
      std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  /// Where the capability `id` is in a list that begins at `offset`; 0 if there is none.
  std::size_t Capability(std::size_t offset, std::uint16_t id) const {
    while (offset != 0 && At<vfio_info_cap_header>(offset).id != id)
      offset = At<vfio_info_cap_header>(offset).next;
    return offset;
  }

 private:
  std::vector<std::byte> bytes_;
  bool good_ = false;
};

}  // namespace ixylab

#endif  // DRIVER_PCI_VFIO_CONTAINER_H_
