// Runs through a Slurm of three shell scripts, which do and say what a test tells them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hil/report/json.h"
#include "hil/slurm/job.h"
#include "hil/slurm/slurm.h"
#include "hil/slurm/slurm_options.h"
#include "hil/slurm/slurm_run.h"
#include "hil/subprocess.h"

namespace ixylab::hil {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// The message of the std::runtime_error that `action` throws.
std::string Refusal(const auto& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

TEST(ParseJobTest, FieldsAndExitCodes) {
  const auto [id, job] = ParseJob("12|RUNNING|lab1|0|None|");
  EXPECT_EQ(id, "12");
  EXPECT_EQ(job.state, "RUNNING");
  EXPECT_EQ(job.node, "lab1");
  EXPECT_EQ(job.reason, "None");
  EXPECT_FALSE(job.Waits() || job.Ended());
  EXPECT_EQ(ParseJob("12|FAILED|lab1|512|NonZeroExitCode|").second.exit_code, 2);
  EXPECT_EQ(ParseJob("12|FAILED|lab1|9|None|").second.exit_code, 128 + SIGKILL);
  EXPECT_TRUE(ParseJob("12|NODE_FAIL|lab1|0|None|").second.Ended());
  EXPECT_TRUE(ParseJob("12|PENDING||0|Resources|").second.Waits());
  // Its processes may still be there.
  EXPECT_FALSE(ParseJob("12|COMPLETING|lab1|0|None|").second.Ended());
}

TEST(ParseJobTest, RefusesOtherLines) {
  for (const char* line : {"", "12", "12|RUNNING|lab1|0|None", "x|RUNNING|lab1|0|None|",
                           "12|RUNNING|lab1||None|", "12|RUNNING|lab1|1x|None|"}) {
    EXPECT_THAT(Refusal([&] { ParseJob(line); }), HasSubstr("cannot read squeue's line")) << line;
  }
}

/// What the node lab1 prints when it runs `script`.
std::string OnNode(const std::string& script) {
  const fs::path file = fs::path(testing::TempDir()) / "job.sh";
  std::ofstream(file) << script;
  std::string printed;
  setenv("SLURMD_NODENAME", "lab1", 1);
  RunChild({"/bin/sh", file}, 60s, [&](std::string_view line) { printed += line; });
  return printed;
}

TEST(JobTest, ScriptQuotesAndKnowsTheNode) {
  SlurmOptions slurm;
  slurm.hil = "/bin/echo";
  slurm.arguments = {"--filter=A.*:it's $HOME"};
  EXPECT_EQ(OnNode(JobScript(slurm, "model:82599", {"/f g"})),
            "run --target=model:82599 --filter=A.*:it's $HOME --report=/f g/report");
  slurm.arguments.clear();
  EXPECT_EQ(OnNode(JobScript(slurm, "lab:any/a,vfio", {"/f"})),
            "run --target=lab:lab1/a,vfio --report=/f/report");
  EXPECT_EQ(OnNode(JobScript(slurm, "lab:any", {"/f"})),
            "run --target=lab:lab1 --report=/f/report");
}

TEST(JobTest, OptionsFollowTheTarget) {
  RunOptions run;
  run.deadline = 601s;
  SlurmOptions slurm;
  const auto options = [&](const std::string& target) {
    return JobOptions(run, slurm, target, "hil-1", {"/100%j"}, {"lab1", "lab2"});
  };
  EXPECT_THAT(options("lab:any"), Contains("--gres=nic:82599:2"));
  EXPECT_THAT(options("lab:any"), Contains("--exclude=lab1,lab2"));
  EXPECT_THAT(options("lab:any"), Contains("--time=16"));
  EXPECT_THAT(options("lab:any"), Contains("--output=/100%%j/output"));
  EXPECT_THAT(options("lab:any"), Contains("--no-requeue"));
  EXPECT_THAT(options("lab:rack1"), Contains("--nodelist=rack1"));
  EXPECT_THAT(options("lab:rack1"), Not(Contains(HasSubstr("--exclude"))));
  EXPECT_THAT(options("pci:0000:03:00.0,0000:03:00.1"), Contains("--gres=nic:82599:2"));
  EXPECT_THAT(options("model:82599"), Not(Contains(HasSubstr("--gres"))));
  slurm.gres = "nic:e810:1";
  slurm.partition = "lab";
  slurm.sbatch = {"--account=ixy"};
  EXPECT_THAT(options("model:82599"), Contains("--gres=nic:e810:1"));
  EXPECT_THAT(options("model:82599"), Contains("--partition=lab"));
  EXPECT_THAT(options("model:82599"), Contains("--account=ixy"));
}

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() {
    app_.add_option("--target", targets_);
    app_.add_option("--filter", filter_);
    app_.add_option("--other", other_);
    app_.add_flag("--flag", flag_);
    AddSlurmOptions(app_, slurm_);
  }

  void Parse(std::vector<std::string> arguments) {
    std::ranges::reverse(arguments);  // as CLI11 takes them
    app_.parse(arguments);
    CompleteSlurmOptions(app_, targets_, slurm_);
  }

  CLI::App app_;
  std::vector<std::string> targets_;
  std::string filter_ = "*";
  std::string other_;
  bool flag_ = false;
  SlurmOptions slurm_;
};

TEST_F(OptionsTest, JobsAreToldWhatTheUserSaid) {
  Parse({"--on=slurm", "--target=lab:any", "--filter", "A.*", "--flag", "--gres=nic:1",
         "--slurm-option=--account=x", "--slurm-folder=/shared"});
  EXPECT_TRUE(slurm_.on);
  EXPECT_EQ(slurm_.gres, "nic:1");
  EXPECT_EQ(slurm_.folder, "/shared");
  EXPECT_TRUE(fs::exists(slurm_.hil)) << slurm_.hil;
  EXPECT_THAT(slurm_.sbatch, ElementsAre("--account=x"));
  EXPECT_THAT(slurm_.arguments, ElementsAre("--filter=A.*", "--flag"));
}

TEST_F(OptionsTest, NothingWithoutSlurm) {
  EXPECT_THAT(Refusal([&] { Parse({"--target=lab:any,vfio"}); }),
              HasSubstr("\"lab:any,vfio\": the machine is Slurm's choice, so it needs --on=slurm"));
  EXPECT_THAT(Refusal([&] { Parse({"--gres=nic:1"}); }), HasSubstr("--gres requires --on"));
  EXPECT_THAT(Refusal([&] { Parse({"--on=moon"}); }), HasSubstr("--on"));
}

class FakeSlurmTest : public testing::Test {
 protected:
  FakeSlurmTest() {
    std::string folder = testing::TempDir() + "/fake_slurm_XXXXXX";
    folder_ = mkdtemp(folder.data());
    setenv("FAKE", folder_.c_str(), 1);
    setenv("PATH", (folder_.string() + ":" + path_).c_str(), 1);
    // The last argument is the script, which lab1 runs at once if there is a file run.NUMBER.
    Script("sbatch", R"(
        echo "$*" >> $FAKE/sbatch.log
        id=$(wc -l < $FAKE/sbatch.log)
        if [ -e $FAKE/refuse.$id ]; then cat $FAKE/refuse.$id >&2; exit 1; fi
        for script; do :; done
        echo "sbatch: warning: be careful" >&2
        if [ -e $FAKE/run.$id ]; then SLURMD_NODENAME=lab1 sh "$script" > "${script%job.sh}output" 2>&1; fi
        echo "$id;cluster")");
    // Its answers stand in files; the last one stays.
    Script("squeue", R"(
        echo "$*" >> $FAKE/squeue.log
        n=$(wc -l < $FAKE/squeue.log)
        while [ $n -gt 1 ] && [ ! -e $FAKE/squeue.$n ]; do n=$((n - 1)); done
        cat $FAKE/squeue.$n)");
    Script("scancel", "echo \"$*\" >> $FAKE/scancel.log; : > $FAKE/squeue.log; : > $FAKE/squeue.1");
    Script("hil", R"(
        echo "$*" >> $FAKE/hil.log
        for argument; do case $argument in --report=*) report=${argument#*=} ;; esac; done
        echo "hil: says something"
        [ -e $FAKE/result ] || exit 2
        mkdir -p "$report"; cp $FAKE/result "$report/run.json")");
    slurm_.on = true;
    slurm_.folder = folder_ / "shared";
    slurm_.hil = folder_ / "hil";
    slurm_.settle = slurm_.patience = 0s;
    options_.targets = {"model:82599"};
  }
  ~FakeSlurmTest() override {
    setenv("PATH", path_.c_str(), 1);
    fs::remove_all(folder_);
  }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Script(const std::string& name, const std::string& text) const {
    Write(name, "#!/bin/sh\n" + text + "\n");
    fs::permissions(folder_ / name, fs::perms::owner_all);
  }
  /// The jobs that are run at once, and what they leave.
  void RunJobs(const std::vector<int>& jobs, const RunRecord& result) const {
    for (const int job : jobs) Write("run." + std::to_string(job), "");
    Write("result", ToJson(result));
  }
  /// What squeue answers when it is asked for the first time, the second time, ...
  void Squeue(const std::vector<std::string>& answers) const {
    int number = 0;
    for (const std::string& answer : answers) Write("squeue." + std::to_string(++number), answer);
  }

  RunRecord Run() const { return RunOnSlurm(options_, slurm_); }

  static RunRecord OnePassed() {
    RunRecord run;
    run.targets.push_back(
        {.target = "model:82599", .results = {{.name = "A.One", .outcome = Outcome::kPassed}}});
    return run;
  }

  const std::string path_ = getenv("PATH");
  fs::path folder_;
  RunOptions options_;
  SlurmOptions slurm_;
};

/// The one failure of `record`, in one line.
std::string Failure(const TargetRecord& record) {
  std::string text;
  for (const TestResult& result : record.results) {
    if (result.outcome != Outcome::kFailed) continue;
    text += result.name + ":";
    for (const std::string& line : result.output) text += " " + line;
  }
  return text;
}

TEST_F(FakeSlurmTest, ColumnsInTheTargetsOrder) {
  options_.targets = {"model:82599", "model:82599,threads"};
  slurm_.arguments = {"--seed=7"};
  RunJobs({1, 2}, OnePassed());
  Squeue({"1|PENDING||0|Priority|\n2|RUNNING|lab2|0|None|\n",
          "1|RUNNING|lab1|0|None|\n2|COMPLETED|lab2|0|None|\n",
          "1|COMPLETED|lab1|0|None|\n2|COMPLETED|lab2|0|None|\n"});
  const RunRecord run = Run();
  EXPECT_FALSE(run.interrupted);
  ASSERT_EQ(run.targets.size(), 2u);
  EXPECT_EQ(run.targets[0].machine, "lab1");
  EXPECT_EQ(run.targets[1].machine, "lab2");
  EXPECT_EQ(run.Count(Outcome::kPassed), 2u);
  EXPECT_EQ(run.Count(Outcome::kFailed), 0u);
  EXPECT_THAT(Read("hil.log"), HasSubstr("run --target=model:82599,threads --seed=7 --report="));
  EXPECT_TRUE(fs::is_empty(slurm_.folder)) << "results that were taken are still there";
  EXPECT_EQ(Read("scancel.log"), "");
}

TEST_F(FakeSlurmTest, DeadNodesJobRunsElsewhere) {
  RunJobs({2}, OnePassed());
  Squeue({"1|RUNNING|lab1|0|None|\n", "1|NODE_FAIL|lab1|0|None|\n",
          "1|NODE_FAIL|lab1|0|None|\n2|COMPLETED|lab2|0|None|\n"});
  testing::internal::CaptureStdout();
  const RunRecord run = Run();
  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              HasSubstr("1/1 model:82599: job 1 on lab1 is lost (NODE_FAIL)\n"));
  EXPECT_THAT(Read("sbatch.log"), HasSubstr("--exclude=lab1"));
  ASSERT_EQ(run.targets.size(), 1u);
  EXPECT_EQ(run.targets[0].machine, "lab2");
  EXPECT_EQ(run.Count(Outcome::kFailed), 0u);
}

TEST_F(FakeSlurmTest, OnlyNodeIsTriedAgain) {
  RunJobs({3}, OnePassed());
  Write("refuse.2", "sbatch: error: Requested node configuration is not available\n");
  Squeue({"1|NODE_FAIL|lab1|0|None|\n", "3|COMPLETED|lab1|0|None|\n"});
  const RunRecord run = Run();
  EXPECT_EQ(run.Count(Outcome::kPassed), 1u);
  EXPECT_EQ(run.Count(Outcome::kFailed), 0u);
}

TEST_F(FakeSlurmTest, LostThreeTimesIsAFailure) {
  Squeue({"1|NODE_FAIL|lab1|0|None|\n", "2|FAILED|lab2|9|None|\n", "2|FAILED|lab2|9|None|\n"});
  const RunRecord run = Run();
  ASSERT_EQ(run.targets.size(), 1u);
  EXPECT_EQ(Failure(run.targets[0]),
            "(the run): lost each time: job 1 on lab1 (NODE_FAIL), job 2 on lab2 (no result, exit "
            "code 137), job 3 (it has vanished from the queue)");
}

TEST_F(FakeSlurmTest, ForgottenJobHasLeftItsResult) {
  RunJobs({1}, OnePassed());
  Squeue({"1|RUNNING|lab1|0|None|\n", ""});
  const RunRecord run = Run();
  EXPECT_EQ(run.Count(Outcome::kPassed), 1u);
  EXPECT_EQ(run.Count(Outcome::kFailed), 0u);
}

TEST_F(FakeSlurmTest, RequeuedJobIsReplaced) {
  RunJobs({2}, OnePassed());
  Squeue({"1|RUNNING|lab1|0|None|\n", "1|PENDING||0|BeginTime|\n"});
  Script("scancel",
         "echo \"$*\" >> $FAKE/scancel.log; echo '2|COMPLETED|lab2|0|None|' > $FAKE/squeue.2");
  const RunRecord run = Run();
  EXPECT_THAT(Read("scancel.log"), EndsWith(" 1\n"));
  EXPECT_EQ(run.Count(Outcome::kPassed), 1u);
  EXPECT_EQ(run.targets[0].machine, "lab2");
}

TEST_F(FakeSlurmTest, HilRefusesOnTheNode) {
  Write("run.1", "");  // and no result
  Squeue({"1|FAILED|lab1|512|NonZeroExitCode|\n"});
  EXPECT_EQ(Failure(Run().targets.at(0)),
            "(the run): job 1 on lab1 could not run hil: says something");
}

TEST_F(FakeSlurmTest, KilledByTimeKeepsWhatThereIs) {
  RunRecord part = OnePassed();
  part.interrupted = true;
  RunJobs({1}, part);
  Squeue({"1|TIMEOUT|lab1|0|TimeLimit|\n"});
  const RunRecord run = Run();
  EXPECT_EQ(run.Count(Outcome::kPassed), 1u);
  EXPECT_THAT(Failure(run.targets.at(0)), HasSubstr("job 1 on lab1 was killed"));
}

TEST_F(FakeSlurmTest, CancelledBySomebodyElse) {
  Squeue({"1|CANCELLED|lab1|0|None|\n"});
  EXPECT_THAT(Failure(Run().targets.at(0)), HasSubstr("job 1 on lab1 was cancelled"));
  EXPECT_THAT(Read("sbatch.log"), Not(HasSubstr("\n--"))) << "it was tried again";
}

TEST_F(FakeSlurmTest, ResultThatIsNoneIsALoss) {
  RunJobs({1, 3}, OnePassed());
  Squeue(
      {"1|COMPLETED|lab1|0|None|\n", "2|NODE_FAIL|lab1|0|None|\n", "3|COMPLETED|lab1|0|None|\n"});
  Script("hil", R"(
      for argument; do case $argument in --report=*) report=${argument#*=} ;; esac; done
      mkdir -p "$report"
      case $report in */1.1/*) echo '{"half' ;; *) cat $FAKE/result ;; esac > "$report/run.json")");
  const RunRecord run = Run();
  EXPECT_EQ(run.Count(Outcome::kPassed), 1u);
  EXPECT_EQ(run.Count(Outcome::kFailed), 0u);
  EXPECT_EQ(Read("sbatch.log").find("--exclude=lab1") != std::string::npos, true);
}

TEST_F(FakeSlurmTest, NeverBegins) {
  slurm_.queue_deadline = 1s;
  Squeue({"1|PENDING||0|ReqNodeNotAvail, UnavailableNodes:lab1|\n"});
  EXPECT_EQ(Failure(Run().targets.at(0)),
            "(the run): job 1 did not begin within 1 s: ReqNodeNotAvail, UnavailableNodes:lab1");
  EXPECT_THAT(Read("scancel.log"), EndsWith(" 1\n"));
}

TEST_F(FakeSlurmTest, SbatchRefusesAndNothingIsLeft) {
  options_.targets = {"model:82599", "lab:rack9"};
  Write("refuse.2", "sbatch: error: x\nsbatch: error: Batch job submission failed: Invalid node\n");
  Squeue({"1|PENDING||0|None|\n"});
  EXPECT_EQ(Refusal([&] { Run(); }),
            "--target=lab:rack9: sbatch: Batch job submission failed: Invalid node");
  EXPECT_THAT(Read("scancel.log"), HasSubstr("--name=hil-"));
}

TEST_F(FakeSlurmTest, ControllerOutOfReach) {
  Script("squeue", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1");
  EXPECT_EQ(Failure(Run().targets.at(0)),
            "(the run): job 1: Slurm is out of reach: squeue: Unable to contact slurm controller");
}

TEST_F(FakeSlurmTest, CommandThatHangs) {
  slurm_.command_deadline = 1s;
  Script("sbatch", "sleep 1000");
  EXPECT_THAT(Refusal([&] { Run(); }), HasSubstr("sbatch did not answer within 1 s"));
}

TEST_F(FakeSlurmTest, NoSlurmHere) {
  setenv("PATH", "/nonexistent", 1);
  EXPECT_EQ(Refusal([&] { Run(); }),
            "cannot find sbatch on the PATH: --on=slurm needs Slurm's programs (Debian: "
            "slurm-client)");
}

TEST_F(FakeSlurmTest, InterruptCancelsAll) {
  options_.targets = {"model:82599", "model:82599"};
  Squeue({"1|RUNNING|lab1|0|None|\n2|PENDING||0|Resources|\n"});
  Script("squeue",
         "cat $FAKE/squeue.1; [ -e $FAKE/scancel.log ] || kill -TERM " + std::to_string(getpid()));
  const RunRecord run = Run();
  EXPECT_TRUE(run.interrupted);
  EXPECT_TRUE(run.targets.empty());
  EXPECT_THAT(Read("scancel.log"), HasSubstr("--name=hil-"));
}

}  // namespace
}  // namespace ixylab::hil
