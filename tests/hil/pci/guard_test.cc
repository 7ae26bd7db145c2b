#include "hil/pci/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/hil/pci/fake_machine.h"

namespace ixylab::hil {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::HasSubstr;

const std::array<std::string, 2> kPorts = {"0000:03:00.0", "0000:03:00.1"};
const std::string kBind = "sys/bus/pci/drivers/ixgbe/bind";

class GuardTest : public testing::Test {
 protected:
  GuardTest() {
    for (const std::string& port : kPorts) {
      machine_.AddPort(port, "0x8086", "0x10fb");
      machine_.AddDriver(port, "ixgbe");
    }
  }
  /// Files do not act: what the kernel does when a driver lets go of the ports.
  void Unbind() {
    for (const std::string& port : kPorts) {
      std::filesystem::remove(machine_.root() / FakeMachine::Device(port) / "driver");
    }
  }
  bool IsGivenBack() {
    // Both are bound by the same file: the second is the last.
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (machine_.Read(kBind) != kPorts[1]) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }

  FakeMachine machine_;
};

TEST_F(GuardTest, TakesAndGivesBack) {
  PortGuard guard(kPorts, machine_.root());
  EXPECT_EQ(machine_.Read("sys/bus/pci/drivers/ixgbe/unbind"), kPorts[1]);
  Unbind();
  EXPECT_EQ(machine_.Read(kBind), "");
  EXPECT_NO_THROW(guard.GiveBack());
  EXPECT_TRUE(IsGivenBack());
}

TEST_F(GuardTest, WhatCannotBeGivenBackIsSaid) {
  PortGuard guard(kPorts, machine_.root());
  Unbind();
  std::filesystem::remove(machine_.root() / kBind);
  try {
    guard.GiveBack();
    ADD_FAILURE() << "nothing was said";
  } catch (const PciError& error) {
    EXPECT_THAT(error.what(), HasSubstr(kPorts[0] + ": cannot write"));
    EXPECT_THAT(error.what(), HasSubstr(kBind));
  }
}

TEST_F(GuardTest, OneRunAtATime) {
  PortGuard guard(kPorts, machine_.root());
  try {
    PortGuard second({kPorts[1], kPorts[0]}, machine_.root());
    ADD_FAILURE() << "both have the ports";
  } catch (const PciError& error) {
    EXPECT_THAT(error.what(), HasSubstr(kPorts[1] + ": busy: "));
  }
  guard.GiveBack();
  EXPECT_NO_THROW(PortGuard(kPorts, machine_.root()));
}

/// Ends a process that has the ports by `signal`, sent to it and its group, and expects them back.
class GuardOfAKilledProcessTest : public GuardTest, public testing::WithParamInterface<int> {};

TEST_P(GuardOfAKilledProcessTest, GivesBack) {
  const DescriptorPair ready = MakePipe();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    setpgid(0, 0);
    signal(GetParam(), SIG_DFL);  // a sanitizer catches some and exits
    const PortGuard guard(kPorts, machine_.root());
    if (write(ready.theirs.get(), "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte;
  ASSERT_EQ(read(ready.ours.get(), &byte, 1), 1);
  Unbind();
  kill(-child, GetParam());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(IsGivenBack());
}

INSTANTIATE_TEST_SUITE_P(By, GuardOfAKilledProcessTest,
                         testing::Values(SIGKILL, SIGINT, SIGTERM, SIGHUP, SIGSEGV));

}  // namespace
}  // namespace ixylab::hil
