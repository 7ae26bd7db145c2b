// Doorbells that are memory (nic --doorbells=mapped) under our driver and under Linux's: all works
// as it does with trapped ones, and what each costs is printed. To compare, with more time for
// each:
//
//   tools/bazel test //tests/interop:doorbells_mapped //tests/interop:doorbells_trapped
//     --test_env=DOORBELLS_SECONDS=5 --test_output=all
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "hil/files.h"
#include "hil/vm/vm.h"
#include "tests/interop/guest_run.h"
#include "tests/interop/linux_vm.h"

namespace ixylab::hil {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string Doorbells() { return std::getenv("DOORBELLS"); }

void PrintFigure(const std::string& name, double value, const char* unit) {
  std::printf("figure doorbells %s, %s: %.6g %s\n", Doorbells().c_str(), name.c_str(), value, unit);
}

/// The number that `pattern` finds first in the section's lines; 0 if it finds none.
double Find(const GuestRun& run, const std::string& section, const std::string& pattern) {
  std::smatch match;
  for (const std::string& line : run.Section(section)) {
    if (std::regex_search(line, match, std::regex(pattern))) return std::stod(match[1]);
  }
  return 0;
}

TEST(Doorbells, WorkAndCostThis) {
  const char* seconds = std::getenv("DOORBELLS_SECONDS");
  const int time = seconds != nullptr ? std::atoi(seconds) : 1;
  const int frames = 100'000 * time;
  VmOptions options = LinuxVm("82599", "guest");
  options.nic_arguments.push_back("--doorbells=" + Doorbells());
  const GuestRun run =
      RunGuest(options,
               {{"mmio_time", FindRunfile("tests/interop/mmio_time")},
                {"pktgen", FindRunfile("tools/pktgen/pktgen")}},
               GuestScript("doorbells.sh",
                           {DriverOf(options.nic), std::to_string(frames), std::to_string(time)}));

  for (const char* name : {"TDT[0]", "TDT[1]"}) {
    const std::string times = run.Value("mmio", name);
    for (const char* what : {"read", "write", "write and read back"}) {
      std::smatch match;
      ASSERT_TRUE(std::regex_search(times, match, std::regex(std::string(what) + " (\\d+) ns")))
          << times;
      PrintFigure(std::string(name) + " " + what, std::stod(match[1]), "ns");
    }
  }
  EXPECT_EQ(run.Value("pktgen", "exit"), "0");
  EXPECT_EQ(Find(run, "pktgen", "(\\d+) sent in"), frames);
  PrintFigure("pktgen, our driver", Find(run, "pktgen", "sent in .*\\(([\\d.]+) Mpps\\)"), "Mpps");

  EXPECT_EQ(run.Section("probe"), std::vector<std::string>{"up"});
  EXPECT_THAT(run.Section("ping").front(), HasSubstr(" 0% packet loss"));
  PrintFigure("ping, mean", 1000 * Find(run, "ping", "rtt .* = [\\d.]+/([\\d.]+)"), "us");
  for (const std::string& text : run.Section("iperf")) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    ASSERT_TRUE(json.contains("end")) << text;
    const double rate = json["end"]["sum_received"]["bits_per_second"].get<double>();
    EXPECT_GT(rate, 1e6) << text;
    PrintFigure("iperf3", rate / 1e6, "Mbit/s");
  }
  EXPECT_GT(Find(run, "kernel pktgen", "(\\d+)pps"), 0);
  PrintFigure("kernel's pktgen, ixgbe", Find(run, "kernel pktgen", "(\\d+)pps") / 1e6, "Mpps");
  EXPECT_THAT(run.Section("registers").front(), HasSubstr(" 0% packet loss"));
  EXPECT_THAT(run.result.nic.problems, IsEmpty());
}

}  // namespace
}  // namespace ixylab::hil
