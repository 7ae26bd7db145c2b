#include "hil/lab/vm/lab_vm.h"

#include <gtest/gtest.h>

#include <string>

#include "hil/lab/lab_file.h"

namespace ixylab::hil {
namespace {

TEST(LabVmTest, LabFileSaysHowToReachItWhateverTheFolderIsCalled) {
  const std::string folder = "/tmp/with \"quotes\" and 'more'\\";
  const Lab lab = ParseLab(LabVmFile(folder, 40'123, true), "lab.toml");
  ASSERT_EQ(lab.machines.size(), 1u);
  const LabMachine& machine = lab.machines[0];
  EXPECT_EQ(machine.name, "vm");
  EXPECT_EQ(machine.host, "127.0.0.1");
  EXPECT_EQ(machine.port, 40'123);
  EXPECT_EQ(machine.user, "root");
  EXPECT_EQ(machine.key, folder + "/key");
  EXPECT_FALSE(machine.sudo);
  EXPECT_TRUE(machine.iommu);
  const auto pairs = machine.Pairs();
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0][0].address, kNicAddresses[0]);
  EXPECT_EQ(pairs[0][1].address, kNicAddresses[1]);
  EXPECT_EQ(pairs[0][0].megabits_per_second, 10'000u);
}

TEST(LabVmTest, WithoutAnIommuPortsAreTakenBySysfs) {
  EXPECT_FALSE(ParseLab(LabVmFile("/tmp/x", 1, false), "lab.toml").machines[0].iommu);
}

}  // namespace
}  // namespace ixylab::hil
