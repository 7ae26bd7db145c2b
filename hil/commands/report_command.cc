#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "hil/commands/commands.h"
#include "hil/commands/run_report.h"
#include "hil/files.h"
#include "hil/number_option.h"
#include "hil/report/compare.h"
#include "hil/report/html.h"
#include "hil/report/run_folder.h"
#include "hil/report/text.h"

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;

struct ReportArguments {
  std::string run;
  std::string a;
  std::string b;
  std::string html;
  unsigned factor = static_cast<unsigned>(TimeBound().factor);
};

int Show(const std::string& path) {
  const RunRecord run = ReadRun(FromUser(path));
  std::printf("%s\n", run.command.c_str());
  Print(run);
  std::printf("%s\n", Summary(run).c_str());
  return run.Count(Outcome::kFailed) == 0 ? kPassed : kFailed;
}

int WriteHtml(const std::string& path) {
  const fs::path folder = FromUser(path);
  const RunRecord run = ReadRun(folder);
  const fs::path page = (fs::is_directory(folder) ? folder : folder.parent_path()) / "report.html";
  ReplaceFile(page, ToHtml(run));
  std::printf("report: %s\n", page.c_str());
  return kPassed;
}

/// All runs of the default place, oldest first.
int List() {
  const fs::path runs = RunsFolder();
  std::vector<fs::path> folders;
  if (fs::is_directory(runs)) {
    for (const fs::directory_entry& entry : fs::directory_iterator(runs)) {
      if (fs::exists(entry.path() / "run.json")) folders.push_back(entry.path());
    }
  }
  std::ranges::sort(folders);
  for (const fs::path& folder : folders) {
    std::printf("%s  %s\n", folder.c_str(), Summary(ReadRun(folder)).c_str());
  }
  if (folders.empty()) std::printf("no runs in %s\n", runs.c_str());
  return kPassed;
}

/// What "FOLDER" or "FOLDER:TARGET" names.
RunRecord ReadSide(const std::string& name) {
  std::error_code error;
  // A target has colons itself, and so may a folder.
  for (std::size_t colon = name.size(); colon != name.npos && colon > 0;
       colon = name.rfind(':', colon - 1)) {
    const fs::path path = FromUser(name.substr(0, colon));
    if (!fs::exists(path, error)) continue;
    RunRecord run = ReadRun(path);
    if (colon == name.size()) return run;
    const std::string target = name.substr(colon + 1);
    std::erase_if(run.targets, [&](const TargetRecord& each) { return each.target != target; });
    if (!run.targets.empty()) return run;
    throw std::runtime_error(path.string() + " has no target \"" + target + "\"");
  }
  throw std::runtime_error("there is no run " + FromUser(name));
}

int CompareRuns(const ReportArguments& arguments) {
  const RunRecord a = ReadSide(arguments.a);
  const RunRecord b = ReadSide(arguments.b);
  const Comparison comparison = Compare(a, b, {.factor = static_cast<double>(arguments.factor)});
  if (!arguments.html.empty()) ReplaceFile(FromUser(arguments.html), CompareHtml(comparison));
  std::printf("%s", CompareText(comparison).c_str());
  return comparison.changed() ? kFailed : kPassed;
}

}  // namespace

Command AddReportCommand(CLI::App& hil) {
  CLI::App* report = hil.add_subcommand("report", "Of runs that are over; compares two");
  report->require_subcommand(1);
  const auto arguments = std::make_shared<ReportArguments>();
  CLI::App* show = report->add_subcommand("show", "A run's table and failures again");
  CLI::App* html = report->add_subcommand("html", "Writes a run's report.html anew");
  for (CLI::App* command : {show, html}) {
    command->add_option("RUN", arguments->run, "A run's folder, or its run.json")->required();
  }
  CLI::App* list = report->add_subcommand("list", "The runs in the default place, oldest first");
  CLI::App* compare = report->add_subcommand(
      "compare", "What changed from A to B; exit code 0: nothing, 1: something");
  const char* side =
      "FOLDER or FOLDER:TARGET; targets of the same name are compared, then in order";
  compare->add_option("A", arguments->a, side)->required();
  compare->add_option("B", arguments->b, side)->required();
  compare->add_option("--html", arguments->html, "Writes a page, too");
  compare
      ->add_option("--factor", arguments->factor,
                   "How many times as long is another time; 0: whatever")
      ->capture_default_str()
      ->check(Number(0, 1'000'000));
  const auto action = [=] {
    if (show->parsed()) return Show(arguments->run);
    if (html->parsed()) return WriteHtml(arguments->run);
    if (list->parsed()) return List();
    return CompareRuns(*arguments);
  };
  return {.app = report, .action = action};
}

}  // namespace ixylab::hil
