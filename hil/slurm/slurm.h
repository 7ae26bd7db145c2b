// Slurm's own programs, as far as runs need them: sbatch, squeue, scancel. Accounting may be off:
// nothing here asks sacct.
#ifndef HIL_SLURM_SLURM_H_
#define HIL_SLURM_SLURM_H_

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hil/process.h"

namespace ixylab::hil {

/// A program of Slurm's is missing, does not answer, or refuses: one line with its own words.
class SlurmError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What squeue says of a job.
struct JobStatus {
  std::string state;   // "RUNNING"
  std::string node;    // empty: none so far
  std::string reason;  // why it waits or has failed: "Resources"
  int exit_code = 0;   // once it is over; 128 + the signal that ended it, as a shell says it

  bool Waits() const;          // for a node
  bool Ended() const;          // will not run any more, and nothing of it does
  bool EndedByItself() const;  // hil did, with 0 or 1: everything passed, or not
};

/// One line of squeue's: "12|RUNNING|lab1|0|None|". Throws SlurmError if it is none.
std::pair<std::string, JobStatus> ParseJob(std::string_view line);

class Slurm {
 public:
  /// Each command is killed after `deadline`: they keep trying for long. Signals wait for its end:
  /// a command that is cut off in the middle may have submitted a job or not. Throws SlurmError if
  /// there are no such programs on the PATH.
  Slurm(std::chrono::seconds deadline, const SignalsAsEvents& signals);

  /// Gives the job's number.
  std::string Submit(const std::vector<std::string>& options, const std::string& script) const;
  /// The jobs of that name, by number, also those that are over: until Slurm forgets them, as a
  /// rule for five minutes.
  std::map<std::string, JobStatus> Jobs(const std::string& name) const;
  /// By name or number; none left is no error.
  void CancelAll(const std::string& name) const;
  void Cancel(const std::string& job) const;

 private:
  std::vector<std::string> Run(const std::vector<std::string>& command) const;

  const std::chrono::seconds deadline_;
  const SignalsAsEvents& signals_;
  const std::string sbatch_;
  const std::string squeue_;
  const std::string scancel_;
};

}  // namespace ixylab::hil

#endif  // HIL_SLURM_SLURM_H_
