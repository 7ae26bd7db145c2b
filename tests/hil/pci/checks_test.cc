#include "hil/pci/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/hil/pci/fake_machine.h"

namespace ixylab::hil {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string kFirst = "0000:03:00.0";
const std::string kSecond = "0000:03:00.1";

class ChecksTest : public testing::Test {
 protected:
  ChecksTest() {
    for (const std::string& address : {kFirst, kSecond}) {
      machine_.AddPort(address, "0x8086", "0x10fb");
      machine_.AddDriver(address, "ixgbe");
    }
    machine_.AddInterface(kFirst, "eth0", true);
    machine_.AddInterface(kSecond, "eth1", false);
  }

  std::string Refusal(const std::array<std::string, 2>& addresses = {kFirst, kSecond},
                      PciBus bus = PciBus::kSysfs) {
    try {
      CheckPorts(addresses, bus, network_, machine_.root());
      ADD_FAILURE() << "the ports are taken";
      return {};
    } catch (const PciError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
  }

  FakeMachine machine_;
  Network network_;
};

TEST_F(ChecksTest, GoodPortsAreTaken) {
  network_.addresses = {{"lo", "127.0.0.1"}, {"eth7", "192.0.2.1"}, {"eth0", "fe80::1", true}};
  network_.default_routes = {"eth7"};
  network_.ssh = {"eth7"};
  EXPECT_NO_THROW(CheckPorts({kFirst, kSecond}, PciBus::kSysfs, network_, machine_.root()));
}

TEST_F(ChecksTest, MissingPort) {
  EXPECT_THAT(Refusal({kFirst, "0000:04:00.0"}),
              AllOf(HasSubstr("0000:04:00.0"), HasSubstr("no such PCI device")));
}

TEST_F(ChecksTest, UnsupportedPortIsNamedWithItsId) {
  machine_.AddPort("0000:00:19.0", "0x8086", "0x100e");
  EXPECT_THAT(Refusal({"0000:00:19.0", kSecond}),
              AllOf(HasSubstr("0000:00:19.0"), HasSubstr("8086:100e")));
}

TEST_F(ChecksTest, PortsThatTheMachineNeedsStayWithTheKernel) {
  network_.addresses = {{"eth1", "192.0.2.7"}};
  EXPECT_THAT(Refusal(), AllOf(HasSubstr(kSecond), HasSubstr("eth1 has the address 192.0.2.7")));
  network_.default_routes = {"eth1"};
  EXPECT_THAT(Refusal(), HasSubstr("eth1 has the default route"));
  network_.ssh = {"eth1"};
  EXPECT_THAT(Refusal(), HasSubstr("eth1 carries your SSH connection"));
}

TEST_F(ChecksTest, PortOfABridgeStaysWithTheKernel) {
  machine_.Link(FakeMachine::Device(kFirst) + "/net/eth0/upper_br0", "sys/class/net");
  EXPECT_THAT(Refusal(), HasSubstr("eth0 is part of br0"));
  network_.default_routes = {"br0"};
  EXPECT_THAT(Refusal(), HasSubstr("br0, which has the default route"));
}

TEST_F(ChecksTest, InterfaceOfAVirtioDeviceIsFound) {
  machine_.AddPort("0000:00:04.0", "0x8086", "0x10fb");
  machine_.Write(FakeMachine::Device("0000:00:04.0") + "/virtio2/net/eth3/flags", "0x1003\n");
  machine_.Link("sys/class/net/eth3", FakeMachine::Device("0000:00:04.0") + "/virtio2/net/eth3");
  network_.default_routes = {"eth3"};
  EXPECT_THAT(Refusal({kFirst, "0000:00:04.0"}), HasSubstr("eth3 has the default route"));
}

TEST_F(ChecksTest, InterfaceOfAnotherNamespace) {
  std::filesystem::remove_all(machine_.root() / FakeMachine::Device(kFirst) / "net/eth0");
  EXPECT_THAT(Refusal(), HasSubstr("another network namespace"));
}

TEST_F(ChecksTest, MissingRightsAreNamed) {
  machine_.Write("proc/self/status", "CapEff:\t0000000000000000\n");
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("CAP_SYS_ADMIN"), HasSubstr("CAP_SYS_RAWIO")));
  machine_.Write("proc/self/status", "CapEff:\t000001ffffdfffff\n");
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("CAP_SYS_ADMIN"), Not(HasSubstr("CAP_SYS_RAWIO"))));
}

TEST_F(ChecksTest, WhoMapsOrOpensThePortIsNamed) {
  const std::string resource =
      (machine_.root() / FakeMachine::Device(kFirst) / "resource0").string();
  machine_.Write("proc/4242/comm", "testpmd\n");
  machine_.Write("proc/4242/maps", "7f0-7f1 rw-s 00000000 00:16 99    " + resource + "\n");
  EXPECT_THAT(Refusal(), AllOf(HasSubstr(kFirst), HasSubstr("busy: process 4242 (testpmd)")));
  machine_.Write("proc/4242/maps", "");
  EXPECT_NO_THROW(CheckPorts({kFirst, kSecond}, PciBus::kSysfs, network_, machine_.root()));
  machine_.Link("proc/4242/fd/7", FakeMachine::Device(kFirst) + "/resource2");
  EXPECT_THAT(Refusal(), HasSubstr("busy: process 4242 (testpmd)"));
}

TEST_F(ChecksTest, WhoHasThePortThroughVfioIsNamed) {
  machine_.Link(FakeMachine::Device(kSecond) + "/iommu_group", "sys/kernel/iommu_groups/17");
  machine_.Write("proc/77/comm", "qemu\n");
  machine_.Link("proc/77/fd/11", "dev/vfio/17");
  EXPECT_THAT(Refusal(), AllOf(HasSubstr(kSecond), HasSubstr("busy: process 77 (qemu)")));
  std::filesystem::remove(machine_.root() / "proc/77/fd/11");
  machine_.Link("proc/77/fd/11", "dev/vfio/171");
  machine_.Write("sys/kernel/iommu_groups/17/type", "identity\n");
  EXPECT_NO_THROW(CheckPorts({kFirst, kSecond}, PciBus::kSysfs, network_, machine_.root()));
}

TEST_F(ChecksTest, TranslatingIommu) {
  machine_.Link(FakeMachine::Device(kFirst) + "/iommu_group", "sys/kernel/iommu_groups/5");
  machine_.Write("sys/kernel/iommu_groups/5/type", "identity\n");
  EXPECT_NO_THROW(CheckPorts({kFirst, kSecond}, PciBus::kSysfs, network_, machine_.root()));
  for (const char* type : {"DMA", "DMA-FQ"}) {
    machine_.Write("sys/kernel/iommu_groups/5/type", std::string(type) + "\n");
    EXPECT_THAT(Refusal(), AllOf(HasSubstr("IOMMU"), HasSubstr(type), HasSubstr("iommu=pt")));
  }
}

TEST_F(ChecksTest, VfioNeedsAnIommuAndWholeGroups) {
  const auto refusal = [&] { return Refusal({kFirst, kSecond}, PciBus::kVfio); };
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr(kFirst), HasSubstr("no IOMMU"), HasSubstr("intel_iommu=on")));
  // Both ports, a bridge, one without a driver and one that the kernel uses.
  const std::filesystem::path group = "sys/kernel/iommu_groups/5";
  machine_.Write(group / "type", "DMA-FQ\n");
  for (const char* address : {"0000:02:00.0", "0000:03:00.2", "0000:03:00.3"}) {
    machine_.AddPort(address, "0x8086", "0x10fb");
  }
  machine_.AddDriver("0000:02:00.0", "pcieport");
  machine_.AddDriver("0000:03:00.3", "nvme");
  for (const std::string& address :
       {kFirst, kSecond, std::string("0000:02:00.0"), std::string("0000:03:00.2")}) {
    machine_.Link(FakeMachine::Device(address) + "/iommu_group", group);
    machine_.Link(group / "devices" / address, FakeMachine::Device(address));
  }
  EXPECT_NO_THROW(CheckPorts({kFirst, kSecond}, PciBus::kVfio, network_, machine_.root()));
  machine_.Link(group / "devices/0000:03:00.3", FakeMachine::Device("0000:03:00.3"));
  EXPECT_THAT(refusal(), AllOf(HasSubstr("IOMMU group 5"), HasSubstr("0000:03:00.3 (nvme)")));
}

TEST_F(ChecksTest, HugePages) {
  machine_.Write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "63\n");
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("63 huge pages"), HasSubstr("nr_hugepages")));
}

TEST_F(ChecksTest, HugePagesThatMayBeRaisedTakeMemory) {
  const auto check = [&] {
    CheckPorts({kFirst, kSecond}, PciBus::kSysfs, network_, machine_.root(),
               HugePageSupply::kRaised);
  };
  machine_.Write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "54\n");
  machine_.Write("proc/meminfo", "MemAvailable:      20480 kB\n");
  EXPECT_NO_THROW(check());
  machine_.Write("proc/meminfo", "MemAvailable:      19456 kB\n");
  try {
    check();
    ADD_FAILURE() << "the memory is enough";
  } catch (const PciError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("54 huge pages"), HasSubstr("19 MiB")));
  }
}

TEST(NetworkTest, DefaultRoutesOfTheKernelsTables) {
  constexpr const char* kIpv4 =
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
      "eth1\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "eth2\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n";
  constexpr const char* kIpv6 =
      "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
      "fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth3\n"
      "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth4\n"
      "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n";
  EXPECT_THAT(DefaultRoutes(kIpv4, kIpv6), testing::ElementsAre("eth0", "eth3"));
  EXPECT_THAT(DefaultRoutes("", ""), testing::IsEmpty());
}

TEST(NetworkTest, SshConnectionIsThatOfItsServerAddress) {
  setenv("SSH_CONNECTION", "127.0.0.2 4711 127.0.0.1 22", 1);
  EXPECT_THAT(ReadNetwork().ssh, testing::Contains("lo"));
  unsetenv("SSH_CONNECTION");
  setenv("SSH_CLIENT", "127.0.0.1 4711 22", 1);
  EXPECT_THAT(ReadNetwork().ssh, testing::Contains("lo"));
  setenv("SSH_CLIENT", "fe80::1%eth9 4711 22", 1);
  EXPECT_THAT(ReadNetwork().ssh, testing::ElementsAre("eth9"));
  unsetenv("SSH_CLIENT");
  EXPECT_THAT(ReadNetwork().ssh, testing::IsEmpty());
}

}  // namespace
}  // namespace ixylab::hil
