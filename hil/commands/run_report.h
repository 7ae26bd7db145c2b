// Where the report of a run goes.
#ifndef HIL_COMMANDS_RUN_REPORT_H_
#define HIL_COMMANDS_RUN_REPORT_H_

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "hil/report/run_record.h"

namespace ixylab::hil {

struct ReportOptions {
  std::string folder;  // as the user gave it; empty: a new one in RunsFolder()
  bool none = false;
};

/// --report, --no-report.
void AddReportOptions(CLI::App& command, ReportOptions& options);

/// Where runs go by default: what Bazel keeps of a test, else $XDG_STATE_HOME/ixylab/runs, which is
/// ~/.local/state/ixylab/runs. Throws std::runtime_error in one line if there is no such place.
std::filesystem::path RunsFolder();

/// The report of a run that is to begin.
class RunReport {
 public:
  /// Throws std::runtime_error in one line if the folder that the user gave cannot be written.
  explicit RunReport(const ReportOptions& options);

  /// Writes it and prints where it is, or why there is none. False if it is missing although the
  /// user named its folder.
  bool Write(const RunRecord& run) const;

 private:
  const ReportOptions options_;
};

}  // namespace ixylab::hil

#endif  // HIL_COMMANDS_RUN_REPORT_H_
