#include "hil/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""s;
using testing::ElementsAre;
using End = ChildResult::End;

struct Ran {
  ChildResult result;
  std::vector<std::string> lines;
};

Ran Shell(const std::string& script, std::chrono::seconds deadline = 60s) {
  Ran ran;
  ran.result = RunChild({"/bin/sh", "-c", script}, deadline,
                        [&](std::string_view line) { ran.lines.emplace_back(line); });
  return ran;
}

TEST(SubprocessTest, LinesOfBothStreamsAndTheExitCode) {
  const Ran ran = Shell("echo one; echo two >&2; printf 'last'; exit 3");
  EXPECT_EQ(ran.result.end, End::kExited);
  EXPECT_EQ(ran.result.code, 3);
  EXPECT_THAT(ran.lines, ElementsAre("one", "two", "last"));
}

TEST(SubprocessTest, LongLinesAndManyOfThem) {
  const Ran ran = Shell("head -c 100000 /dev/zero | tr '\\0' x; echo; seq 20000");
  ASSERT_EQ(ran.lines.size(), 20001u);
  EXPECT_EQ(ran.lines[0], std::string(100000, 'x'));
  EXPECT_EQ(ran.lines[20000], "20000");
}

TEST(SubprocessTest, CrashIsTold) {
  const Ran ran = Shell("kill -SEGV $$");
  EXPECT_EQ(ran.result.end, End::kSignalled);
  EXPECT_EQ(ran.result.code, SIGSEGV);
}

TEST(SubprocessTest, DeadlineEndsTheChildAndItsChildren) {
  const auto start = std::chrono::steady_clock::now();
  const Ran ran = Shell("echo begun; sleep 1000 & sleep 1000; echo never", 1s);
  EXPECT_EQ(ran.result.end, End::kDeadline);
  EXPECT_THAT(ran.lines, ElementsAre("begun"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 100s);
}

TEST(SubprocessTest, InterruptEndsTheChild) {
  const Ran ran = Shell("echo begun; kill -INT " + std::to_string(getpid()) + "; sleep 1000");
  EXPECT_EQ(ran.result.end, End::kInterrupted);
}

TEST(SubprocessTest, ChildIsNotDeafToSignals) {
  EXPECT_EQ(Shell("kill -INT $$").result.code, SIGINT);
  EXPECT_EQ(Shell("kill -TERM $$").result.code, SIGTERM);
}

TEST(SubprocessTest, MissingProgram) {
  const auto ignore = [](std::string_view) {};
  EXPECT_THROW(RunChild({"/nonexistent/program"}, 1s, ignore), std::runtime_error);
  EXPECT_THROW(RunChild({"/etc/passwd"}, 1s, ignore), std::runtime_error);
}

}  // namespace
}  // namespace ixylab::hil
