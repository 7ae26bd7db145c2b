#include "hil/pci/sysfs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/hil/pci/fake_machine.h"

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""ms;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kAddress = "0000:03:00.0";
const std::string kDevice = FakeMachine::Device(kAddress);
const std::string kDriver = "sys/bus/pci/drivers/ixgbe";

class SysfsTest : public testing::Test {
 protected:
  SysfsTest() {
    machine_.AddPort(kAddress, "0x8086", "0x10fb");
    machine_.AddDriver(kAddress, "ixgbe");
    machine_.AddInterface(kAddress, "eth0", true);
  }
  /// What the kernel does when a driver lets go of the port.
  void Unbind() { std::filesystem::remove(machine_.root() / kDevice / "driver"); }

  FakeMachine machine_;
  PciFunction port_{kAddress, machine_.root()};
};

TEST_F(SysfsTest, StateIsRead) {
  const PortState state = port_.Read();
  EXPECT_EQ(port_.Id(), "8086:10fb");
  EXPECT_EQ(state.driver, "ixgbe");
  EXPECT_EQ(state.driver_override, "");
  EXPECT_EQ(state.enabled, 1);
  EXPECT_EQ(state.command, 0x0407);
  ASSERT_EQ(state.interfaces.size(), 1u);
  EXPECT_EQ(state.interfaces[0].name, "eth0");
  EXPECT_EQ(state.interfaces[0].mtu, "1500");
  EXPECT_TRUE(state.interfaces[0].up);
}

TEST_F(SysfsTest, TakingEndsInterfaceThenDriver) {
  port_.Take();
  EXPECT_EQ(machine_.Read(kDevice + "/net/eth0/flags").substr(0, 6), "0x1002");
  EXPECT_EQ(machine_.Read(kDriver + "/unbind"), kAddress);
}

TEST_F(SysfsTest, UntouchedPortIsLeftAlone) {
  EXPECT_THAT(port_.Restore(port_.Read(), 10ms), IsEmpty());
  EXPECT_EQ(machine_.Read(kDriver + "/bind"), "");
  EXPECT_EQ(machine_.Read(kDevice + "/net/eth0/flags"), "0x1003\n");
}

TEST_F(SysfsTest, DriverOverrideAndInterfaceComeBack) {
  const PortState before = port_.Read();
  Unbind();
  machine_.Write(kDevice + "/driver_override", "vfio-pci\n");
  machine_.Write(kDevice + "/net/eth0/flags", "0x1002\n");
  machine_.Write(kDevice + "/net/eth0/mtu", "9000\n");
  EXPECT_THAT(port_.Restore(before, 10ms), IsEmpty());
  EXPECT_EQ(machine_.Read(kDriver + "/bind"), kAddress);
  EXPECT_EQ(machine_.Read(kDevice + "/driver_override").front(), '\n');
  EXPECT_EQ(machine_.Read(kDevice + "/net/eth0/flags").substr(0, 6), "0x1003");
  EXPECT_EQ(machine_.Read(kDevice + "/net/eth0/mtu").substr(0, 4), "1500");
}

TEST_F(SysfsTest, ForeignDriverIsUnboundFirst) {
  const PortState before = port_.Read();
  Unbind();
  machine_.AddDriver(kAddress, "vfio-pci");
  EXPECT_THAT(port_.Restore(before, 10ms), IsEmpty());
  EXPECT_EQ(machine_.Read("sys/bus/pci/drivers/vfio-pci/unbind"), kAddress);
  EXPECT_EQ(machine_.Read(kDriver + "/bind"), kAddress);
}

TEST_F(SysfsTest, WithoutADriverNoDmaStays) {
  Unbind();
  std::filesystem::remove_all(machine_.root() / kDevice / "net");
  const PortState before = port_.Read();
  machine_.Write(kDevice + "/config", std::string("\x86\x80\xfb\x10\x06\x00\x10\x00", 8));
  EXPECT_THAT(port_.Restore(before, 10ms), IsEmpty());
  EXPECT_EQ(port_.Read().command, 0x0403) << "as before, but for bus mastering";
  EXPECT_EQ(machine_.Read(kDriver + "/bind"), "");
}

TEST_F(SysfsTest, WhatDoesNotComeBackIsSaid) {
  const PortState before = port_.Read();
  Unbind();
  std::filesystem::remove_all(machine_.root() / kDevice / "net");
  std::filesystem::remove(machine_.root() / kDriver / "bind");
  const std::vector<std::string> failures = port_.Restore(before, 10ms);
  EXPECT_THAT(failures,
              ElementsAre(HasSubstr("drivers/ixgbe/bind"), HasSubstr("eth0 does not come")));
  for (const std::string& failure : failures) EXPECT_THAT(failure, HasSubstr(kAddress));
}

}  // namespace
}  // namespace ixylab::hil
