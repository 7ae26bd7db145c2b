// Physical addresses from a pagemap that the test writes. Huge pages themselves are tested in
// virtual machines, where there are some; here, what is said if there are none.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "driver/pci/pci.h"

namespace ixylab {
namespace {

using testing::HasSubstr;

class HugepageMemoryTest : public testing::Test {
 protected:
  HugepageMemoryTest() : file_(mkstemp(path_.data())) { EXPECT_GE(file_, 0); }
  ~HugepageMemoryTest() override {
    close(file_);
    unlink(path_.c_str());
  }
  /// The pagemap's entry for the page of `byte`: a sparse file.
  void Enter(const void* byte, std::uint64_t entry) {
    const auto page = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(byte) / 4096);
    ASSERT_EQ(pwrite(file_, &entry, sizeof entry, page * 8), 8);
  }
  std::string AddressError(const HugepageMemory& memory) {
    try {
      memory.PhysicalAddress(page_);
    } catch (const DeviceError& error) {
      return error.what();
    }
    return "";
  }

  std::string path_ = testing::TempDir() + "pagemap.XXXXXX";
  int file_;
  alignas(4096) static inline std::byte page_[4096];
};

TEST_F(HugepageMemoryTest, PhysicalAddress) {
  // Bits 55 and up are flags: soft-dirty, exclusive, file, swapped, present.
  Enter(page_, 0xA180'0000'0012'3456);
  const HugepageMemory memory(path_);
  EXPECT_EQ(memory.PhysicalAddress(page_), 0x1'2345'6000u);
  EXPECT_EQ(memory.PhysicalAddress(page_ + 0xABC), 0x1'2345'6ABCu);
  Enter(page_, 0x800F'FFFF'FFFF'FFFF);
  EXPECT_EQ(memory.PhysicalAddress(page_), 0xFFFF'FFFF'FFFF'F000u);
}

TEST_F(HugepageMemoryTest, PagemapWithoutAddresses) {
  const std::string error = path_ + " tells no physical addresses: root (CAP_SYS_ADMIN) is needed";
  const HugepageMemory memory(path_);
  EXPECT_EQ(AddressError(memory), error) << "an empty file";
  Enter(page_, 0x8180'0000'0000'0000);
  EXPECT_EQ(AddressError(memory), error) << "what the kernel shows to others than root";
  EXPECT_THAT(AddressError(HugepageMemory(path_ + ".missing")), HasSubstr(" tells no "));
}

TEST_F(HugepageMemoryTest, PagesOf2MiB) {
  EXPECT_EQ(HugepageMemory(path_).page_size(), std::size_t{1} << 21);
}

TEST_F(HugepageMemoryTest, MoreThanAnyMachineHas) {
  HugepageMemory memory;
  try {
    memory.Allocate((std::size_t{1} << 46) - 1);
    FAIL() << "64 TiB of huge pages";
  } catch (const DeviceError& error) {
    EXPECT_STREQ(error.what(),
                 "no 33554432 free huge pages of 2 MiB: echo 512 > "
                 "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  }
}

}  // namespace
}  // namespace ixylab
