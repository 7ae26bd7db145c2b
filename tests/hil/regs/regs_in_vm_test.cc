// A dump of the model in a VM, through all that is between: the agent there, PCI, a NIC process.
// It is the model of this process, so that nothing may differ but what is different in any two.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "hil/regs/compare.h"
#include "hil/regs/dump.h"
#include "hil/regs/on_target.h"

namespace ixylab::hil {
namespace {

using testing::IsEmpty;

TEST(RegsInVmTest, NothingDiffersFromTheModelHere) {
  ReachOptions options;
  options.vm.accelerator = "tcg";
  const RegisterDump vm = DumpTarget("vm:82599", 0, DeviceState::kOpen, options);
  EXPECT_EQ(vm.target, "vm:82599");
  const RegisterDump model = DumpTarget("model:82599", 0, DeviceState::kOpen, options);
  const DumpComparison found = Compare(vm, model);
  EXPECT_THAT(found.differences, IsEmpty()) << ToText(found, vm, model);
  EXPECT_THAT(found.only_a, IsEmpty());
  EXPECT_THAT(found.only_b, IsEmpty());
  std::set<std::string_view> excused;
  for (const NotCompared* rule : found.excused) excused.insert(rule->name);
  const std::set<std::string_view> addresses = {"RDBAH", "RDBAL", "TDBAH", "TDBAL"};
  EXPECT_THAT(excused, testing::IsSubsetOf(addresses));
  EXPECT_TRUE(excused.contains("RDBAL"));
}

}  // namespace
}  // namespace ixylab::hil
