#include "tests/conformance/program.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cinttypes>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "hil/number_option.h"
#include "hil/target/target.h"
#include "tests/conformance/expected_skips.h"
#include "tests/conformance/listeners.h"
#include "tests/conformance/register_trace.h"
#include "tests/conformance/session.h"

namespace ixylab::conformance {

namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::invalid_argument("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> AllTests() {
  std::set<std::string> names;
  const testing::UnitTest& suites = *testing::UnitTest::GetInstance();
  for (int s = 0; s < suites.total_test_suite_count(); ++s) {
    const testing::TestSuite& suite = *suites.GetTestSuite(s);
    for (int t = 0; t < suite.total_test_count(); ++t) {
      names.insert(std::string(suite.name()) + "." + suite.GetTestInfo(t)->name());
    }
  }
  return names;
}

}  // namespace

int RunProgram(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);

  Session& session = CurrentSession();
  session.target = hil::Targets().front().name;
  std::uint64_t soak_packets = 0;
  std::string skips_file, trace_file;
  CLI::App app("Proves a driver on the two connected ports of a target.");
  app.add_option("--target", session.target, "Which target")->capture_default_str();
  app.add_option("--as", session.name, "The target's name in skips and reports; default: --target");
  app.add_option("--control", session.control,
                 "A character device or socket over which the cable of PCI ports is pulled");
  app.add_option("--seed", session.seed, "Of everything random")
      ->capture_default_str()
      ->check(hil::Number());
  const CLI::Option* soak = app.add_option("--soak-packets", soak_packets,
                                           "Frames of the soak; default: what suits the target")
                                ->check(hil::Number());
  app.add_option("--expected-skips", skips_file, "A table in place of the built-in one");
  app.add_option("--register-trace", trace_file,
                 "Writes each register access, in words, to this file");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "conformance: %s (--help shows the options)\n", error.what());
    return 2;
  }
  if (soak->count() > 0) session.soak_packets = soak_packets;

  RegisterTrace* trace = nullptr;  // GoogleTest's
  try {
    // Opened once before any test: what is wrong with it is said in one line.
    const auto target = hil::OpenTarget(session.target, session.seed, session.control);
    const std::string kind(session.name.empty() ? target->kind() : session.name);
    if (session.name.empty()) session.name = session.target;
    const ExpectedSkips skips(skips_file.empty() ? BuiltInSkips() : ReadFile(skips_file), kind);
    skips.CheckAgainst(AllTests());
    // Ends are told in reverse order: the guard speaks before the default printer counts.
    testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
    listeners.Append(new FailureContext);
    listeners.Append(new SkipGuard(skips));
    if (!trace_file.empty()) {
      auto owned = std::make_unique<RegisterTrace>(trace_file);
      trace = owned.get();
      listeners.Append(owned.release());
      session.trace = [trace](std::string_view line) { trace->Add(line); };
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conformance: %s\n", error.what());
    return 2;
  }
  std::printf("Target %s, seed %" PRIu64 "\n", session.name.c_str(), session.seed);
  const int code = RUN_ALL_TESTS();
  try {
    if (trace != nullptr) trace->Close();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conformance: %s\n", error.what());
    return 2;
  }
  return code;
}

}  // namespace ixylab::conformance
