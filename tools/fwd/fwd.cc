// Forwards packets from port to port: a capture file through the ports of a model, or what arrives
// at the ports of this machine.
//
//   fwd --in=a.pcap --out=b.pcap
//   fwd --target=pci:0000:03:00.0,0000:03:00.1
#include <CLI/CLI.hpp>
#include <string>
#include <utility>

#include "hil/number_option.h"
#include "hil/target/target.h"
#include "tools/common/program.h"
#include "tools/fwd/forward.h"

namespace ixylab::fwd {
namespace {

void DeclareOptions(CLI::App& app, Options& options) {
  tools::DeclareCommonOptions(app, options.common);
  app.add_option("--in", options.in, "Capture to replay at port 0: pcap or pcapng, Ethernet");
  app.add_option("--out", options.out, "Capture to write of what leaves port 1; - is stdout");
  app.add_option("--loop", options.loop, "Times to replay the input")
      ->check(hil::Number(1))
      ->capture_default_str();
}

void CheckFiles(const Options& options) {
  for (const auto& [name, file] : {std::pair("--in", options.in), {"--out", options.out}}) {
    if (file.empty()) {
      throw tools::UsageError(std::string(name) + " is required; fwd --help lists the options");
    }
  }
  tools::CheckDifferent("--in", options.in, "--out", options.out);
}

void Forward(const Options& options) {
  switch (hil::ParseTarget(options.common.target).kind) {
    case hil::TargetKind::kModel:
      CheckFiles(options);
      return ForwardFile(options);
    case hil::TargetKind::kVm:
      CheckFiles(options);
      return ForwardFileInVm(options);
    case hil::TargetKind::kPci:
      if (!options.in.empty() || !options.out.empty()) {
        throw tools::UsageError("--in and --out are for models and VMs; the ports of " +
                                options.common.target + " have cables: see pktgen and capture");
      }
      return ForwardBothWays(options);
    case hil::TargetKind::kLab:  // the command line refuses it
      break;
  }
}

}  // namespace
}  // namespace ixylab::fwd

int main(int argc, char** argv) {
  CLI::App app("Forwards packets from port to port through the driver.", "fwd");
  ixylab::fwd::Options options;
  ixylab::fwd::DeclareOptions(app, options);
  return ixylab::tools::RunProgram(app, argc, argv, [&] { ixylab::fwd::Forward(options); });
}
