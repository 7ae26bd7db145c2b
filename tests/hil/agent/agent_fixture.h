// A lab machine of files with two ports, and an agent on it. What the kernel would do, and the
// programs that would need a NIC, are a script.
#ifndef TESTS_HIL_AGENT_AGENT_FIXTURE_H_
#define TESTS_HIL_AGENT_AGENT_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "hil/pci/journal.h"
#include "tests/hil/agent/agent_process.h"
#include "tests/hil/pci/fake_machine.h"

namespace ixylab::hil {

class AgentTest : public testing::Test {
 protected:
  using What = Event::What;
  using End = Event::End;
  static constexpr std::array<const char*, 2> kPorts = {"0000:03:00.0", "0000:03:00.1"};
  static constexpr const char* kBind = "sys/bus/pci/drivers/ixgbe/bind";
  static constexpr const char* kUnbind = "sys/bus/pci/drivers/ixgbe/unbind";
  static constexpr const char* kBootId = "proc/sys/kernel/random/boot_id";
  static constexpr const char* kState = "var/lib/ixylab/";
  static constexpr const char* kJournal = "journal-0000:03:00.0,0000:03:00.1.json";

  AgentTest() {
    for (const char* port : kPorts) machine_.AddPort(port, "0x8086", "0x10fb");
    Rebind();
    machine_.Write(kBootId, "first\n");
    machine_.Write("dev/kmsg", "6,1,1000000,-;before\n");
    // Files do not act: the kernel's driver lets go of the ports.
    machine_.Write("agent", R"(#!/bin/sh
root=$(dirname "$0")
word=$1
for argument; do
  case $argument in
    --target=*) target=${argument#*=} ;;
    --gtest_output=xml:*) result=${argument#*:} ;;
    --output=*) result=${argument#*=} ;;
    --register-trace=*) trace=${argument#*=} ;;
  esac
done
if [ "$word" = cable ]; then
  rm "$root"/sys/devices/pci0000:00/*/driver
  . "$root/cable"
else
  . "$root/program"
fi
)");
    std::filesystem::permissions(machine_.root() / "agent", std::filesystem::perms::owner_all);
    machine_.Write("cable", "echo 10000\n");
    machine_.Write("program", "echo running; exec sleep 60");
    options_.root = machine_.root();
    options_.agent = machine_.root() / "agent";
  }

  /// What the kernel does when the ports are given back.
  void Rebind() {
    for (const char* port : kPorts) machine_.AddDriver(port, "ixgbe");
  }

  static Request For(Request::What what, const std::string& owner = "mia@desk3") {
    Request request{
        .what = what,
        .pairs = {{.addresses = {kPorts[0], kPorts[1]},
                   .names = {"a", "b"},
                   .megabits_per_second = 10'000}},
        .claim = {.owner = owner, .purpose = "hil run", .duration = std::chrono::hours(1)},
        .deadline = std::chrono::seconds(60),
        .arguments = {},
        .program = {}};
    return request;
  }
  AgentProcess Start(const Request& request) { return {options_, ToLine(request)}; }
  std::vector<Event> Answer(const Request& request) {
    AgentProcess agent(options_, ToLine(request));
    return agent.Rest();
  }

  /// The texts of the events of a kind.
  static std::vector<std::string> Texts(const std::vector<Event>& events, What what) {
    std::vector<std::string> texts;
    for (const Event& event : events) {
      if (event.what == what) texts.push_back(event.text);
    }
    return texts;
  }
  /// The one line with which a request failed, which is the last but the end.
  static std::string Failure(const std::vector<Event>& events, What what = What::kFail) {
    if (events.size() < 2 || events.back().end != End::kFailed) return "it did not fail";
    const Event& failure = events[events.size() - 2];
    EXPECT_EQ(failure.what, what) << failure.text;
    EXPECT_EQ(failure.text.find('\n'), failure.text.npos);
    return failure.text;
  }
  static void ExpectEnd(const std::vector<Event>& events, End end, int code = 0) {
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back(), (Event{.what = What::kEnd, .end = end, .code = code}))
        << ToLine(events.back()) << testing::PrintToString(Texts(events, What::kFail));
  }

  std::string State(const std::string& file) { return machine_.Read(kState + file); }
  /// Both ports were bound, the second last, nothing is reserved, and nothing else is left.
  void ExpectGivenBack() {
    EXPECT_EQ(machine_.Read(kBind), kPorts[1]);
    ExpectNothingLeft();
  }
  void ExpectUntouched() {
    EXPECT_EQ(machine_.Read(kUnbind), "");
    ExpectNothingLeft();
  }
  void ExpectNothingLeft() {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(machine_.root() / kState)) {
      const std::string name = entry.path().filename();
      if (!name.ends_with(".lock") && !name.starts_with("last-use")) files.push_back(name);
    }
    if (files == std::vector<std::string>{"reservations.json"}) files.clear();
    EXPECT_EQ(testing::PrintToString(files), "{}");
    if (!std::filesystem::exists(machine_.root() / kState / "reservations.json")) return;
    EXPECT_EQ(State("reservations.json"), "[]");
  }
  /// A guard takes its time; half a minute at most.
  template <typename Condition>
  static bool Eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  bool JournalGoes() {
    return Eventually(
        [&] { return !std::filesystem::exists(machine_.root() / kState / kJournal); });
  }
  /// While a program runs.
  pid_t Guard() { return ParseJournal(State(kJournal)).processes.front().pid; }

  FakeMachine machine_;
  ServeOptions options_;
};

}  // namespace ixylab::hil

#endif  // TESTS_HIL_AGENT_AGENT_FIXTURE_H_
