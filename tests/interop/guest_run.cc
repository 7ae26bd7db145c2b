#include "tests/interop/guest_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace ixylab::hil {

const std::vector<std::string>& GuestRun::Section(const std::string& name) const {
  static const std::vector<std::string> none = {"(no section)"};
  const auto found = sections.find(name);
  return found == sections.end() ? none : found->second;
}

std::string GuestRun::Value(const std::string& section, const std::string& name) const {
  for (const std::string& line : Section(section)) {
    if (line.starts_with(name + ": ")) return line.substr(name.size() + 2);
  }
  return "(no " + name + ")";
}

GuestRun RunGuest(const VmOptions& options, const std::vector<GuestProgram>& programs,
                  const std::vector<std::string>& command) {
  GuestRun run;
  std::vector<std::string>* section = &run.sections[""];
  try {
    run.result = RunInVm(options, programs, command, [&](std::string_view line) {
      std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
      if (line.starts_with("=== ")) {
        section = &run.sections[std::string(line.substr(4))];
      } else {
        section->emplace_back(line);
      }
    });
  } catch (const std::runtime_error& error) {
    run.result.reason = error.what();
  }
  EXPECT_EQ(run.result.end, VmResult::End::kExited) << run.result.reason;
  for (const std::string& line : run.result.console) std::printf("console: %s\n", line.c_str());
  for (const std::string& line : run.result.nic.log) std::printf("nic: %s\n", line.c_str());
  return run;
}

std::vector<std::string> WarningsIn(const std::vector<std::string>& log, std::string_view begin) {
  const auto has = [](std::string_view line, auto... texts) {
    return (... || (line.find(texts) != line.npos));
  };
  std::vector<std::string> warnings;
  bool begun = false;
  for (const std::string& line : log) {
    begun = begun || has(line, begin);
    unsigned level = 7;
    const bool warns = std::sscanf(line.c_str(), "<%u>", &level) == 1 && level % 8 <= 4;
    // The machine that emulates the guest has other things to do now and then.
    const bool of_the_clock = has(line, "] hrtimer: ", "] clocksource: ");
    if ((begun && warns && !of_the_clock) ||  // 4: KERN_WARNING
        has(line, "nobody cared", "WARNING:", "BUG", "Call Trace", "NETDEV WATCHDOG")) {
      warnings.push_back(line);
    }
  }
  if (!begun) warnings.push_back("no line has: " + std::string(begin));
  return warnings;
}

}  // namespace ixylab::hil
