// The bus through vfio-pci on files and on answers that a test chooses. What the kernel does behind
// them is tested in virtual machines.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "driver/pci/vfio.h"
#include "tests/driver/pci/fake_vfio.h"

namespace ixylab {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::uint64_t kPage = 2 << 20;

class VfioBusTest : public testing::Test {
 protected:
  std::unique_ptr<Bus> Open() { return OpenVfioBus(FakeSysfs::kAddress, memory_); }
  std::string Error(const std::string& address = FakeSysfs::kAddress) {
    return ErrorOf([&] { OpenVfioBus(address, memory_); });
  }
  template <typename Call>
  std::string ErrorOf(Call call) {
    try {
      call();
    } catch (const DeviceError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    ADD_FAILURE() << "nothing was wrong";
    return "";
  }
  std::string Override() const { return FakeSysfs::Get(vfio_.sysfs.device() / "driver_override"); }
  /// It is the kernel's again, or still.
  void ExpectGivenBack(bool taken) {
    const std::string address = taken ? FakeSysfs::kAddress : "";
    EXPECT_EQ(FakeSysfs::Get(vfio_.sysfs.driver() / "unbind"), address);
    EXPECT_EQ(FakeSysfs::Get(vfio_.driver() / "bind"), address);
    EXPECT_EQ(FakeSysfs::Get(vfio_.driver() / "unbind"), address);
    EXPECT_EQ(FakeSysfs::Get(vfio_.sysfs.driver() / "bind"), address);
    EXPECT_EQ(Override(), taken ? "\n" : "(null)\n");
  }
  void Raise(std::uint32_t vector) {
    const std::uint64_t one = 1;
    ASSERT_EQ(write(vfio_.events.at(vector), &one, sizeof one), ssize_t{sizeof one});
  }

  FakeVfio vfio_;
  VfioMemory memory_{vfio_.kernel()};
};

TEST_F(VfioBusTest, TakesTheDeviceAndGivesItBack) {
  {
    const std::unique_ptr<Bus> bus = Open();
    EXPECT_EQ(bus->id(), (PciId{0x8086, 0x10FB}));
    EXPECT_EQ(&bus->dma(), &memory_);
    EXPECT_EQ(FakeSysfs::Get(vfio_.sysfs.driver() / "unbind"), FakeSysfs::kAddress);
    EXPECT_EQ(Override(), "vfio-pci");
    EXPECT_EQ(FakeSysfs::Get(vfio_.driver() / "bind"), FakeSysfs::kAddress);
    EXPECT_EQ(FakeSysfs::Get(vfio_.driver() / "unbind"), "");
    EXPECT_EQ(vfio_.Get(7, 4) & 0xFFFF, 0x0107u) << "memory, I/O, bus master; the rest as it was";
  }
  ExpectGivenBack(true);
}

TEST_F(VfioBusTest, WhatVfioHasAlreadyStaysThere) {
  fs::remove(vfio_.sysfs.device() / "driver");
  fs::create_directory_symlink(vfio_.driver(), vfio_.sysfs.device() / "driver");
  Open();
  ExpectGivenBack(false);
}

TEST_F(VfioBusTest, RegistersMappedAndNot) {
  const std::unique_ptr<Bus> bus = Open();
  bus->Write32(0x104, 0x12345678);
  EXPECT_EQ(vfio_.Get(0, 0x104), 0x12345678u);
  EXPECT_EQ(bus->Read(0, 0x106, 2), 0x1234u);
  EXPECT_EQ(bus->Read(0, 0x104, 1), 0x78u);
  auto* const mapped = static_cast<std::uint32_t*>(bus->MapRegister(0, 0x104));
  ASSERT_NE(mapped, nullptr);
  EXPECT_EQ(*mapped, 0x12345678u);
  EXPECT_NE(bus->MapRegister(0, FakeVfio::kMappable - 4), nullptr);

  EXPECT_EQ(bus->MapRegister(0, FakeVfio::kMappable), nullptr);
  bus->Write32(FakeVfio::kMappable, 0xABCD0123);
  EXPECT_EQ(vfio_.Get(0, FakeVfio::kMappable), 0xABCD0123u);
  EXPECT_EQ(bus->Read(0, FakeVfio::kMappable + 2, 2), 0xABCDu);

  EXPECT_EQ(bus->MapRegister(2, 8), nullptr);
  bus->Write(2, 8, 1, 0x5A);
  EXPECT_EQ(vfio_.Get(2, 8), 0x5Au);
  EXPECT_EQ(bus->Read(Bus::kConfigSpace, 0, 4), 0x10FB8086u);
  EXPECT_EQ(bus->MapRegister(Bus::kConfigSpace, 0), nullptr);

  const std::string error = "0000:03:00.0: vfio-pci: offset 8192 is beyond region 0";
  EXPECT_EQ(ErrorOf([&] { bus->Read32(8192); }), error);
  EXPECT_THROW(bus->Write(2, 30, 4, 0), DeviceError);
  EXPECT_THROW(bus->Read(4, 0, 4), DeviceError) << "no such region";
  EXPECT_THROW(bus->MapRegister(0, 0xFFFFFFFF), DeviceError);
}

// --- Memory ---

TEST_F(VfioBusTest, MemoryHasAddressesOfItsOwnWhileItLives) {
  const std::unique_ptr<Bus> bus = Open();
  {
    const DmaMemory first = memory_.Allocate(3 * kPage - 5);
    EXPECT_EQ(first.bytes().size(), 3 * kPage);
    EXPECT_EQ(first.page_size(), kPage);
    EXPECT_EQ(first.iova(0) % kPage, 0u);
    EXPECT_GT(first.iova(0), 0xFFFFFFFFu) << "no bits above those that a careless driver keeps";
    EXPECT_EQ(first.iova(2 * kPage + 7), first.iova(0) + 2 * kPage + 7);
    const DmaMemory second = memory_.Allocate(1);
    EXPECT_THAT(vfio_.maps, SizeIs(2));
    EXPECT_EQ(vfio_.maps.at(first.iova(0)), 3 * kPage);
    EXPECT_EQ(vfio_.maps.at(second.iova(0)), kPage);
  }
  EXPECT_THAT(vfio_.maps, SizeIs(0));
}

TEST_F(VfioBusTest, AddressesAreUsedAgainOnlyWhenThereAreNoOthers) {
  // Five pages, with MSI's window in the way.
  vfio_.ranges = {{0xFE900000, 0xFEDFFFFF}, {0xFEF00000, 0xFF1FFFFF}, {1ull << 32, 0x1003FFFFF}};
  const std::unique_ptr<Bus> bus = Open();
  const std::uint64_t once = memory_.Allocate(1).iova(0);
  std::vector<DmaMemory> all;
  for (int i = 0; i < 5; ++i) all.push_back(memory_.Allocate(1));
  EXPECT_EQ(all[4].iova(0), once) << "the oldest one that is free";
  EXPECT_THAT(ErrorOf([&] { memory_.Allocate(1); }), HasSubstr("no 2097152 bytes of device addr"));
  EXPECT_THAT(vfio_.maps, SizeIs(5)) << "none of them outside the ranges, or it were refused";
}

TEST_F(VfioBusTest, MemoryBeforeTheFirstDeviceAndAfterTheLast) {
  const DmaMemory memory = memory_.Allocate(1);
  EXPECT_THAT(vfio_.maps, SizeIs(0));
  for (int i = 1; i <= 2; ++i) {
    const std::unique_ptr<Bus> bus = Open();
    EXPECT_EQ(vfio_.iommus, i);
    EXPECT_EQ(vfio_.maps.at(memory.iova(0)), kPage);
  }
}

TEST_F(VfioBusTest, MemoryOutlivesItsSpace) {
  auto space = std::make_unique<VfioMemory>(vfio_.kernel());
  const DmaMemory memory = space->Allocate(1);
  space.reset();
  EXPECT_EQ(memory.bytes()[kPage - 1], std::byte{0});
}

TEST_F(VfioBusTest, MemoryThatMayNotBeLocked) {
  const std::unique_ptr<Bus> bus = Open();
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_MEMLOCK, &before), 0);
  rlimit small = before;
  small.rlim_cur = 64 << 10;
  ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &small), 0);
  vfio_.map_error = ENOMEM;
  EXPECT_THAT(ErrorOf([&] { memory_.Allocate(1); }),
              AllOf(HasSubstr("cannot lock 2048 KiB"), HasSubstr("limit is 64 KiB"),
                    HasSubstr("ulimit -l")));
  ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &before), 0);
  vfio_.map_error = EINVAL;
  EXPECT_THAT(ErrorOf([&] { memory_.Allocate(1); }),
              AllOf(HasSubstr("2048 KiB for devices at device address 0x1"),
                    HasSubstr("Invalid argument")));
  vfio_.map_error = 0;
  memory_.Allocate(1);
}

TEST_F(VfioBusTest, NoHugePages) {
  VfioKernel kernel = vfio_.kernel();
  kernel.huge_pages = [](std::size_t) { return nullptr; };
  VfioMemory memory(kernel);
  EXPECT_THAT(ErrorOf([&] { memory.Allocate(kPage + 1); }),
              AllOf(HasSubstr("no 2 free huge pages"), HasSubstr("nr_hugepages")));
}

// --- Interrupts ---

TEST_F(VfioBusTest, EachMessageIsAnEventOfItsOwn) {
  const std::unique_ptr<Bus> bus = Open();
  EXPECT_EQ(bus->EnableInterrupts(3), Interrupts::kMessages);
  ASSERT_THAT(vfio_.events, SizeIs(3));
  Raise(1);
  Raise(1);
  EXPECT_FALSE(bus->WaitForInterrupt(0, 0ms));
  EXPECT_TRUE(bus->WaitForInterrupt(1, 0ms));
  EXPECT_FALSE(bus->WaitForInterrupt(1, 0ms)) << "it is told once";
  EXPECT_FALSE(bus->WaitForInterrupt(2, 0ms));
  EXPECT_EQ(vfio_.unmasked, 0);

  std::thread waiter([&] { EXPECT_TRUE(bus->WaitForInterrupt(2, 20s)); });
  const Nanoseconds start = bus->Now();
  EXPECT_FALSE(bus->WaitForInterrupt(0, 20ms));
  EXPECT_GE(bus->Now() - start, 20ms);
  Raise(2);
  waiter.join();

  EXPECT_EQ(ErrorOf([&] { bus->WaitForInterrupt(3, 0ms); }),
            "0000:03:00.0: vfio-pci: interrupt 3 is not enabled");
  EXPECT_EQ(ErrorOf([&] { bus->EnableInterrupts(65); }),
            "0000:03:00.0: vfio-pci: 65 interrupts are wanted, and there are 64");
  EXPECT_EQ(bus->EnableInterrupts(1), Interrupts::kMessages) << "others in their place";
  ASSERT_THAT(vfio_.events, SizeIs(1));
}

TEST_F(VfioBusTest, ALevelIsUnmaskedBeforeEachWait) {
  vfio_.msix = 0;
  const std::unique_ptr<Bus> bus = Open();
  EXPECT_EQ(bus->EnableInterrupts(4), Interrupts::kLevel);
  ASSERT_THAT(vfio_.events, SizeIs(1));
  for (int i = 1; i <= 3; ++i) {
    Raise(0);
    EXPECT_TRUE(bus->WaitForInterrupt(0, 0ms));
    EXPECT_EQ(vfio_.unmasked, i);
  }
  EXPECT_THROW(bus->WaitForInterrupt(1, 0ms), DeviceError);
}

TEST_F(VfioBusTest, DeviceWithoutInterrupts) {
  vfio_.msix = vfio_.intx = 0;
  const std::unique_ptr<Bus> bus = Open();
  EXPECT_EQ(bus->EnableInterrupts(1), Interrupts::kNone);
  EXPECT_THROW(bus->WaitForInterrupt(0, 0ms), DeviceError);
}

// --- Errors ---

TEST_F(VfioBusTest, BeforeAnythingIsTaken) {
  EXPECT_EQ(Error("0000:03:00.1"),
            "0000:03:00.1: vfio-pci: no such PCI device (an address looks like 0000:03:00.0)");
  const int lock = open((vfio_.sysfs.device() / "config").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  EXPECT_EQ(Error(), "0000:03:00.0: vfio-pci: busy: another program has it");
  close(lock);
  fs::remove(vfio_.sysfs.device() / "iommu_group");
  EXPECT_THAT(Error(), AllOf(HasSubstr("no IOMMU"), HasSubstr("intel_iommu=on")));
  ExpectGivenBack(false);
  fs::remove_all(vfio_.driver());
  EXPECT_EQ(Error(), "0000:03:00.0: vfio-pci: the module is not loaded: modprobe vfio-pci");
}

TEST_F(VfioBusTest, TheKernelUsesAnotherDeviceOfTheGroup) {
  vfio_.viable = false;
  const fs::path other = fs::path(vfio_.sysfs.root()) / "bus/pci/devices/0000:03:00.1";
  fs::create_directories(other);
  fs::create_directory_symlink(vfio_.sysfs.driver(), other / "driver");
  fs::create_directory_symlink(other, vfio_.group() / "devices/0000:03:00.1");
  EXPECT_EQ(Error(),
            "0000:03:00.0: vfio-pci: the kernel uses other devices of its IOMMU group, 5: unbind "
            "0000:03:00.1 (ixgbe)");
  ExpectGivenBack(true);
}

TEST_F(VfioBusTest, NotPermitted) {
  // In a sandbox there may be no user but root: so root without its rights.
  fs::permissions(vfio_.dev() / "vfio/5", fs::perms::none);
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct rights[2];
  ASSERT_EQ(syscall(SYS_capget, &header, rights), 0);
  const std::uint32_t effective = rights[0].effective;
  rights[0].effective = 0;
  ASSERT_EQ(syscall(SYS_capset, &header, rights), 0);
  const std::string error = Error();
  rights[0].effective = effective;
  ASSERT_EQ(syscall(SYS_capset, &header, rights), 0);
  EXPECT_THAT(error, HasSubstr("/vfio/5: root, or the file's owner, is needed: Permission denied"));
  ExpectGivenBack(true);
}

TEST_F(VfioBusTest, NoIommuOfTheTypeOrInterruptsThatAreNotRemapped) {
  vfio_.iommu_error = ENODEV;
  EXPECT_THAT(Error(), HasSubstr("modprobe vfio_iommu_type1"));
  vfio_.iommu_error = EPERM;
  EXPECT_THAT(Error(), HasSubstr("its IOMMU does not remap interrupts"));
  ExpectGivenBack(true);
}

}  // namespace
}  // namespace ixylab
