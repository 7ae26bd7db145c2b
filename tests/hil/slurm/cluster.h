// A Slurm of this process's own: munged, slurmctld and a slurmd for each node, all on loopback, in
// a folder under /tmp. Neither root nor systemd nor cgroups are needed.
#ifndef TESTS_HIL_SLURM_CLUSTER_H_
#define TESTS_HIL_SLURM_CLUSTER_H_

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hil/process.h"

namespace ixylab::hil {

/// While it lives, $SLURM_CONF names it. At its end no process of it is left, nor of its jobs.
class Cluster {
 public:
  /// Waits until all `nodes` are idle: each has two ports nic:82599 and cores for more jobs than
  /// that. Throws std::runtime_error in one line, with the package of a program that is missing.
  explicit Cluster(const std::vector<std::string>& nodes);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

  /// As if the machine's power were cut: kills its slurmd and `process`, which a job runs, with all
  /// that the job is made of.
  void CutPower(const std::string& node, pid_t process);
  void KillController();
  /// The lines of squeue for jobs that are not over.
  std::vector<std::string> Queue() const;

 private:
  Cluster();  // from here on the destructor cleans up
  void WriteConfiguration(const std::vector<std::string>& nodes) const;
  std::unique_ptr<Child> Start(const std::string& name, std::vector<std::string> command) const;
  bool AllIdle(std::size_t nodes) const;
  std::string LastWords() const;

  const std::filesystem::path folder_;
  const SignalsAsEvents signals_;
  std::unique_ptr<Child> munged_;
  std::unique_ptr<Child> controller_;
  std::map<std::string, std::unique_ptr<Child>> nodes_;
};

}  // namespace ixylab::hil

#endif  // TESTS_HIL_SLURM_CLUSTER_H_
