// What capture does on each kind of target.
#ifndef TOOLS_CAPTURE_CAPTURE_H_
#define TOOLS_CAPTURE_CAPTURE_H_

#include <cstdint>
#include <string>

#include "emulator/wire/pcap/pcap_recorder.h"
#include "tools/common/program.h"

namespace ixylab::capture {

struct Options {
  tools::CommonOptions common;
  std::string write;        // where the capture goes; - is standard output
  std::string in;           // capture that is replayed into the port's wire, of a model or VM
  unsigned port = 0;        // 0 or 1
  std::uint64_t count = 0;  // frames to capture; 0: until Ctrl-C or the end of `in`
  std::uint32_t snap_length = emulator::PcapRecorder::kMaxSnapLength;  // bytes of a frame to keep
};

/// Receives at a port and records until `count`, Ctrl-C, the end of `in`, or until who reads the
/// capture closes its pipe. Throws TargetError, DeviceError, PcapError.
void Capture(const Options& options);

/// The same in a VM, in which this program receives.
void CaptureInVm(const Options& options);

}  // namespace ixylab::capture

#endif  // TOOLS_CAPTURE_CAPTURE_H_
