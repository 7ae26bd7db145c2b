#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "emulator/wire/pcap/pcap_recorder.h"
#include "tools/common/ports.h"
#include "tools/common/rate_report.h"
#include "tools/common/replay.h"
#include "tools/fwd/forward.h"
#include "tools/fwd/forwarder.h"

namespace ixylab::fwd {
namespace {

using namespace std::chrono_literals;

// Of the target's time, which is virtual on most models, while frames are under way and nothing
// happens.
constexpr Nanoseconds kPatience = 1s;

}  // namespace

void ForwardFile(const Options& options) {
  // In the order of their lives: the files hang on the target's wires.
  tools::Replay replay(options.in, options.loop);
  tools::Ports* clock = nullptr;
  emulator::PcapRecorder recorder(options.out, [&clock] { return clock->Now(); });
  tools::Ports ports(options.common, {&replay.player(), &recorder});
  clock = &ports;
  ports.Plug(0, replay.player());
  Device& port0 = ports.Open(0);
  Device& port1 = ports.Open(1);
  for (const unsigned port : {0u, 1u}) ports.WaitForLink(port);
  Forwarder forwarder(port0, port1, options.common.batch);

  tools::RateReport rate("fwd", [&] {
    return tools::RateReport::Totals{.packets = recorder.recorded(),
                                     .bytes = recorder.recorded_bytes(),
                                     .missed = port0.ReadStatistics().missed_packets};
  });
  while (recorder.ok()) {
    const std::uint64_t recorded = recorder.recorded();
    if (!tools::Interrupted()) {
      ports.Inject([&] { replay.Feed(options.common.batch, recorded); });
    }
    if (replay.UnderWay(recorder.recorded()) == 0 && (replay.ended() || tools::Interrupted())) {
      break;
    }
    const auto progress = [&] {
      return forwarder.ForwardBatch() > 0 || recorder.recorded() > recorded;
    };
    if (!ports.target().Until(progress, kPatience)) replay.GiveUp(recorder.recorded());
    rate.Look();
  }

  const Statistics statistics = port0.ReadStatistics();
  const std::uint64_t out = recorder.recorded();
  if (tools::Interrupted()) std::fputs("fwd: interrupted\n", stderr);
  std::fprintf(stderr,
               "fwd: %" PRIu64 " in, %" PRIu64 " forwarded, %" PRIu64 " out, %" PRIu64
               " missed, %s\n",
               replay.sent(), forwarder.forwarded(), out, statistics.missed_packets,
               replay.DescribeSkipped().c_str());
  recorder.Close();
  // An interrupt also ends a read from a pipe.
  if (!tools::Interrupted() && !replay.error().empty()) throw std::runtime_error(replay.error());
  if (out != replay.sent()) {
    throw std::runtime_error(
        std::to_string(replay.sent() - out) +
        " frames did not come out: " + std::to_string(statistics.missed_packets) + " missed and " +
        std::to_string(statistics.receive_errors) + " taken for bad by port 0");
  }
}

}  // namespace ixylab::fwd
