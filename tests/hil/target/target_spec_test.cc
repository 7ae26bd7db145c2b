#include "hil/target/target_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace ixylab::hil {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string Refusal(const std::string& name) {
  try {
    ParseTarget(name);
    ADD_FAILURE() << "\"" << name << "\" is taken";
    return {};
  } catch (const TargetError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("\"" + name + "\""), Not(HasSubstr("\n"))));
    return error.what();
  }
}

TEST(TargetSpecTest, EveryListedNameIsTaken) {
  for (const TargetInfo& info : Targets()) {
    EXPECT_FALSE(info.description.empty());
    if (info.name.starts_with("pci:") || info.name.starts_with("lab:")) continue;  // a pattern
    const TargetSpec spec = ParseTarget(info.name);
    EXPECT_EQ(spec.name, info.name);
    EXPECT_EQ(spec.kind, info.name.starts_with("vm:") ? TargetKind::kVm : TargetKind::kModel);
    EXPECT_EQ(spec.nic, info.name.find("virtio") == info.name.npos ? Nic::k82599 : Nic::kVirtioNet);
    EXPECT_EQ(spec.threads, info.name.ends_with("threads"));
  }
}

TEST(TargetSpecTest, LabMachines) {
  const TargetSpec any = ParseTarget("lab:rack1");
  EXPECT_EQ(any.kind, TargetKind::kLab);
  EXPECT_EQ(any.machine, "rack1");
  EXPECT_EQ(any.port, "");
  EXPECT_FALSE(any.given_bus);  // the lab file says it
  const TargetSpec port = ParseTarget("lab:rack1/a,vfio");
  EXPECT_EQ(port.machine, "rack1");
  EXPECT_EQ(port.port, "a");
  EXPECT_EQ(port.given_bus, PciBus::kVfio);
  for (const char* name : {"lab:", "lab:/a", "lab:rack1/", "lab:,vfio"}) {
    EXPECT_THROW(ParseTarget(name), TargetError) << name;
  }
}

TEST(TargetSpecTest, VirtioKinds) {
  for (const std::string prefix : {"model:virtio-net", "vm:virtio-net"}) {
    EXPECT_EQ(ParseTarget(prefix).virtio, VirtioKind::kTransitional);
    EXPECT_EQ(ParseTarget(prefix + ",legacy").virtio, VirtioKind::kLegacy);
    EXPECT_EQ(ParseTarget(prefix + ",modern").virtio, VirtioKind::kModern);
    EXPECT_EQ(ParseTarget(prefix + ",packed").virtio, VirtioKind::kPacked);
    EXPECT_EQ(ParseTarget(prefix + ",as-legacy").virtio, VirtioKind::kAsLegacy);
  }
  EXPECT_EQ(ParseTarget("model:virtio-net,legacy,threads").virtio, VirtioKind::kLegacy);
}

TEST(TargetSpecTest, UnknownNamesAreRefusedWithTheKnownOnes) {
  for (const char* name : {"",
                           "model",
                           "model:",
                           "model:82598",
                           "model:82599,",
                           "model:82599,x",
                           "model:82599,packed",
                           "Model:82599",
                           " model:82599",
                           "pci",
                           "vm:",
                           "vm:82599,",
                           "vm:82599,threads",
                           "vm:82599,legacy",
                           "vm:virtio-net,uio",
                           "vm:virtio-net,vfio",
                           "vm:82599,uio,vfio",
                           "vm:vfio",
                           "model:82599,vfio",
                           "model:82599,uio",
                           "vm:virtio-net,threads",
                           "vm:virtio-net,",
                           "model:virtio-net,packed,legacy",
                           "model:virtio-net,threads,packed",
                           "model:virtio-net2",
                           "vm:model:82599"}) {
    const std::string message = Refusal(name);
    for (const TargetInfo& target : Targets()) {
      EXPECT_THAT(message, HasSubstr(std::string(target.name)));
    }
  }
}

TEST(TargetSpecTest, PciAddresses) {
  const TargetSpec spec = ParseTarget("pci:0000:03:00.0,10000:ff:1f.7");
  EXPECT_EQ(spec.kind, TargetKind::kPci);
  EXPECT_THAT(spec.addresses, ElementsAre("0000:03:00.0", "10000:ff:1f.7"));
  EXPECT_EQ(spec.virtio, VirtioKind::kTransitional);
  EXPECT_EQ(ParseTarget("pci:0000:03:00.0,0000:03:00.1,as-legacy").virtio, VirtioKind::kAsLegacy);
  EXPECT_FALSE(ParseTarget("pci:0000:03:00.0,0000:03:00.1").needs_link);
  EXPECT_TRUE(ParseTarget("pci:0000:03:00.0,0000:03:00.1,needs-link").needs_link);
}

TEST(TargetSpecTest, Buses) {
  const std::string ports = "pci:0000:03:00.0,0000:03:00.1";
  EXPECT_EQ(ParseTarget("vm:82599").bus, PciBus::kSysfs);
  EXPECT_EQ(ParseTarget(ports).bus, PciBus::kSysfs);
  const std::pair<std::string, PciBus> buses[] = {{",uio", PciBus::kUio}, {",vfio", PciBus::kVfio}};
  for (const auto& [suffix, bus] : buses) {
    const TargetSpec vm = ParseTarget("vm:82599" + suffix);
    EXPECT_EQ(vm.kind, TargetKind::kVm);
    EXPECT_EQ(vm.nic, Nic::k82599);
    EXPECT_EQ(vm.bus, bus);
    const TargetSpec pci = ParseTarget(ports + suffix);
    EXPECT_EQ(pci.bus, bus);
    EXPECT_THAT(pci.addresses, ElementsAre("0000:03:00.0", "0000:03:00.1"));
    EXPECT_EQ(ParseTarget(ports + suffix + ",as-legacy").bus, bus);
  }
  EXPECT_THAT(Refusal(ports + ",uio,vfio"), HasSubstr("is not"));
}

TEST(TargetSpecTest, BadPciAddressesAreNamed) {
  for (const std::string bad :
       {"x", "", "03:00.0", "0000:03:00", "0000:03:00.8", "0000:03:20.0", "0000:3:00.0",
        "0000:03:00.0 ", "0000:03:0G.0", "0000:AB:00.0", "000:03:00.0", "0000-03:00.0",
        "0000:03:00.0,0000:03:00.1", "../03:00.0"}) {
    EXPECT_THAT(Refusal("pci:0000:01:00.0," + bad), HasSubstr("\"" + bad + "\" is not")) << bad;
  }
  EXPECT_THAT(Refusal("pci:0000:01:00.0"), HasSubstr("two PCI addresses"));
  EXPECT_THAT(Refusal("pci:"), HasSubstr("two PCI addresses"));
  EXPECT_THAT(Refusal("pci:0000:01:00.0,0000:01:00.0"), HasSubstr("two different ports"));
}

}  // namespace
}  // namespace ixylab::hil
