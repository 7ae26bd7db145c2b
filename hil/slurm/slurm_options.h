// What the user says of Slurm on the command line of `hil run`.
#ifndef HIL_SLURM_SLURM_OPTIONS_H_
#define HIL_SLURM_SLURM_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ixylab::hil {

/// The machine of "lab:any": whichever node Slurm gives.
inline constexpr std::string_view kAnyMachine = "any";

struct SlurmOptions {
  bool on = false;                              // --on=slurm
  std::optional<std::string> gres;              // of each job; none: what its target needs
  std::string partition;                        // empty: Slurm's default
  std::vector<std::string> sbatch;              // further options of sbatch
  std::string folder;                           // that all nodes see under this path
  std::chrono::seconds queue_deadline{86'400};  // from its submission until a job begins
  std::string hil;                              // this program's path on the nodes
  std::vector<std::string> arguments;           // of `hil run` there, besides --target and --report

  // Not on the command line.
  std::chrono::seconds command_deadline{60};  // of sbatch, squeue and scancel
  std::chrono::seconds patience{300};         // with a controller that does not answer any more
  std::chrono::seconds settle{15};  // until a file that a node wrote is seen here, at most
};

/// --on, and those that go with it.
void AddSlurmOptions(CLI::App& run, SlurmOptions& slurm);
/// After parsing: defaults, and `arguments` from the other options of `run` that were given. Throws
/// std::runtime_error in one line if `targets` need Slurm and it was not asked for.
void CompleteSlurmOptions(const CLI::App& run, const std::vector<std::string>& targets,
                          SlurmOptions& slurm);

}  // namespace ixylab::hil

#endif  // HIL_SLURM_SLURM_OPTIONS_H_
