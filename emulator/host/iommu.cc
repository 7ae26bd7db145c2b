#include "emulator/host/iommu.h"

#include <sys/mman.h>

#include <new>

namespace ixylab::emulator {
namespace {

// So that a driver that drops the upper half of an address is found out.
constexpr std::uint64_t kFirstPage = (std::uint64_t{4} << 30) / Iommu::kPageSize;
constexpr std::size_t kLargestAllocation = std::size_t{1} << 40;

/// `size` bytes, aligned to the page size: what mmap gives is only aligned to 4 KiB.
std::byte* MapAligned(std::size_t size) {
  const std::size_t reserved = size + Iommu::kPageSize;
  void* memory = mmap(nullptr, reserved, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  std::byte* begin = static_cast<std::byte*>(memory);
  const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(begin) % Iommu::kPageSize;
  const std::size_t before = misaligned == 0 ? 0 : Iommu::kPageSize - misaligned;
  if (before != 0) munmap(begin, before);
  if (before != Iommu::kPageSize) munmap(begin + before + size, Iommu::kPageSize - before);
  madvise(begin + before, size, MADV_HUGEPAGE);  // a wish: without it everything works, slower
  return begin + before;
}

}  // namespace

Iommu::~Iommu() {
  for (const auto& [memory, size] : blocks_) munmap(memory, size);
}

Iommu::Mapping Iommu::Allocate(std::size_t size) {
  if (size > kLargestAllocation) throw std::bad_alloc();
  const std::size_t count = size == 0 ? 1 : (size + kPageSize - 1) / kPageSize;
  std::byte* memory = MapAligned(count * kPageSize);
  blocks_.emplace(memory, count * kPageSize);
  Mapping mapping{.bytes = {memory, count * kPageSize}, .pages = {}};
  for (std::size_t page = 0; page < count; ++page) {
    const std::uint64_t number = FreePageNumber();
    pages_.emplace(number, memory + page * kPageSize);
    mapping.pages.push_back(number * kPageSize);
  }
  return mapping;
}

void Iommu::Release(const Mapping& mapping) {
  for (std::uint64_t iova : mapping.pages) pages_.erase(iova / kPageSize);
  if (blocks_.erase(mapping.bytes.data()) != 0) munmap(mapping.bytes.data(), mapping.bytes.size());
}

DmaWindow Iommu::Find(std::uint64_t iova) const {
  const auto page = pages_.find(iova / kPageSize);
  if (page == pages_.end()) return {};
  return {.iova = iova / kPageSize * kPageSize, .size = kPageSize, .memory = page->second};
}

std::uint64_t Iommu::FreePageNumber() {
  // No neighbours: an access that runs over the end of a page must not find another one there.
  while (true) {
    const std::uint64_t number = kFirstPage + random_() % (end_page_ - kFirstPage);
    if (!pages_.contains(number - 1) && !pages_.contains(number) && !pages_.contains(number + 1)) {
      return number;
    }
  }
}

}  // namespace ixylab::emulator
