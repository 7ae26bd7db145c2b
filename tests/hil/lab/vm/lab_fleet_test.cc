// A fleet of one lab machine, the stand-in, behind a real Slurm: what `--on=slurm --target=lab:any`
// is for, from the queue to the ports and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "hil/report/run_folder.h"
#include "hil/report/run_record.h"
#include "tests/hil/lab/vm/lab_stand_in.h"
#include "tests/hil/slurm/cluster.h"

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""s;
using testing::IsEmpty;

constexpr auto kRunDeadline = 180s;  // two runs after each other, on an emulated machine

// Two runs for the two ports of the only node: Slurm lets one wait for the other, so that neither
// finds the ports reserved. Each runs on the node, and reaches it by the name that Slurm has for
// it.
TEST(LabFleetTest, AnyMachineIsTheNodeAndRunsTakeTurns) {
  const std::vector<std::string> targets = {"lab:any", "lab:any/a"};
  Cluster cluster({"vm"});  // what `hil lab vm` calls itself
  LabStandIn machine(testing::TempDir() + "machine");
  machine.Boot();
  const std::string before = machine.Do("state");

  const std::string report = cluster.folder() / "report";
  std::vector<std::string> arguments = {"run",
                                        "--on=slurm",
                                        "--lab=" + machine.lab_file(),
                                        "--slurm-folder=" + (cluster.folder() / "jobs").string(),
                                        "--report=" + report,
                                        "--filter=BringUp.*"};
  for (const std::string& target : targets) arguments.push_back("--target=" + target);
  HilProcess hil("fleet", arguments);
  ASSERT_EQ(hil.Wait(kRunDeadline), 0)
      << testing::PrintToString(hil.Output()) << testing::PrintToString(hil.Errors());

  const RunRecord run = ReadRun(report);
  ASSERT_EQ(run.targets.size(), targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const TargetRecord& target = run.targets[i];
    EXPECT_EQ(target.target, i == 0 ? "lab:vm" : "lab:vm/a");  // what "any" has become
    EXPECT_EQ(target.machine + "\n", machine.Do("hostname"));
    EXPECT_GT(target.Count(Outcome::kPassed), 5u);
    EXPECT_EQ(target.Count(Outcome::kPassed), target.results.size());
  }
  const TargetRecord& first = run.targets[run.targets[0].begin < run.targets[1].begin ? 0 : 1];
  const TargetRecord& second = run.targets[run.targets[0].begin < run.targets[1].begin ? 1 : 0];
  EXPECT_LE(first.begin + first.duration, second.begin);
  EXPECT_THAT(cluster.Queue(), IsEmpty());
  EXPECT_EQ(machine.Do("state"), before);
  EXPECT_EQ(machine.Do("left"), "");
  EXPECT_EQ(machine.Stop(), 0) << testing::PrintToString(machine.Errors());
}

}  // namespace
}  // namespace ixylab::hil
