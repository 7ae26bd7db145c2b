// What went wrong when ssh fails, from what it says.
#ifndef HIL_LAB_SSH_FAILURE_H_
#define HIL_LAB_SSH_FAILURE_H_

#include <string>
#include <vector>

#include "hil/lab/lab_file.h"

namespace ixylab::hil {

/// The exit code of ssh's own failures; others are those of the command over there.
inline constexpr int kSshFailed = 255;

/// In one line, what is wrong and what to do, with the last line that was said: `code` is how ssh
/// ended, `said` are the lines of its standard error.
std::string DescribeSshFailure(const LabMachine& machine, int code,
                               const std::vector<std::string>& said);

/// "root@192.0.2.17", for messages.
std::string Destination(const LabMachine& machine);

}  // namespace ixylab::hil

#endif  // HIL_LAB_SSH_FAILURE_H_
