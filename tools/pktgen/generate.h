// What pktgen does.
#ifndef TOOLS_PKTGEN_GENERATE_H_
#define TOOLS_PKTGEN_GENERATE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "tools/common/program.h"
#include "tools/pktgen/generator.h"

namespace ixylab::pktgen {

struct Options {
  tools::CommonOptions common;
  std::size_t size = kMinFrameSize;  // of a frame, in bytes without FCS
  std::uint64_t count = 0;           // frames to send; 0: until Ctrl-C
  std::uint64_t rate = 0;            // frames a second of the target's time; 0: as fast as they go
  std::string out;                   // capture of what leaves port 0, of a model or VM; or empty
  bool cabled = false;               // frames that do not arrive at port 1 are a failure
};

/// Sends until `count` or Ctrl-C. Throws TargetError, DeviceError, PcapError, and
/// std::runtime_error if frames do not arrive where they must.
void Generate(const Options& options);

/// The same in a VM, in which this program sends.
void GenerateInVm(const Options& options);

}  // namespace ixylab::pktgen

#endif  // TOOLS_PKTGEN_GENERATE_H_
