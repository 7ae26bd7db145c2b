// What the kernel says while something runs.
#ifndef HIL_AGENT_KERNEL_LOG_H_
#define HIL_AGENT_KERNEL_LOG_H_

#include <filesystem>
#include <string>

#include "hil/process.h"

namespace ixylab::hil {

class KernelLog {
 public:
  /// From now on.
  explicit KernelLog(const std::filesystem::path& root);
  /// The last 1,000 lines since then: "[  123.456789] ixgbe 0000:03:00.0: ...".
  std::string Read() const;

 private:
  Descriptor messages_;  // none: this kernel does not tell
};

}  // namespace ixylab::hil

#endif  // HIL_AGENT_KERNEL_LOG_H_
