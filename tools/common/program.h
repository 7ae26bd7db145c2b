// What fwd, pktgen and capture have in common as programs: the options that all of them take,
// Ctrl-C, one line for each error, and the exit status.
#ifndef TOOLS_COMMON_PROGRAM_H_
#define TOOLS_COMMON_PROGRAM_H_

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

#include "hil/target/target.h"
#include "hil/vm/vm.h"

namespace ixylab::tools {

/// The command line is wrong; one line that says what to do.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr std::size_t kMaxBatch = 256;

struct CommonOptions {
  std::string target = "model:82599";
  std::size_t batch = 32;        // packets a call, 1..kMaxBatch
  std::uint64_t seed = 1;        // of a model's device addresses
  hil::Target::TraceSink trace;  // gets each register access, if not null
  hil::VmOptions vm;             // of a VM
};

/// Has `app` store what it finds in `options`.
void DeclareCommonOptions(CLI::App& app, CommonOptions& options);

/// Throws UsageError if two options name the same file, of which the second would be overwritten.
void CheckDifferent(const std::string& in_option, const std::string& in,
                    const std::string& out_option, const std::string& out);

/// Reads the command line and runs `body`. Returns the exit status: 0; 2 if the command line is
/// wrong; 1 if anything else goes wrong. What `body` throws is one line on stderr.
int RunProgram(CLI::App& app, int argc, char** argv, const std::function<void()>& body);

/// Ctrl-C or SIGTERM came since RunProgram began. The second one ends the program at once.
bool Interrupted();

}  // namespace ixylab::tools

#endif  // TOOLS_COMMON_PROGRAM_H_
