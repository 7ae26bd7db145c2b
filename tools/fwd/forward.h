// What fwd does on each kind of target.
#ifndef TOOLS_FWD_FORWARD_H_
#define TOOLS_FWD_FORWARD_H_

#include <cstdint>
#include <string>

#include "tools/common/program.h"

namespace ixylab::fwd {

struct Options {
  tools::CommonOptions common;
  std::string in;          // capture that is replayed at port 0
  std::string out;         // capture of what leaves port 1
  std::uint64_t loop = 1;  // replays of `in`, 1 or more
};

/// On a model: from a capture file through port 0, the driver and port 1 to another one, until all
/// of it has come out, or after Ctrl-C what was under way. Overwrites the output once the input is
/// known to be good. Throws TargetError, PcapError, DeviceError, and std::runtime_error if frames
/// did not come out.
void ForwardFile(const Options& options);

/// The same in a VM, in which this program forwards between two cards.
void ForwardFileInVm(const Options& options);

/// What ForwardBothWays prints once it begins.
inline constexpr char kReadyLine[] = "fwd: both links are up";

/// Between two ports of this machine, in both directions, until Ctrl-C. Throws TargetError,
/// DeviceError.
void ForwardBothWays(const Options& options);

}  // namespace ixylab::fwd

#endif  // TOOLS_FWD_FORWARD_H_
