// The bus through uio_pci_generic on files. What the kernel does behind them is tested in virtual
// machines.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "driver/pci/uio.h"
#include "tests/driver/pci/fake_sysfs.h"
#include "tests/driver/scripted_dma.h"

namespace ixylab {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::HasSubstr;
using testing::StartsWith;

class UioBusTest : public testing::Test {
 protected:
  UioBusTest() {
    // What is there once the device is bound.
    fs::create_directories(sysfs_.device() / "uio/uio3");
    fs::create_directories(Dev());
    EXPECT_EQ(mkfifo(Node().c_str(), 0600), 0);
    interrupts_ = open(Node().c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_GE(interrupts_, 0);
  }
  ~UioBusTest() override { close(interrupts_); }

  fs::path Dev() const { return fs::path(sysfs_.root()) / "dev"; }
  fs::path Node() const { return Dev() / "uio3"; }
  std::string Override() const { return FakeSysfs::Get(sysfs_.device() / "driver_override"); }

  std::unique_ptr<Bus> Open() {
    return OpenUioBus(FakeSysfs::kAddress, dma_, sysfs_.root(), Dev());
  }
  std::string Error() {
    try {
      Open();
    } catch (const DeviceError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    ADD_FAILURE() << "it opened";
    return "";
  }
  /// The kernel's handler: it disables INTx and counts.
  void Interrupt(Bus& bus) {
    bus.Write(Bus::kConfigSpace, 4, 2, bus.Read(Bus::kConfigSpace, 4, 2) | kIntxDisable);
    ++count_;
    ASSERT_EQ(write(interrupts_, &count_, sizeof(count_)), ssize_t{sizeof(count_)});
  }

  static constexpr std::uint16_t kIntxDisable = 0x0400;

  ScriptedDma dma_;
  FakeSysfs sysfs_;
  int interrupts_ = -1;
  std::uint32_t count_ = 41;
};

TEST_F(UioBusTest, TakesTheDeviceAndGivesItBack) {
  {
    const std::unique_ptr<Bus> bus = Open();
    EXPECT_EQ(bus->id(), (PciId{0x8086, 0x10FB}));
    EXPECT_EQ(&bus->dma(), &dma_);
    EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "unbind"), FakeSysfs::kAddress);
    EXPECT_EQ(Override(), "uio_pci_generic");
    EXPECT_EQ(FakeSysfs::Get(sysfs_.uio() / "bind"), FakeSysfs::kAddress);
    EXPECT_EQ(FakeSysfs::Get(sysfs_.uio() / "unbind"), "");
    EXPECT_EQ(sysfs_.Command(), 0x0107);
  }
  EXPECT_EQ(FakeSysfs::Get(sysfs_.uio() / "unbind"), FakeSysfs::kAddress);
  EXPECT_EQ(Override(), "\n") << "none";
  EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "bind"), FakeSysfs::kAddress);
  EXPECT_EQ(sysfs_.Command(), 0x0103);
}

TEST_F(UioBusTest, AnOverrideThatWasThereComesBack) {
  FakeSysfs::Put(sysfs_.device() / "driver_override", "ixgbe\n");
  Open();
  EXPECT_EQ(Override(), "ixgbe\n");
}

TEST_F(UioBusTest, RegistersAreThoseOfTheSysfsBus) {
  const std::unique_ptr<Bus> bus = Open();
  bus->Write32(0x1004, 0x12345678);
  EXPECT_EQ(bus->Read(0, 0x1006, 2), 0x1234u);
  ASSERT_NE(bus->MapRegister(0, 0x1004), nullptr);
  EXPECT_EQ(*static_cast<std::uint32_t*>(bus->MapRegister(0, 0x1004)), 0x12345678u);
  const Nanoseconds start = bus->Now();
  bus->Sleep(1ms);
  EXPECT_GE(bus->Now() - start, 1ms);
}

TEST_F(UioBusTest, AnInterruptBeforeAndDuringTheWait) {
  const std::unique_ptr<Bus> bus = Open();
  for (int i = 0; i < 3; ++i) {
    Interrupt(*bus);
    EXPECT_EQ(sysfs_.Command() & kIntxDisable, kIntxDisable);
    EXPECT_TRUE(bus->WaitForInterrupt(0, 0ms));
    EXPECT_EQ(sysfs_.Command(), 0x0107) << "enabled again, nothing else changed";
    EXPECT_FALSE(bus->WaitForInterrupt(0, 0ms)) << "it is told once";
  }
}

TEST_F(UioBusTest, NoInterruptUntilTheDeadline) {
  const std::unique_ptr<Bus> bus = Open();
  for (const Nanoseconds timeout : {Nanoseconds(0), Nanoseconds(1ms), Nanoseconds(50ms)}) {
    const Nanoseconds start = bus->Now();
    EXPECT_FALSE(bus->WaitForInterrupt(0, timeout));
    EXPECT_GE(bus->Now() - start, timeout);
    EXPECT_LT(bus->Now() - start, timeout + 5s);
  }
}

TEST_F(UioBusTest, OtherVectorsAreRefused) {
  const std::unique_ptr<Bus> bus = Open();
  try {
    bus->WaitForInterrupt(1, 1ms);
    FAIL() << "vector 1";
  } catch (const DeviceError& error) {
    EXPECT_STREQ(error.what(),
                 "0000:03:00.0: uio_pci_generic: there is one interrupt, vector 0, not 1");
  }
}

TEST_F(UioBusTest, ModuleNotLoaded) {
  fs::remove_all(sysfs_.uio());
  EXPECT_EQ(Error(),
            "0000:03:00.0: uio_pci_generic: the module is not loaded: modprobe uio_pci_generic");
  EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "unbind"), "") << "taken from the kernel";
}

TEST_F(UioBusTest, NoSuchDevice) {
  try {
    OpenUioBus("0000:03:00.1", dma_, sysfs_.root(), Dev());
    FAIL() << "it opened";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), StartsWith("0000:03:00.1: no such PCI device"));
  }
}

TEST_F(UioBusTest, DeviceWithoutIntx) {
  std::string config = FakeSysfs::Get(sysfs_.device() / "config");
  config[0x3D] = 0;
  FakeSysfs::Put(sysfs_.device() / "config", config);
  EXPECT_EQ(Error(), "0000:03:00.0: uio_pci_generic: the device has no INTx");
  EXPECT_EQ(Override(), "(null)\n");
  EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "bind"), FakeSysfs::kAddress);
}

TEST_F(UioBusTest, WhatWasTakenBeforeAnErrorIsGivenBack) {
  fs::remove(sysfs_.uio() / "bind");
  fs::create_directory(sysfs_.uio() / "bind");  // cannot be written to
  EXPECT_THAT(Error(), HasSubstr("/uio_pci_generic/bind: "));
  EXPECT_EQ(FakeSysfs::Get(sysfs_.uio() / "unbind"), "");
  EXPECT_EQ(Override(), "\n");
  EXPECT_EQ(FakeSysfs::Get(sysfs_.driver() / "bind"), FakeSysfs::kAddress);
}

TEST_F(UioBusTest, BoundButWithoutAFile) {
  fs::remove(Node());
  EXPECT_THAT(Error(), HasSubstr("/uio3: No such file"));
  EXPECT_EQ(FakeSysfs::Get(sysfs_.uio() / "unbind"), FakeSysfs::kAddress);
  fs::remove_all(sysfs_.device() / "uio");
  EXPECT_THAT(Error(), HasSubstr("it shows no device under "));
}

}  // namespace
}  // namespace ixylab
