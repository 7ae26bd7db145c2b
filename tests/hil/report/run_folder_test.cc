#include "hil/report/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>

namespace ixylab::hil {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What `call` says is wrong.
template <typename Call>
std::string Complaint(const Call& call) {
  try {
    call();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

/// While it lives, no file of this process grows beyond `bytes`: as on a full disk, in short.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    handler_ = signal(SIGXFSZ, SIG_IGN);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  sighandler_t handler_ = SIG_DFL;
};

struct RunFolderTest : testing::Test {
  fs::path work;
  RunRecord run;

  RunFolderTest() {
    std::string name = testing::TempDir() + "run_folder.XXXXXX";
    work = mkdtemp(name.data());
    run = {.command = "hil run", .targets = {{.target = "model:82599"}, {.target = "lab:rack1/0"}}};
    run.targets[0].results = {{.name = "A.One", .outcome = Outcome::kPassed}};
    run.targets[1].kernel_log = {"[    1.000000] one", "[    2.000000] two"};
    run.targets[1].register_trace = "trace\n";
  }
  ~RunFolderTest() override { fs::remove_all(work); }

  /// All files and folders below `work`.
  std::set<std::string> Files() {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(work)) {
      names.insert(entry.path().lexically_relative(work));
    }
    return names;
  }
};

TEST_F(RunFolderTest, HoldsAllReports) {
  WriteRunFolder(work / "deep/a", run);
  EXPECT_THAT(Files(),
              ElementsAre("deep", "deep/a", "deep/a/junit.xml", "deep/a/lab_rack1_0",
                          "deep/a/lab_rack1_0/kernel.log", "deep/a/lab_rack1_0/registers.trace",
                          "deep/a/report.html", "deep/a/run.json"));
  EXPECT_EQ(Read(work / "deep/a/lab_rack1_0/kernel.log"),
            "[    1.000000] one\n[    2.000000] two\n");
  EXPECT_THAT(Read(work / "deep/a/report.html"), HasSubstr("A.One"));
  EXPECT_THAT(Read(work / "deep/a/junit.xml"), HasSubstr("<testsuites"));
}

TEST_F(RunFolderTest, IsReadWithTheTraces) {
  WriteRunFolder(work / "a", run);
  for (const fs::path& path : {work / "a", work / "a/", work / "a/run.json"}) {
    const RunRecord read = ReadRun(path);
    ASSERT_EQ(read.targets.size(), 2u);
    EXPECT_EQ(read.targets[0].register_trace, "");
    EXPECT_EQ(read.targets[1].register_trace, "trace\n");
    EXPECT_EQ(read.targets[1].kernel_log, run.targets[1].kernel_log);
  }
  EXPECT_EQ(Complaint([&] { ReadRun(work / "b"); }),
            "cannot read " + (work / "b").string() + ": No such file or directory");
  EXPECT_EQ(Complaint([&] { ReadRun(work); }),
            "cannot read " + (work / "run.json").string() + ": No such file or directory");
  std::ofstream(work / "a/run.json") << "{}";
  EXPECT_EQ(Complaint([&] { ReadRun(work / "a"); }),
            (work / "a/run.json").string() + ": \"format\" is missing");
}

TEST_F(RunFolderTest, AnEmptyFolderIsTakenButNeverOneWithFiles) {
  fs::create_directory(work / "a");
  CheckRunFolder(work / "a/");
  WriteRunFolder(work / "a/", run);
  const std::string before = Read(work / "a/run.json");
  run.command = "another";
  const std::string complaint =
      "there are files in " + (work / "a").string() + " already: name another folder";
  EXPECT_EQ(Complaint([&] { CheckRunFolder(work / "a"); }), complaint);
  EXPECT_EQ(Complaint([&] { WriteRunFolder(work / "a", run); }), complaint);
  EXPECT_EQ(Read(work / "a/run.json"), before);
  EXPECT_EQ(Files().size(), 7u) << "a draft stays behind";
}

TEST_F(RunFolderTest, CheckingLeavesNothingButParents) {
  CheckRunFolder(work / "b/c");
  EXPECT_THAT(Files(), ElementsAre("b"));
  std::ofstream(work / "file") << "x";
  EXPECT_EQ(Complaint([&] { CheckRunFolder(work / "file"); }),
            (work / "file").string() + " is no folder: name another one");
  EXPECT_EQ(Complaint([&] { CheckRunFolder(work / "file/a"); }),
            "cannot write " + (work / "file").string() + ": Not a directory");
  // Nobody, not even root, makes a folder there.
  EXPECT_THAT(Complaint([&] { CheckRunFolder("/proc/a/b"); }),
              AllOf(HasSubstr("cannot write /proc/"), Not(HasSubstr("\n"))));
}

TEST_F(RunFolderTest, NothingIsLeftOnAFullDisk) {
  {
    const FullDisk full(100);
    EXPECT_THAT(Complaint([&] { WriteRunFolder(work / "a", run); }),
                AllOf(HasSubstr("cannot write "), HasSubstr("run.json: File too large"),
                      Not(HasSubstr("\n"))));
  }
  EXPECT_THAT(Files(), IsEmpty());
  std::ofstream(work / "page") << "before";
  {
    const FullDisk full(3);
    EXPECT_THAT(Complaint([&] { ReplaceFile(work / "page", "after"); }),
                HasSubstr(": File too large"));
  }
  EXPECT_EQ(Read(work / "page"), "before");
  ReplaceFile(work / "page", "after");
  EXPECT_EQ(Read(work / "page"), "after");
  EXPECT_THAT(Files(), ElementsAre("page"));
}

TEST_F(RunFolderTest, TargetsHaveFoldersOfTheirOwn) {
  run.targets = {{.target = "lab:a"}, {.target = "lab/a"}, {.target = ".."}, {.target = ""}};
  EXPECT_THAT(TargetFolders(run), ElementsAre("lab_a", "lab_a_", "_..", "_"));
}

}  // namespace
}  // namespace ixylab::hil
