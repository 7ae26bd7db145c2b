#include "hil/commands/run_report.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "hil/files.h"
#include "hil/report/run_folder.h"
#include "hil/report/time.h"

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;

const char* Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

/// A new folder among the runs: "2026-03-01T14-05-09-model_82599".
fs::path NewFolder(const RunRecord& run) {
  const TargetRecord& first = run.targets.front();
  std::string name = UtcTime(first.begin).substr(0, 19);
  std::ranges::replace(name, ':', '-');
  name += "-" + first.target;
  if (run.targets.size() > 1) name += "-and-" + std::to_string(run.targets.size() - 1);
  const fs::path folder = RunsFolder() / FileName(name);
  // Of runs within the same second, all but the first have a number.
  fs::path unused = folder;
  for (int i = 2; fs::exists(unused); ++i) {
    unused = folder;
    unused += "-" + std::to_string(i);
  }
  return unused;
}

}  // namespace

void AddReportOptions(CLI::App& command, ReportOptions& options) {
  CLI::Option* folder = command.add_option("--report", options.folder,
                                           "The run's folder, which must be new or empty; default: "
                                           "a new one in ~/.local/state/ixylab/runs");
  command.add_flag("--no-report", options.none, "Writes none")->excludes(folder);
}

fs::path RunsFolder() {
  if (const char* kept = Variable("TEST_UNDECLARED_OUTPUTS_DIR")) return fs::path(kept) / "runs";
  if (const char* state = Variable("XDG_STATE_HOME")) return fs::path(state) / "ixylab/runs";
  if (const char* home = Variable("HOME")) return fs::path(home) / ".local/state/ixylab/runs";
  throw std::runtime_error("there is neither $XDG_STATE_HOME nor $HOME to keep runs in");
}

RunReport::RunReport(const ReportOptions& options) : options_(options) {
  if (!options.folder.empty()) CheckRunFolder(FromUser(options.folder));
}

bool RunReport::Write(const RunRecord& run) const {
  if (options_.none || run.targets.empty()) return true;
  try {
    const fs::path folder =
        options_.folder.empty() ? NewFolder(run) : fs::path(FromUser(options_.folder));
    WriteRunFolder(folder, run);
    std::printf("report: %s\n", (folder / "report.html").c_str());
    return true;
  } catch (const std::exception& error) {
    std::printf("no report: %s\n", error.what());
    return options_.folder.empty();
  }
}

}  // namespace ixylab::hil
