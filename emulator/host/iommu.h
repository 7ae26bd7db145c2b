// The machine's memory as devices see it: 2 MiB pages at random device addresses.
#ifndef EMULATOR_HOST_IOMMU_H_
#define EMULATOR_HOST_IOMMU_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <unordered_map>
#include <vector>

#include "emulator/host.h"

namespace ixylab::emulator {

/// Owns the memory that it hands out. Not thread-safe.
class Iommu {
 public:
  static constexpr std::size_t kPageSize = std::size_t{2} << 20;

  /// Device addresses lie between 4 GiB and 2^`address_bits` (33 to 47).
  explicit Iommu(std::uint64_t seed, unsigned address_bits = 47)
      : random_(seed), end_page_((std::uint64_t{1} << address_bits) / kPageSize) {}
  ~Iommu();
  Iommu(const Iommu&) = delete;
  Iommu& operator=(const Iommu&) = delete;

  struct Mapping {
    std::span<std::byte> bytes;        // whole pages, zeroed, aligned to the page size
    std::vector<std::uint64_t> pages;  // device address of each page
  };
  /// At least `size` bytes; at least one page. Throws std::bad_alloc.
  Mapping Allocate(std::size_t size);
  /// Unmaps and frees. `mapping` is one that Allocate returned and that is still there.
  void Release(const Mapping& mapping);

  /// The page around `iova`, or an empty window.
  DmaWindow Find(std::uint64_t iova) const;

 private:
  std::uint64_t FreePageNumber();

  std::mt19937_64 random_;
  const std::uint64_t end_page_;
  std::unordered_map<std::uint64_t, std::byte*> pages_;  // by page number
  std::unordered_map<std::byte*, std::size_t> blocks_;   // what to give back to the system
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_HOST_IOMMU_H_
