#include "emulator/host/iommu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <set>

namespace ixylab::emulator {
namespace {

constexpr std::size_t kPage = Iommu::kPageSize;

TEST(Iommu, MemoryIsZeroedWholePagesAndAligned) {
  Iommu iommu(1);
  const auto mapping = iommu.Allocate(kPage + 1);
  EXPECT_EQ(mapping.bytes.size(), 2 * kPage);
  EXPECT_EQ(mapping.pages.size(), 2u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(mapping.bytes.data()) % kPage, 0u);
  EXPECT_TRUE(std::ranges::all_of(mapping.bytes, [](std::byte b) { return b == std::byte{0}; }));
  EXPECT_EQ(iommu.Allocate(0).bytes.size(), kPage);
}

TEST(Iommu, AddressesAreAbove4GiBAndNotContiguous) {
  Iommu iommu(1);
  std::set<std::uint64_t> pages;
  for (int i = 0; i < 8; ++i) {
    for (std::uint64_t page : iommu.Allocate(8 * kPage).pages) {
      EXPECT_GE(page, std::uint64_t{4} << 30);
      EXPECT_EQ(page % kPage, 0u);
      EXPECT_TRUE(pages.insert(page).second);
    }
  }
  for (std::uint64_t page : pages) EXPECT_FALSE(pages.contains(page + kPage));
}

TEST(Iommu, AddressesComeFromTheSeed) {
  EXPECT_EQ(Iommu(7).Allocate(4 * kPage).pages, Iommu(7).Allocate(4 * kPage).pages);
  EXPECT_NE(Iommu(7).Allocate(4 * kPage).pages, Iommu(8).Allocate(4 * kPage).pages);
}

TEST(Iommu, FindsThePageAroundAnAddress) {
  Iommu iommu(1);
  const auto mapping = iommu.Allocate(2 * kPage);
  const DmaWindow window = iommu.Find(mapping.pages[1] + 12345);
  EXPECT_EQ(window.iova, mapping.pages[1]);
  EXPECT_EQ(window.size, kPage);
  EXPECT_EQ(window.memory, mapping.bytes.data() + kPage);
  EXPECT_EQ(iommu.Find(0).size, 0u);
  EXPECT_EQ(iommu.Find(mapping.pages[0] - 1).size, 0u);
  EXPECT_EQ(iommu.Find(mapping.pages[0] + kPage).size, 0u);
}

TEST(Iommu, AnUnmapCountsAtOnce) {
  Iommu iommu(1);
  const auto mapping = iommu.Allocate(kPage);
  const auto other = iommu.Allocate(kPage);
  iommu.Release(mapping);
  EXPECT_EQ(iommu.Find(mapping.pages[0]).size, 0u);
  EXPECT_EQ(iommu.Find(other.pages[0]).size, kPage);
}

TEST(Iommu, RefusesWhatNoMachineHas) {
  Iommu iommu(1);
  EXPECT_THROW(iommu.Allocate(~std::size_t{0}), std::bad_alloc);
  EXPECT_THROW(iommu.Allocate((std::size_t{1} << 40) + 1), std::bad_alloc);
}

}  // namespace
}  // namespace ixylab::emulator
