// Dumps and traces of any target, wherever its ports are.
#ifndef HIL_REGS_ON_TARGET_H_
#define HIL_REGS_ON_TARGET_H_

#include <array>
#include <chrono>
#include <string>

#include "hil/lab/lab_options.h"
#include "hil/regs/dump.h"
#include "hil/vm/vm.h"

namespace ixylab::hil {

/// How targets are reached that are not in this process.
struct ReachOptions {
  VmOptions vm;    // as the user gave them
  LabOptions lab;  // likewise
  std::chrono::seconds deadline{300};
};

/// Throws std::runtime_error in one line if `target` cannot be one of an 82599.
void Check82599Target(const std::string& target);

/// ReadRegisters and Record (record.h), where the ports of `target` are. Ports of this machine are
/// taken from the kernel, and given back. Throw std::runtime_error in one line; Interrupted
/// (hil/process.h) once nothing of it runs any more.
RegisterDump DumpTarget(const std::string& target, unsigned port, DeviceState state,
                        const ReachOptions& options);
std::array<std::string, 2> RecordTarget(const std::string& target, const ReachOptions& options);

}  // namespace ixylab::hil

#endif  // HIL_REGS_ON_TARGET_H_
