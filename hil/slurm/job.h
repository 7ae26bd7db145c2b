// One target's job: what sbatch is told, what the node runs, and what it leaves behind.
#ifndef HIL_SLURM_JOB_H_
#define HIL_SLURM_JOB_H_

#include <optional>
#include <string>
#include <vector>

#include "hil/report/run_record.h"
#include "hil/run.h"
#include "hil/slurm/slurm_options.h"

namespace ixylab::hil {

/// A folder that the node sees too, for one attempt at one target.
struct JobFolder {
  std::string path;

  std::string Script() const { return path + "/job.sh"; }
  std::string Output() const { return path + "/output"; }  // what the job printed
  std::string Report() const { return path + "/report"; }

  /// The result; nothing if there is none, or not the whole file. A run that was interrupted says
  /// so.
  std::optional<RunRecord> Result() const;
  /// The last lines that it printed.
  std::vector<std::string> LastWords() const;
};

/// What the node runs: hil itself, on `target`. The machine "any" is the node.
std::string JobScript(const SlurmOptions& slurm, const std::string& target,
                      const JobFolder& folder);

/// sbatch's options for it, but for the script. `avoided`: nodes that lost it before.
std::vector<std::string> JobOptions(const RunOptions& options, const SlurmOptions& slurm,
                                    const std::string& target, const std::string& run,
                                    const JobFolder& folder,
                                    const std::vector<std::string>& avoided);

/// How long Slurm lets a job run: the suite's deadline, and what goes before and after it.
std::chrono::minutes JobTime(const RunOptions& options);

}  // namespace ixylab::hil

#endif  // HIL_SLURM_JOB_H_
