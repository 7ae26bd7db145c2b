// A run through Slurm: each target is a job on a node that has what it needs.
#ifndef HIL_SLURM_SLURM_RUN_H_
#define HIL_SLURM_SLURM_RUN_H_

#include "hil/report/run_record.h"
#include "hil/run.h"
#include "hil/slurm/slurm_options.h"

namespace ixylab::hil {

/// Submits a job for each target, all at once, tells what becomes of them, and puts their results
/// together, in the targets' order. A job whose node died, or that left no result, is tried again,
/// twice at most and on another node if there is one; what could not run is a failed test "(the
/// run)" of its target. Whatever happens, no job of the run is left in the queue. Throws
/// std::runtime_error in one line if Slurm does not take the jobs.
RunRecord RunOnSlurm(const RunOptions& options, const SlurmOptions& slurm);

}  // namespace ixylab::hil

#endif  // HIL_SLURM_SLURM_RUN_H_
