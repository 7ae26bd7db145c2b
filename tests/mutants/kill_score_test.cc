// Each mutant must make its named conformance test fail, and nothing but that test and by nothing
// but its assertions; on the driver as it is, the same tests must pass.
#include <gtest/gtest.h>

#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hil/subprocess.h"
#include "tests/mutants/mutant.h"

namespace ixylab::mutants {

/// How GoogleTest names a parameter.
void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.what; }

namespace {

using hil::ChildResult;

constexpr std::chrono::seconds kDeadline(60);
constexpr const char* kDocument = "tests/mutants/KILLS.md";

struct Outcome {
  ChildResult child;
  std::set<std::string> passed;
  std::set<std::string> failed;
  std::string output;
};

/// The tests of `filter` on `mutant` ("": on none).
Outcome RunSuite(const std::string& program, const std::string& target, const std::string& mutant,
                 const std::string& filter) {
  Outcome outcome;
  const auto name_after = [](std::string_view line, std::string_view prefix) {
    line.remove_prefix(prefix.size());
    return std::string(line.substr(0, line.find_first_of(" ,")));
  };
  setenv(kEnvironmentVariable, mutant.c_str(), 1);
  outcome.child =
      hil::RunChild({"tests/mutants/" + program, "--target=" + target, "--gtest_filter=" + filter},
                    kDeadline, [&](std::string_view line) {
                      constexpr std::string_view kOk = "[       OK ] ";
                      constexpr std::string_view kFailed = "[  FAILED  ] ";
                      if (line.starts_with(kOk)) outcome.passed.insert(name_after(line, kOk));
                      // With its time: the list at the end has other lines as well.
                      if (line.starts_with(kFailed) && line.ends_with(" ms)")) {
                        outcome.failed.insert(name_after(line, kFailed));
                      }
                      outcome.output.append(line).append("\n");
                    });
  return outcome;
}

using ProgramAndTarget = std::pair<std::string, std::string>;

std::vector<ProgramAndTarget> Programs() {
  std::set<ProgramAndTarget> programs;
  for (const Mutant& mutant : AllMutants()) programs.insert({mutant.program, mutant.target});
  return {programs.begin(), programs.end()};
}

class Control : public testing::TestWithParam<ProgramAndTarget> {};

TEST_P(Control, TheDriverPassesTheSameTests) {
  std::set<std::string> names;
  std::string filter;
  for (const Mutant& mutant : AllMutants()) {
    if (GetParam() != ProgramAndTarget(mutant.program, mutant.target)) continue;
    if (!names.insert(mutant.killed_by).second) continue;
    filter.append(filter.empty() ? "" : ":").append(mutant.killed_by);
  }
  // A program that is itself a mutant is judged against the one that holds the driver.
  const Outcome outcome = RunSuite("mutants", GetParam().second, "", filter);
  EXPECT_EQ(outcome.passed, names) << outcome.output;
  EXPECT_EQ(outcome.failed, std::set<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Of, Control, testing::ValuesIn(Programs()), [](const auto& info) {
  std::string name = info.param.first + "_on_" + info.param.second;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
});

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, IsKilled) {
  const Mutant& mutant = GetParam();
  const std::string name = mutant.program == std::string("mutants") ? mutant.name : "";
  const Outcome outcome = RunSuite(mutant.program, mutant.target, name, mutant.killed_by);
  ASSERT_NE(outcome.child.end, ChildResult::End::kDeadline) << mutant.killed_by << " hangs:\n"
                                                            << outcome.output;
  ASSERT_NE(outcome.child.end, ChildResult::End::kSignalled) << mutant.killed_by << " crashes:\n"
                                                             << outcome.output;
  EXPECT_EQ(outcome.child.code, 1);
  ASSERT_EQ(outcome.failed, std::set<std::string>{mutant.killed_by})
      << mutant.what << " survives:\n"
      << outcome.output;
}

INSTANTIATE_TEST_SUITE_P(All, Mutants, testing::ValuesIn(AllMutants().begin(), AllMutants().end()),
                         [](const auto& info) { return std::string(info.param.name); });

std::string Document() {
  std::ostringstream text;
  text << "| mutant | in | fault | conformance test that fails |\n|---|---|---|---|\n";
  for (const Mutant& mutant : AllMutants()) {
    text << "| " << mutant.name << " | " << mutant.where << " | " << mutant.what << " | `"
         << mutant.killed_by << "` on " << mutant.target << " |\n";
  }
  text << "\nKill score: " << AllMutants().size() << " of " << AllMutants().size() << "\n";
  return text.str();
}

TEST(Document, ListsEveryMutant) {
  std::ifstream file(kDocument);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(text.ends_with(Document())) << kDocument << " is to end with:\n" << Document();
}

class Score final : public testing::EmptyTestEventListener {
  void OnTestSuiteEnd(const testing::TestSuite& suite) override {
    if (suite.name() != std::string_view("All/Mutants")) return;
    std::printf("Kill score: %d of %zu\n", suite.successful_test_count(), AllMutants().size());
  }
};

}  // namespace
}  // namespace ixylab::mutants

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new ixylab::mutants::Score);
  return RUN_ALL_TESTS();
}
