// What becomes of a run whatever QEMU does: programs in its place that fail in each way.
#include "tests/hil/vm/fake_qemu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>

#include "hil/vm/accelerator.h"
#include "hil/vm/vm.h"

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""s;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;
using End = VmResult::End;

TEST_F(FakeQemuTest, ProgramEnds) {
  MakeQemu(kGuestRuns);
  const VmResult result = Run();
  EXPECT_EQ(result.end, End::kExited);
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.result, "xml");
  EXPECT_EQ(result.accelerator, "tcg");
  EXPECT_TRUE(result.boot.has_value());
  EXPECT_THAT(lines_, ElementsAre("hello"));
  ExpectQemuGone();
}

TEST_F(FakeQemuTest, KvmThatDiesGivesWayToTcgAndIsRemembered) {
  options_.accelerator = "auto";
  options_.kvm_device = "/dev/null";
  MakeQemu(std::string("[ $accel = tcg ] || { echo 'error: failed to set MSR' >&2; exit 1; }\n") +
           kGuestRuns);
  EXPECT_EQ(Run().accelerator, "tcg");
  EXPECT_EQ(Run().accelerator, "tcg");
  EXPECT_EQ(Read("qemu.log"), "kvm\ntcg\ntcg\n");

  // It is the same program by another name.
  std::filesystem::create_symlink(options_.qemu, Path("link"));
  options_.qemu = Path("link");
  EXPECT_EQ(Run().accelerator, "tcg");
  EXPECT_EQ(Read("link.log"), "tcg\n");
}

TEST_F(FakeQemuTest, WithoutAHomeTheMemoryIsInTmpForThisUserOnly) {
  // As under Bazel.
  unsetenv("XDG_CACHE_HOME");
  const std::filesystem::path folder = "/tmp/ixylab-" + std::to_string(geteuid());
  const std::string qemu = "/random/" + std::to_string(std::random_device()());
  const AcceleratorMemory memory(qemu, "/dev/null");
  EXPECT_TRUE(memory.MayUseKvm());
  memory.ForgetKvm();
  EXPECT_FALSE(memory.MayUseKvm());
  EXPECT_EQ(std::filesystem::status(folder).permissions() & std::filesystem::perms::others_all,
            std::filesystem::perms::none);
  EXPECT_FALSE(AcceleratorMemory(qemu, "/dev/null").MayUseKvm());
  EXPECT_TRUE(AcceleratorMemory(qemu + "0", "/dev/null").MayUseKvm());
}

TEST_F(FakeQemuTest, KvmThatHangsGivesWayToTcg) {
  options_.accelerator = "auto";
  options_.kvm_device = "/dev/null";
  MakeQemu(std::string("[ $accel = tcg ] || sleep 1000\n") + kGuestRuns);
  EXPECT_EQ(Run().end, End::kExited);
  EXPECT_EQ(Read("qemu.log"), "kvm\ntcg\n");
  ExpectQemuGone();
}

TEST_F(FakeQemuTest, KvmThatWorksIsUsedAndGuestsBugsAreNotItsFault) {
  options_.accelerator = "auto";
  options_.kvm_device = "/dev/null";
  MakeQemu("printf '\\1ready\\n' >&$output; exit 0\n");
  EXPECT_EQ(Run().accelerator, "kvm");
  EXPECT_EQ(Run().end, End::kDied);
  EXPECT_EQ(Read("qemu.log"), "kvm\nkvm\n");
}

TEST_F(FakeQemuTest, NoKvmIsNotTried) {
  options_.accelerator = "auto";
  options_.kvm_device = "/nonexistent/kvm";
  MakeQemu(kGuestRuns);
  EXPECT_EQ(Run().accelerator, "tcg");
  EXPECT_EQ(Read("qemu.log"), "tcg\n");
}

TEST_F(FakeQemuTest, QemuRefuses) {
  MakeQemu("echo 'qemu: -device virtio-net-pci: no such option' >&2; exit 1\n");
  const VmResult result = Run();
  EXPECT_EQ(result.end, End::kDied);
  EXPECT_EQ(result.reason, "QEMU failed: qemu: -device virtio-net-pci: no such option");
  EXPECT_FALSE(result.boot.has_value());
}

TEST_F(FakeQemuTest, QemuIsKilled) {
  MakeQemu("printf '\\1ready\\nhello\\nwor' >&$output; kill -KILL $$\n");
  const VmResult result = Run();
  EXPECT_EQ(result.end, End::kDied);
  EXPECT_EQ(result.reason, "QEMU was killed: Killed");
  EXPECT_THAT(lines_, ElementsAre("hello", "wor"));
}

TEST_F(FakeQemuTest, GuestPanics) {
  MakeQemu(
      "printf 'a\\r\\n[ 1.0] Kernel panic - not syncing: bad\\r\\n[ 1.1] end\\r\\n'; exit 0\n");
  const VmResult result = Run();
  EXPECT_EQ(result.end, End::kDied);
  EXPECT_EQ(result.reason,
            "the guest went down before the program ended: [ 1.0] Kernel panic - not syncing: bad");
  EXPECT_THAT(result.console, Contains("[ 1.1] end"));
}

TEST_F(FakeQemuTest, GuestDoesNotComeUp) {
  options_.deadline = 1s;
  MakeQemu("echo 'Calibrating delay loop...'; sleep 1000\n");
  const VmResult result = Run();
  EXPECT_EQ(result.end, End::kDeadline);
  EXPECT_EQ(result.reason, "the guest did not come up within 1 s: killed");
  EXPECT_THAT(result.console, ElementsAre("Calibrating delay loop..."));
  ExpectQemuGone();
}

TEST_F(FakeQemuTest, ProgramDoesNotEnd) {
  options_.deadline = 1s;
  MakeQemu("printf '\\1ready\\nhello\\n' >&$output; sleep 1000\n");
  const VmResult result = Run();
  EXPECT_EQ(result.end, End::kDeadline);
  EXPECT_EQ(result.reason, "the program did not end within 1 s: killed");
  EXPECT_THAT(lines_, ElementsAre("hello"));
  ExpectQemuGone();
}

TEST_F(FakeQemuTest, Interrupted) {
  MakeQemu("kill -INT $PPID; sleep 1000\n");
  EXPECT_EQ(Run().end, End::kInterrupted);
  ExpectQemuGone();
}

TEST_F(FakeQemuTest, OnlyTheLastLinesOfTheConsoleAreKept) {
  MakeQemu("seq 1000; exit 1\n");
  const VmResult result = Run();
  EXPECT_EQ(result.console.size(), 100u);
  EXPECT_EQ(result.console.back(), "1000");
}

TEST_F(FakeQemuTest, WhatIsMissingIsSaidInOneLine) {
  MakeQemu(kGuestRuns);
  const VmOptions good = options_;
  const auto run = [this] { Run(); };
  const auto says = [](const std::string& text) { return ThrowsMessage<std::runtime_error>(text); };

  options_.qemu = "";
  EXPECT_THAT(run, says("no QEMU. Try: apt-get install qemu-system-x86, or --qemu=PATH"));
  options_.qemu = "/nonexistent/qemu";
  EXPECT_THAT(run, says("no QEMU: cannot run /nonexistent/qemu: No such file or directory"));
  options_ = good;
  options_.kernel = "/nonexistent/vmlinux";
  EXPECT_THAT(run, says("no kernel: cannot read /nonexistent/vmlinux: No such file or directory"));
  Write("why", "no kernel: apt-get failed. Try: again\n");
  options_.kernel = Path("why");
  EXPECT_THAT(run, says("no kernel: apt-get failed. Try: again"));
  options_ = good;
  options_.initramfs = "/nonexistent/files";
  EXPECT_THAT(run, says("no initramfs: cannot read /nonexistent/files: No such file or directory"));
  options_ = good;
  Write("why", "no guest tools: apt-get failed. Try: again\n");
  options_.archives = {Path("why")};
  EXPECT_THAT(run, says("no guest tools: apt-get failed. Try: again"));
  options_ = good;
  EXPECT_THAT(([this] {
                RunInVm(options_, {{"a", "/nonexistent/a"}}, {"a"}, {});
              }),
              says("no program: cannot read /nonexistent/a: No such file or directory"));
  EXPECT_FALSE(std::filesystem::exists(Path("qemu.log"))) << "QEMU was started all the same";
}

}  // namespace
}  // namespace ixylab::hil
