// Sends UDP frames out of port 0 and counts what arrives at port 1.
//
//   pktgen --count=1000000
//   pktgen --count=10 --rate=1000 --out=a.pcap
//   pktgen --target=pci:0000:03:00.0,0000:03:00.1 --size=1514
#include <CLI/CLI.hpp>
#include <cstdint>

#include "hil/number_option.h"
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
}

}  // namespace
}  // namespace ixylab::pktgen

int main(int argc, char** argv) {
  CLI::App app("Sends UDP frames out of port 0 and counts what arrives at port 1.", "pktgen");
  ixylab::pktgen::Options options;
  ixylab::pktgen::DeclareOptions(app, options);
  return ixylab::tools::RunProgram(app, argc, argv, [&] { ixylab::pktgen::Generate(options); });
}
