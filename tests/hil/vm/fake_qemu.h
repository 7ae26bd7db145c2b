// A machine on which programs in QEMU's place run: shell scripts.
#ifndef TESTS_HIL_VM_FAKE_QEMU_H_
#define TESTS_HIL_VM_FAKE_QEMU_H_

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "hil/vm/vm.h"

namespace ixylab::hil {

class FakeQemuTest : public testing::Test {
 protected:
  FakeQemuTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    // Where it is remembered that KVM does not work.
    setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    Write("vmlinux", "kernel");
    Write("initramfs", "files");
    options_.qemu = Path("qemu");
    options_.kernel = Path("vmlinux");
    options_.initramfs = Path("initramfs");
    options_.accelerator = "tcg";
    options_.kvm_boot_deadline = std::chrono::seconds(1);
    options_.deadline = std::chrono::seconds(20);
  }

  std::string Path(const std::string& name) const { return folder_ / name; }
  void Write(const std::string& name, std::string_view text) { std::ofstream(Path(name)) << text; }
  std::string Read(const std::string& name) const {
    std::ifstream file(Path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void WriteProgram(const std::string& name, const std::string& script) {
    Write(name, script);
    std::filesystem::permissions(Path(name), std::filesystem::perms::owner_all);
  }

  /// A shell script in QEMU's place, which knows vfio-user-pci; $output and $control are the
  /// descriptors of the guest's ports of that name, $accel what stands after -accel.
  void MakeQemu(const std::string& script) {
    WriteProgram("qemu", R"(#!/bin/bash
[ "$*" != '-device vfio-user-pci,help' ] || { echo 'vfio-user-pci options:'; exit; }
echo "$@" > $0.arguments
output= accel= control=
while [ $# -gt 0 ]; do
  case $1 in
    -accel) accel=$2 ;;
    socket,id=ixylab.output,fd=*) output=${1##*fd=} ;;
    socket,id=ixylab.control,fd=*) control=${1##*fd=} ;;
  esac
  shift
done
echo $accel >> $0.log
echo $$ > $0.pid
)" + script);
  }

  VmResult Run() {
    return RunInVm(options_, {}, {"true"},
                   [this](std::string_view line) { lines_.emplace_back(line); });
  }

  /// Nothing is left of it.
  void ExpectQemuGone() { ExpectGone("qemu"); }
  void ExpectGone(const std::string& program) {
    const pid_t pid = std::stoi(Read(program + ".pid"));
    EXPECT_EQ(kill(pid, 0), -1) << pid;
  }

  std::filesystem::path folder_;
  VmOptions options_;
  std::vector<std::string> lines_;
};

inline constexpr const char* kGuestRuns = R"(printf '\1ready\nhello\n\1exit 7 3\nxml' >&$output
sleep 1000
)";

}  // namespace ixylab::hil

#endif  // TESTS_HIL_VM_FAKE_QEMU_H_
