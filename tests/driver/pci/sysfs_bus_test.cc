// The sysfs bus on files. What the kernel does behind them is tested in virtual machines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "driver/pci/pci.h"
#include "tests/driver/pci/fake_sysfs.h"
#include "tests/driver/scripted_dma.h"

namespace ixylab {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class SysfsBusTest : public testing::Test {
 protected:
  std::unique_ptr<Bus> Open() { return OpenSysfsBus(FakeSysfs::kAddress, dma_, sysfs_.root()); }

  std::string Error(const std::string& address = FakeSysfs::kAddress) {
    try {
      OpenSysfsBus(address, dma_, sysfs_.root());
    } catch (const DeviceError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    ADD_FAILURE() << "it opened";
    return "";
  }

  /// Nothing has been taken from the kernel.
  void ExpectUntouched() {
    EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "unbind"), "");
    EXPECT_EQ(FakeSysfs::Get(sysfs_.device() / "enable"), "");
    EXPECT_EQ(sysfs_.Command(), 0x0103);
  }

  ScriptedDma dma_;
  FakeSysfs sysfs_;
};

TEST_F(SysfsBusTest, TakesTheDeviceAndGivesItBack) {
  {
    const std::unique_ptr<Bus> bus = Open();
    EXPECT_EQ(bus->id(), (PciId{0x8086, 0x10FB}));
    EXPECT_EQ(&bus->dma(), &dma_);
    EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "unbind"), FakeSysfs::kAddress);
    EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "bind"), "");
    EXPECT_EQ(FakeSysfs::Get(sysfs_.device() / "enable"), "1");
    EXPECT_EQ(sysfs_.Command(), 0x0107) << "memory, I/O, bus master; the rest as it was";
  }
  EXPECT_EQ(sysfs_.Command(), 0x0103) << "no bus master any more";
  EXPECT_EQ(FakeSysfs::Get(sysfs_.device() / "enable"), "0");
  EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "bind"), FakeSysfs::kAddress);
}

TEST_F(SysfsBusTest, ADeviceWithoutADriverIsLeftWithoutOne) {
  std::filesystem::remove(sysfs_.device() / "driver");
  { const std::unique_ptr<Bus> bus = Open(); }
  EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "unbind"), "");
  EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "bind"), "");
  EXPECT_EQ(FakeSysfs::Get(sysfs_.device() / "enable"), "0");
}

TEST_F(SysfsBusTest, WhatWasTakenBeforeAnErrorIsGivenBack) {
  std::filesystem::remove(sysfs_.device() / "enable");
  std::filesystem::create_directory(sysfs_.device() / "enable");  // cannot be written to
  EXPECT_THAT(Error(), StartsWith("0000:03:00.0: " + (sysfs_.device() / "enable").string() + ": "));
  EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "unbind"), FakeSysfs::kAddress);
  EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "bind"), FakeSysfs::kAddress);
  EXPECT_EQ(sysfs_.Command(), 0x0103);
}

TEST_F(SysfsBusTest, NoSuchDevice) {
  for (const char* address : {"0000:03:00.1", "03:00.0", "eth0", "", ".", "../devices"}) {
    EXPECT_EQ(Error(address),
              std::string(address) + ": no such PCI device (an address looks like 0000:03:00.0)");
  }
}

TEST_F(SysfsBusTest, ADriverThatDoesNotLetGo) {
  std::filesystem::remove(sysfs_.driver() / "unbind");
  std::filesystem::create_directory(sysfs_.driver() / "unbind");
  EXPECT_THAT(Error(), HasSubstr("/unbind: "));
  EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "bind"), "");
  EXPECT_EQ(FakeSysfs::Get(sysfs_.device() / "enable"), "");
}

TEST_F(SysfsBusTest, InUseByAnotherProgram) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t other = fork();
  if (other == 0) {
    const std::unique_ptr<Bus> bus = Open();
    if (write(ready[1], "x", 1) == 1) pause();
    _exit(1);
  }
  char x;
  ASSERT_EQ(read(ready[0], &x, 1), 1);
  EXPECT_EQ(Error(), "0000:03:00.0: busy: another program has it");
  EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "bind"), "") << "it is the other's to give back";
  // It is killed, and has given nothing back but the lock.
  kill(other, SIGKILL);
  ASSERT_EQ(waitpid(other, nullptr, 0), other);
  Open();
  close(ready[0]);
  close(ready[1]);
}

// Unbinding it would wait until that program ends.
TEST_F(SysfsBusTest, InUseThroughVfio) {
  const std::filesystem::path vfio = sysfs_.driver().parent_path() / "vfio-pci";
  std::filesystem::rename(sysfs_.driver(), vfio);
  std::filesystem::remove(sysfs_.device() / "driver");
  std::filesystem::create_directory_symlink(vfio, sysfs_.device() / "driver");
  EXPECT_EQ(Error(), "0000:03:00.0: busy: vfio-pci has it for another program");
  EXPECT_EQ(FakeSysfs::Get(vfio / "unbind"), "");
}

TEST_F(SysfsBusTest, NotRoot) {
  // In a sandbox there may be no user but root: so root without its rights, of which DAC_OVERRIDE
  // opens files of any mode.
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct rights[2];
  ASSERT_EQ(syscall(SYS_capget, &header, rights), 0);
  const std::uint32_t effective = rights[0].effective;
  rights[0].effective = 0;
  ASSERT_EQ(syscall(SYS_capset, &header, rights), 0);
  std::filesystem::permissions(sysfs_.device() / "config", std::filesystem::perms::owner_read);
  const std::string error = Error();
  rights[0].effective = effective;
  ASSERT_EQ(syscall(SYS_capset, &header, rights), 0);
  EXPECT_EQ(error, "0000:03:00.0: config: Permission denied: root is needed");
  ExpectUntouched();
}

TEST_F(SysfsBusTest, AnIommuThatTranslatesIsRefused) {
  std::filesystem::create_directory(sysfs_.device() / "iommu_group");
  FakeSysfs::Put(sysfs_.device() / "iommu_group/type", "DMA-FQ\n");
  EXPECT_EQ(Error(),
            "0000:03:00.0: its IOMMU (DMA-FQ) takes no physical addresses: boot with iommu=pt");
  ExpectUntouched();
  FakeSysfs::Put(sysfs_.device() / "iommu_group/type", "identity\n");
  Open();
}

TEST_F(SysfsBusTest, MemoryBar) {
  const std::unique_ptr<Bus> bus = Open();
  bus->Write32(0x1004, 0x12345678);
  EXPECT_EQ(bus->Read32(0x1004), 0x12345678u);
  EXPECT_EQ(bus->Read(0, 0x1004, 1), 0x78u);
  EXPECT_EQ(bus->Read(0, 0x1006, 2), 0x1234u);
  bus->Write(0, 0x1005, 1, 0xAB);
  bus->Write(0, 0x1006, 2, 0xCDEF);
  const std::string file = FakeSysfs::Get(sysfs_.device() / "resource0");
  EXPECT_EQ(file.substr(0x1004, 4), "\x78\xAB\xEF\xCD");
  auto* const mapped = static_cast<std::uint32_t*>(bus->MapRegister(0, 0x1004));
  ASSERT_NE(mapped, nullptr);
  EXPECT_EQ(*mapped, 0xCDEFAB78u);
  *mapped = 7;
  EXPECT_EQ(bus->Read32(0x1004), 7u);
}

TEST_F(SysfsBusTest, IoBar) {
  const std::unique_ptr<Bus> bus = Open();
  bus->Write(2, 8, 4, 0x12345678);
  bus->Write(2, 0x12, 1, 0xAB);
  bus->Write(2, 0x14, 2, 0xCDEF);
  EXPECT_EQ(bus->Read(2, 8, 4), 0x12345678u);
  EXPECT_EQ(bus->Read(2, 10, 2), 0x1234u);
  EXPECT_EQ(bus->Read(2, 0x12, 1), 0xABu);
  EXPECT_EQ(bus->Read(2, 0x14, 4), 0xCDEFu);
  EXPECT_EQ(bus->MapRegister(2, 8), nullptr);
}

TEST_F(SysfsBusTest, ConfigurationSpace) {
  const std::unique_ptr<Bus> bus = Open();
  EXPECT_EQ(bus->Read(Bus::kConfigSpace, 0, 4), 0x10FB8086u);
  EXPECT_EQ(bus->Read(Bus::kConfigSpace, 0x18, 1), 1u);
  bus->Write(Bus::kConfigSpace, 0x40, 2, 0xBEEF);
  EXPECT_EQ(FakeSysfs::Get(sysfs_.device() / "config").substr(0x40, 3),
            (std::string("\xEF\xBE\x00", 3)));
  EXPECT_EQ(bus->MapRegister(Bus::kConfigSpace, 0), nullptr);
}

TEST_F(SysfsBusTest, RegistersThatAreNotThere) {
  const std::unique_ptr<Bus> bus = Open();
  const auto error = [&](unsigned region, std::uint32_t offset) -> std::string {
    try {
      bus->Read(region, offset, 4);
    } catch (const DeviceError& failure) {
      return failure.what();
    }
    return "";
  };
  EXPECT_THAT(error(4, 0), StartsWith("0000:03:00.0: resource4: No such file"));
  EXPECT_EQ(error(0, FakeSysfs::kBar0Size - 4), "");
  EXPECT_EQ(error(0, FakeSysfs::kBar0Size), "0000:03:00.0: offset 8192 is beyond region 0");
  EXPECT_EQ(error(0, 0xFFFFFFFC), "0000:03:00.0: offset 4294967292 is beyond region 0");
  EXPECT_EQ(error(2, 30), "0000:03:00.0: offset 30 is beyond region 2");
  EXPECT_THROW(bus->Write(2, 32, 1, 0), DeviceError);
  EXPECT_THROW(bus->MapRegister(0, FakeSysfs::kBar0Size), DeviceError);
}

TEST_F(SysfsBusTest, InterruptsAreRefused) {
  const std::unique_ptr<Bus> bus = Open();
  EXPECT_THROW(bus->WaitForInterrupt(0, std::chrono::milliseconds(1)), DeviceError);
}

TEST_F(SysfsBusTest, SleepsAsLongAsAskedAndShortOnesNotMuchLonger) {
  const std::unique_ptr<Bus> bus = Open();
  const auto slept = [&](Nanoseconds duration) {
    Nanoseconds shortest = std::chrono::hours(1);
    for (int i = 0; i < 50; ++i) {  // others may be using the machine
      const Nanoseconds start = bus->Now();
      bus->Sleep(duration);
      const Nanoseconds took = bus->Now() - start;
      EXPECT_GE(took, duration);
      shortest = std::min(shortest, took);
    }
    return shortest;
  };
  EXPECT_LT(slept(std::chrono::microseconds(10)), std::chrono::microseconds(20));
  slept(std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace ixylab
