// One suite on one target, wherever its ports are.
#ifndef HIL_SUITE_RUN_H_
#define HIL_SUITE_RUN_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hil/run.h"
#include "hil/target/target_spec.h"

namespace ixylab::hil {

/// How the suite's program ended on a target.
struct SuiteEnd {
  bool exited = false;  // by itself, with `code`
  bool interrupted = false;
  int code = 0;
  std::vector<std::string> description;  // the first line says it, the others help to find out why
  std::vector<std::string> device = {};  // what was wrong with the devices, whatever tests say
  std::string machine = {};              // where it ran, as that machine calls itself
  std::vector<std::string> kernel_log = {};  // what the kernel there said: the last lines
  std::string register_trace = {};           // if it was asked for
};

using OnLine = std::function<void(std::string_view line)>;

/// The suite's command line: `program`, then which tests on which target.
std::vector<std::string> SuiteCommand(const RunOptions& options, const std::string& program,
                                      const std::string& target);

/// Writes what a suite elsewhere has left as its XML, if there is any, to where the user wants it.
void KeepXml(const RunOptions& options, const std::string& xml);

/// On a model, or on ports of this machine. Hands on what the suite prints.
SuiteEnd RunHere(const RunOptions& options, const std::string& target, const OnLine& on_line);

/// In a VM, on PCI devices there.
SuiteEnd RunInGuest(const RunOptions& options, const TargetSpec& target, const OnLine& on_line);

}  // namespace ixylab::hil

#endif  // HIL_SUITE_RUN_H_
