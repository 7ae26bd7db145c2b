// The suite on two ports of a machine of the lab.
#ifndef HIL_LAB_LAB_RUN_H_
#define HIL_LAB_LAB_RUN_H_

#include "hil/suite_run.h"

namespace ixylab::hil {

/// Throws LabError in one line if the lab file is broken, or does not have the target.
void CheckLab(const RunOptions& options, const TargetSpec& target);

/// Copies the agent to the machine unless it is there, has it check, reserve and take the ports,
/// run the suite and give everything back, and hands on what the suite prints. Throws
/// std::runtime_error in one line if the run cannot begin: which machine, what is wrong, what to
/// do.
SuiteEnd RunInLab(const RunOptions& options, const TargetSpec& target, const OnLine& on_line);

}  // namespace ixylab::hil

#endif  // HIL_LAB_LAB_RUN_H_
