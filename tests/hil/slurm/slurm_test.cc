// Runs through a real Slurm of three nodes, with two NICs each.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "hil/files.h"
#include "hil/process.h"
#include "hil/report/json.h"
#include "tests/hil/processes.h"
#include "tests/hil/slurm/cluster.h"

namespace ixylab::hil {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::chrono::seconds kPatience = 60s;  // with what takes a second or two

// A conformance program of one test, which notes when it has which node's NICs, and keeps them
// until it may go on.
constexpr const char* kSuite = R"sh(#!/bin/sh
cd "$(dirname "$0")" || exit 2
echo "[==========] Running 1 test from 1 test suite."
echo "[ RUN      ] A.One"
echo "begin $SLURM_JOB_ID $SLURMD_NODENAME $$ $(date +%s%N)" >> notes
for _ in $(seq 1200); do [ -e go ] && break; sleep 0.1; done
echo "end $SLURM_JOB_ID $SLURMD_NODENAME $$ $(date +%s%N)" >> notes
echo "[       OK ] A.One (1 ms)"
echo "[==========] 1 test from 1 test suite ran. (1 ms total)"
)sh";

/// What a suite noted.
struct Note {
  std::string what;  // "begin" or "end"
  std::string job;
  std::string node;
  pid_t process = 0;
  long long nanoseconds = 0;
};

class SlurmTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    try {
      cluster_ = std::make_unique<Cluster>(std::vector<std::string>{"lab1", "lab2", "lab3"});
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  static void TearDownTestSuite() { cluster_.reset(); }

  void SetUp() override {
    ASSERT_NE(cluster_, nullptr) << "there is no Slurm";
    folder_ = cluster_->folder() / "shared";
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    std::ofstream(folder_ / "suite") << kSuite;
    fs::permissions(folder_ / "suite", fs::perms::owner_all);
  }

  /// `hil run --on=slurm`, each run with both NICs of a node.
  std::unique_ptr<Child> StartHil(std::vector<std::string> arguments) const {
    const std::string folder = folder_.string();
    std::vector<std::string> command = {FindRunfile("hil/hil"),
                                        "run",
                                        "--on=slurm",
                                        "--suite=" + folder + "/suite",
                                        "--slurm-folder=" + folder + "/jobs",
                                        "--report=" + folder + "/report"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const std::string log = folder_ / "hil.out";
    const Descriptor output(open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    return std::make_unique<Child>(command, output.get(), std::span<const int>(), signals_);
  }
  int ExitCode(Child& hil) const {
    const int status = hil.Wait(2 * kPatience);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::vector<Note> Notes(const std::string& what) const {
    std::istringstream lines(Read("notes"));
    std::vector<Note> notes;
    for (Note note;
         lines >> note.what >> note.job >> note.node >> note.process >> note.nanoseconds;) {
      if (note.what == what) notes.push_back(note);
    }
    return notes;
  }

  static std::unique_ptr<Cluster> cluster_;
  const SignalsAsEvents signals_;
  fs::path folder_;
};

std::unique_ptr<Cluster> SlurmTest::cluster_;

/// How often `text` has `part`.
std::size_t Times(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; ++at) ++times;
  return times;
}

TEST_F(SlurmTest, MoreRunsThanNicsAndANodeThatDies) {
  constexpr std::size_t kRuns = 7;
  std::vector<std::string> arguments = {"--gres=nic:82599:2"};
  arguments.insert(arguments.end(), kRuns, "--target=model:82599");
  const auto hil = StartHil(arguments);
  // One on each node; the others wait for NICs, not for processors, of which there are enough.
  ASSERT_TRUE(Eventually([&] { return Notes("begin").size() >= 3; }, kPatience)) << Read("hil.out");
  ASSERT_EQ(cluster_->Queue().size(), kRuns);
  const Note victim = Notes("begin")[0];
  cluster_->CutPower(victim.node, victim.process);
  std::ofstream(folder_ / "go");
  ASSERT_EQ(ExitCode(*hil), 0) << Read("hil.out");

  const std::string said = Read("hil.out");
  EXPECT_THAT(said, HasSubstr("job " + victim.job + " on " + victim.node + " is lost (NODE_FAIL)"));
  EXPECT_EQ(Times(said, " is lost "), 1u) << said;
  EXPECT_THAT(said, HasSubstr("\n7 passed, 0 failed, 0 skipped\n"));

  // Each job ended but for the one that was killed, and that one's target ran elsewhere.
  const std::vector<Note> begins = Notes("begin");
  const std::vector<Note> ends = Notes("end");
  ASSERT_EQ(begins.size(), kRuns + 1);
  ASSERT_EQ(ends.size(), kRuns);
  std::set<std::string> nodes;
  for (const Note& begin : begins) {
    nodes.insert(begin.node);
    const auto end = std::ranges::find(ends, begin.job, &Note::job);
    ASSERT_EQ(end == ends.end(), begin.job == victim.job) << begin.job;
    if (begin.job == victim.job) continue;
    EXPECT_NE(begin.node, victim.node);
    // Nobody else had the NICs of this node meanwhile.
    for (const Note& other : begins) {
      EXPECT_TRUE(other.job == begin.job || other.node != begin.node ||
                  other.nanoseconds < begin.nanoseconds || other.nanoseconds > end->nanoseconds)
          << "jobs " << begin.job << " and " << other.job << " shared the NICs of " << begin.node;
    }
  }
  EXPECT_EQ(nodes.size(), 3u);

  const RunRecord report = FromJson(Read("report/run.json"), "run.json");
  ASSERT_EQ(report.targets.size(), kRuns);
  for (const TargetRecord& target : report.targets) {
    EXPECT_EQ(target.target, "model:82599");
    EXPECT_TRUE(nodes.contains(target.machine) && target.machine != victim.node) << target.machine;
  }
  EXPECT_EQ(report.Count(Outcome::kPassed), kRuns);
  EXPECT_THAT(cluster_->Queue(), IsEmpty());
}

// Two nodes are left.
TEST_F(SlurmTest, InterruptLeavesNothing) {
  const auto hil = StartHil({"--gres=nic:82599:2", "--target=model:82599", "--target=model:82599",
                             "--target=model:82599"});
  ASSERT_TRUE(Eventually([&] { return Notes("begin").size() == 2; }, kPatience)) << Read("hil.out");
  hil->Kill(SIGINT);
  EXPECT_EQ(ExitCode(*hil), 130) << Read("hil.out");
  EXPECT_THAT(Read("hil.out"), HasSubstr("\nall jobs of this run are cancelled, none is left\n"));
  EXPECT_THAT(cluster_->Queue(), IsEmpty());
  for (const Note& note : Notes("begin")) EXPECT_TRUE(IsGone(note.process)) << note.process;
}

TEST_F(SlurmTest, RefusedInOneLine) {
  const auto refuse = [&](const std::vector<std::string>& arguments, const std::string& words) {
    EXPECT_EQ(ExitCode(*StartHil(arguments)), 2);
    EXPECT_EQ(Read("hil.out"), "hil: --target=" + words + "\n");
  };
  const std::string failed = ": sbatch: Batch job submission failed: ";
  refuse({"--target=model:82599", "--gres=gpu:1"},
         "model:82599: sbatch: Invalid generic resource (gres) specification");
  refuse({"--target=model:82599", "--partition=none"},
         "model:82599" + failed + "Invalid partition name specified");
  refuse({"--target=lab:rack9"}, "lab:rack9" + failed + "Invalid node name specified");
  refuse({"--target=lab:any", "--gres=nic:82599:3"},
         "lab:any" + failed + "Requested node configuration is not available");
}

TEST_F(SlurmTest, JobThatNeverBegins) {
  const auto hil =
      StartHil({"--target=model:82599", "--slurm-option=--begin=now+1hour", "--queue-deadline=1"});
  EXPECT_EQ(ExitCode(*hil), 1);
  EXPECT_THAT(Read("hil.out"), ContainsRegex("job [0-9]+ did not begin within 1 s: BeginTime"));
  EXPECT_THAT(cluster_->Queue(), IsEmpty());
}

TEST_F(SlurmTest, NoController) {
  cluster_->KillController();
  EXPECT_EQ(ExitCode(*StartHil({"--target=model:82599"})), 2);
  EXPECT_THAT(Read("hil.out"), HasSubstr("hil: --target=model:82599: sbatch: Batch job submission "
                                         "failed: Unable to contact slurm controller"));
}

}  // namespace
}  // namespace ixylab::hil
