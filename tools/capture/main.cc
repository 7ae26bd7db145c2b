// Writes what a port receives to a pcap file or pipe.
//
//   capture --target=pci:0000:03:00.0,0000:03:00.1 -w - | wireshark -k -i -
//   capture --in=a.pcap -w - | tcpdump -nr -
#include <CLI/CLI.hpp>
#include <string>

#include "emulator/wire/pcap/pcap_recorder.h"
#include "hil/number_option.h"
#include "hil/target/target.h"
#include "tools/capture/capture.h"
#include "tools/common/program.h"

namespace ixylab::capture {
namespace {

void DeclareOptions(CLI::App& app, Options& options) {
  tools::DeclareCommonOptions(app, options.common);
  app.add_option("-w,--write", options.write, "Where to write the frames: a file, or - for stdout")
      ->required();
  app.add_option("--in", options.in, "Capture to replay into the port's wire (models and VMs)");
  app.add_option("--port", options.port, "Port to capture at")
      ->check(hil::Number(0, 1))
      ->capture_default_str();
  app.add_option("-c,--count", options.count,
                 "Frames to capture; without it, until Ctrl-C or the end of the input")
      ->check(hil::Number(1));
  app.add_option("-s,--snaplen", options.snap_length, "Bytes of a frame to keep")
      ->check(hil::Number(1, emulator::PcapRecorder::kMaxSnapLength))
      ->capture_default_str();
}

void Run(const Options& options) {
  const hil::TargetKind kind = hil::ParseTarget(options.common.target).kind;
  const bool cabled = kind == hil::TargetKind::kPci;
  if (cabled && !options.in.empty()) {
    throw tools::UsageError("--in is for models and VMs; the ports of " + options.common.target +
                            " have cables");
  }
  if (!cabled && options.in.empty()) {
    throw tools::UsageError("nothing arrives at a port of " + options.common.target +
                            " by itself: give --in=FILE, a capture to replay");
  }
  tools::CheckDifferent("--in", options.in, "--write", options.write);
  kind == hil::TargetKind::kVm ? CaptureInVm(options) : Capture(options);
}

}  // namespace
}  // namespace ixylab::capture

int main(int argc, char** argv) {
  CLI::App app("Writes what a port receives to a pcap file or pipe.", "capture");
  ixylab::capture::Options options;
  ixylab::capture::DeclareOptions(app, options);
  return ixylab::tools::RunProgram(app, argc, argv, [&] { ixylab::capture::Run(options); });
}
