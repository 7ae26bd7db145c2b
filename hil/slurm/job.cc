#include "hil/slurm/job.h"

#include <chrono>
#include <cstddef>
#include <exception>
#include <fstream>

#include "hil/command_line.h"
#include "hil/report/run_folder.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

namespace {

constexpr const char* kNics = "nic:82599:2";
constexpr std::chrono::minutes kAroundTheSuite{5};  // a VM boots, a lab machine is looked at
constexpr std::size_t kLastWords = 20;

/// "lab:any/a,vfio" with the node in place of "any", which only the node knows.
std::string QuotedTarget(const std::string& target) {
  if (ParseTarget(target).machine != kAnyMachine) return ForShell(target);
  constexpr std::string_view kPrefix = "lab:";
  return ForShell(std::string(kPrefix)) + "\"$SLURMD_NODENAME\"" +
         ForShell(target.substr(kPrefix.size() + kAnyMachine.size()));
}

/// A path in which sbatch sees no %j.
std::string WithoutPatterns(const std::string& path) {
  std::string plain;
  for (const char c : path) plain += c == '%' ? "%%" : std::string(1, c);
  return plain;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ",") + word;
  return joined;
}

bool NeedsNics(const TargetSpec& target) {
  return target.kind == TargetKind::kLab || target.kind == TargetKind::kPci;
}

}  // namespace

std::optional<RunRecord> JobFolder::Result() const {
  try {
    return ReadRun(Report());
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::vector<std::string> JobFolder::LastWords() const {
  std::ifstream file(Output());
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
    if (lines.size() > kLastWords) lines.erase(lines.begin());
  }
  return lines;
}

std::string JobScript(const SlurmOptions& slurm, const std::string& target,
                      const JobFolder& folder) {
  std::string command = ForShell(slurm.hil) + " run --target=" + QuotedTarget(target);
  for (const std::string& argument : slurm.arguments) command += " " + ForShell(argument);
  command += " --report=" + ForShell(folder.Report());
  // As Bazel's test, it would take the file's name for its own.
  return "#!/bin/sh\nunset XML_OUTPUT_FILE\nexec " + command + "\n";
}

std::vector<std::string> JobOptions(const RunOptions& options, const SlurmOptions& slurm,
                                    const std::string& target, const std::string& run,
                                    const JobFolder& folder,
                                    const std::vector<std::string>& avoided) {
  const TargetSpec spec = ParseTarget(target);
  std::vector<std::string> words = {
      "--job-name=" + run, "--comment=" + target,
      // Slurm would begin again without a word, and perhaps on the same node.
      "--no-requeue",
      // The least that all sites allow, and it asks no login shell.
      "--export=ALL", "--time=" + std::to_string(JobTime(options).count()),
      "--output=" + WithoutPatterns(folder.Output())};
  const std::string gres = slurm.gres.value_or(NeedsNics(spec) ? kNics : "");
  if (!gres.empty()) words.push_back("--gres=" + gres);
  if (!slurm.partition.empty()) words.push_back("--partition=" + slurm.partition);
  if (!spec.machine.empty() && spec.machine != kAnyMachine) {
    words.push_back("--nodelist=" + spec.machine);
  } else if (!avoided.empty()) {
    words.push_back("--exclude=" + Joined(avoided));
  }
  words.insert(words.end(), slurm.sbatch.begin(), slurm.sbatch.end());
  return words;
}

std::chrono::minutes JobTime(const RunOptions& options) {
  return std::chrono::ceil<std::chrono::minutes>(options.deadline) + kAroundTheSuite;
}

}  // namespace ixylab::hil
