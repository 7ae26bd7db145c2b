// Sends UDP frames out of port 0 and counts what arrives at port 1.
//
//   pktgen --count=1000000
//   pktgen --count=10 --rate=1000 --out=a.pcap
//   pktgen --target=pci:0000:03:00.0,0000:03:00.1 --size=1514
#include <CLI/CLI.hpp>
#include <cstdint>

#include "hil/number_option.h"
#include "hil/target/target.h"
#include "tools/common/program.h"
#include "tools/pktgen/generate.h"
#include "tools/pktgen/generator.h"

namespace ixylab::pktgen {
namespace {

constexpr std::uint64_t kMaxRate = 1'000'000'000;

void DeclareOptions(CLI::App& app, Options& options) {
  tools::DeclareCommonOptions(app, options.common);
  app.add_option("--size", options.size, "Bytes of a frame, without FCS")
      ->check(hil::Number(kMinFrameSize, kMaxFrameSize))
      ->capture_default_str();
  app.add_option("--count", options.count, "Frames to send; without it, until Ctrl-C")
      ->check(hil::Number(1));
  app.add_option("--rate", options.rate, "Frames a second; without it, as fast as they go")
      ->check(hil::Number(1, kMaxRate));
  app.add_option("--out", options.out,
                 "Capture to write of what leaves port 0, which is then not cabled to port 1; "
                 "- is stdout");
  app.add_flag("--cabled", options.cabled,
               "Port 0 is cabled to port 1: frames that do not arrive there are a failure (always "
               "so in VMs, and on models without threads)");
}

void Run(Options options) {
  const hil::TargetSpec target = hil::ParseTarget(options.common.target);
  if (target.kind == hil::TargetKind::kPci && !options.out.empty()) {
    throw tools::UsageError("--out is for models and VMs; the ports of " + options.common.target +
                            " have cables: capture what arrives at the other end");
  }
  // Against the wall clock, a model drops what the driver is too late for.
  const bool lossless = target.kind == hil::TargetKind::kVm ||
                        (target.kind == hil::TargetKind::kModel && !target.threads);
  options.cabled |= lossless && options.out.empty();
  target.kind == hil::TargetKind::kVm ? GenerateInVm(options) : Generate(options);
}

}  // namespace
}  // namespace ixylab::pktgen

int main(int argc, char** argv) {
  CLI::App app("Sends UDP frames out of port 0 and counts what arrives at port 1.", "pktgen");
  ixylab::pktgen::Options options;
  ixylab::pktgen::DeclareOptions(app, options);
  return ixylab::tools::RunProgram(app, argc, argv, [&] { ixylab::pktgen::Run(options); });
}
