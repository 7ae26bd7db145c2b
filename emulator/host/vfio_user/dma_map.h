// The memory of a client that its device may access.
#ifndef EMULATOR_HOST_VFIO_USER_DMA_MAP_H_
#define EMULATOR_HOST_VFIO_USER_DMA_MAP_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "emulator/host.h"
#include "emulator/host/file_descriptor.h"
#include "emulator/host/vfio_user/protocol.h"

namespace ixylab::emulator::vfio_user {

/// Runs of device addresses, none of which overlap. Errors are errno values.
class DmaMap {
 public:
  /// At a time. Below what Linux lets a process map (vm.max_map_count: 65,530), for two ports.
  static constexpr std::size_t kMaxMaps = 16384;
  static constexpr std::uint64_t kPageSize = 4096;

  /// Maps `memory`, from where the request says. Without a descriptor the device knows of the run,
  /// but cannot access it: QEMU's ROMs. EINVAL for what are not whole pages, is not all in the file
  /// or wraps around; EEXIST for what overlaps a run that is there; ENOSPC.
  int Map(const DmaMapRequest& request, FileDescriptor memory);

  /// Unmaps what is mapped of [iova, iova + size), which may be nothing, or part of a run.
  void Unmap(std::uint64_t iova, std::uint64_t size);
  void UnmapAll() {
    runs_.clear();
    lost_ = false;
  }

  /// The run around `iova`, or an empty window.
  DmaWindow Find(std::uint64_t iova) const;

  /// For a signal handler: if `address` is in memory that was mapped, puts zeroes of our own there,
  /// where the client has taken it away.
  bool ReplaceLost(const void* address);
  /// That has happened.
  bool lost() const { return lost_; }

 private:
  class MappedFile;
  struct Run {
    std::uint64_t size = 0;
    std::byte* memory = nullptr;  // null: not accessible
    bool writable = false;        // by the device
    std::shared_ptr<const MappedFile> file = nullptr;
  };
  std::atomic<bool> lost_ = false;     // a signal handler sets it
  std::map<std::uint64_t, Run> runs_;  // by their first address
};

}  // namespace ixylab::emulator::vfio_user

#endif  // EMULATOR_HOST_VFIO_USER_DMA_MAP_H_
