// A run's folder:
//
//   run.json                    everything; `hil report` reads it
//   junit.xml                   for CI servers
//   report.html                 for people
//   TARGET/kernel.log           what the kernel said there, if it did
//   TARGET/registers.trace      the driver's register accesses, if they were asked for
#ifndef HIL_REPORT_RUN_FOLDER_H_
#define HIL_REPORT_RUN_FOLDER_H_

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "hil/report/run_record.h"

namespace ixylab::hil {

/// A name of letters, digits, dots, dashes and underscores for `text`: "model_82599".
std::string FileName(std::string_view text);

/// The folders of the targets, each with a name of its own.
std::vector<std::string> TargetFolders(const RunRecord& run);

/// `folder` can be made by WriteRunFolder: it is not there, or is empty, and its parent, which is
/// made if need be, can be written. Throws std::runtime_error in one line.
void CheckRunFolder(const std::filesystem::path& folder);

/// Writes all files, or none: on a full disk, say, nothing is left. Parents are made if need be.
/// Throws std::runtime_error in one line, also if there is a folder with files already.
void WriteRunFolder(const std::filesystem::path& folder, const RunRecord& run);

/// The run in a folder, or in a run.json with what is beside it. Throws std::runtime_error in one
/// line.
RunRecord ReadRun(const std::filesystem::path& path);

/// Writes `text` to the file `path`, which keeps what it had if that fails: std::runtime_error in
/// one line.
void ReplaceFile(const std::filesystem::path& path, const std::string& text);

}  // namespace ixylab::hil

#endif  // HIL_REPORT_RUN_FOLDER_H_
