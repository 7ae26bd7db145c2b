#include "emulator/host/vfio_user/dma_map.h"

#include <linux/vfio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ixylab::emulator::vfio_user {

/// Part of a file in memory.
class DmaMap::MappedFile {
 public:
  MappedFile(void* start, std::size_t size) : start_(start), size_(size) {}
  ~MappedFile() { munmap(start_, size_); }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  bool Has(const void* address) const {
    return static_cast<std::size_t>(static_cast<const std::byte*>(address) -
                                    static_cast<const std::byte*>(start_)) < size_;
  }
  /// All of it: of huge pages there is no part to be had, and the rest is of no use any more.
  bool ReplaceByZeroes() const {
    return mmap(start_, size_, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == start_;
  }

 private:
  void* const start_;
  const std::size_t size_;
};

int DmaMap::Map(const DmaMapRequest& request, FileDescriptor memory) {
  const std::uint64_t last = request.iova + (request.size - 1);
  if (request.size == 0 || last < request.iova ||
      (request.iova | request.size | request.offset) % kPageSize != 0) {
    return EINVAL;
  }
  const auto after = runs_.upper_bound(last);
  if (after != runs_.begin()) {
    const auto& [iova, run] = *std::prev(after);
    if (iova + (run.size - 1) >= request.iova) return EEXIST;
  }
  if (runs_.size() >= kMaxMaps) return ENOSPC;

  Run run{.size = request.size};
  if (memory) {
    struct stat status;
    if (fstat(memory.get(), &status) != 0) return errno;
    // Or an access would end in SIGBUS.
    const auto file_size = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
    if (!S_ISREG(status.st_mode) || request.offset > file_size ||
        request.size > file_size - request.offset) {
      return EINVAL;
    }
    // Huge pages can be mapped only as a whole; their size is the block size of their file.
    const auto block =
        std::max<std::uint64_t>(kPageSize, static_cast<std::uint64_t>(status.st_blksize));
    const std::uint64_t skip = request.offset % block;
    const std::uint64_t size = (skip + request.size + block - 1) / block * block;
    run.writable = (request.flags & VFIO_DMA_MAP_FLAG_WRITE) != 0;
    void* const start =
        mmap(nullptr, size, run.writable ? PROT_READ | PROT_WRITE : PROT_READ,
             MAP_SHARED | MAP_NORESERVE, memory.get(), static_cast<off_t>(request.offset - skip));
    if (start == MAP_FAILED) return errno;
    run.file = std::make_shared<const MappedFile>(start, size);
    run.memory = static_cast<std::byte*>(start) + skip;
  }
  runs_.emplace_hint(after, request.iova, std::move(run));
  return 0;
}

void DmaMap::Unmap(std::uint64_t iova, std::uint64_t size) {
  if (size == 0) return;
  const std::uint64_t last = iova + std::min(size - 1, ~iova);  // to the end, if it wraps around
  auto it = runs_.upper_bound(iova);
  if (it != runs_.begin()) --it;
  while (it != runs_.end() && it->first <= last) {
    const std::uint64_t first = it->first;
    const Run run = it->second;
    const std::uint64_t run_last = first + (run.size - 1);
    if (run_last < iova) {
      ++it;
      continue;
    }
    it = runs_.erase(it);
    const auto keep = [&](std::uint64_t from, std::uint64_t bytes) {
      std::byte* const memory = run.memory != nullptr ? run.memory + (from - first) : nullptr;
      runs_.emplace(
          from, Run{.size = bytes, .memory = memory, .writable = run.writable, .file = run.file});
    };
    if (first < iova) keep(first, iova - first);
    if (run_last > last) keep(last + 1, run_last - last);
  }
}

bool DmaMap::ReplaceLost(const void* address) {
  // The map is not being changed: whoever does that accesses no client's memory.
  for (const auto& [iova, run] : runs_) {
    if (run.file == nullptr || !run.file->Has(address)) continue;
    lost_ = true;
    return run.file->ReplaceByZeroes();
  }
  return false;
}

DmaWindow DmaMap::Find(std::uint64_t iova) const {
  const auto after = runs_.upper_bound(iova);
  if (after == runs_.begin()) return {};
  const auto& [first, run] = *std::prev(after);
  if (run.memory == nullptr || iova - first >= run.size) return {};
  return {.iova = first, .size = run.size, .memory = run.memory, .writable = run.writable};
}

}  // namespace ixylab::emulator::vfio_user
