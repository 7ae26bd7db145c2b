#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "emulator/wire/pcap/pcap_recorder.h"
#include "emulator/wire/wire.h"
#include "tools/common/guest.h"
#include "tools/common/replay.h"
#include "tools/common/socket_end.h"
#include "tools/fwd/forward.h"

namespace ixylab::fwd {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 10s;  // while frames are under way and nothing happens
constexpr auto kPoll = 20ms;

/// Feeds what is to be forwarded and records what comes back, until all of it has.
void FeedAndRecord(const Options& options, tools::Host& host, tools::Replay& replay,
                   emulator::PcapRecorder& recorder) {
  emulator::Wire in;
  emulator::Wire out;
  tools::SocketEnd card0(host.wire(0), in, 1);
  tools::SocketEnd card1(host.wire(1), out, 1);
  replay.player().Plug(in, 0);
  recorder.Plug(out, 0);

  Clock::time_point last_progress = Clock::now();
  bool alive = true;
  while (alive && recorder.ok()) {
    const std::uint64_t recorded = recorder.recorded();
    // Not before the driver has reset the card, which drops what came until then.
    if (host.ready() && !host.interrupted()) replay.Feed(options.common.batch, recorded);
    if (replay.UnderWay(recorded) == 0 && (replay.ended() || host.interrupted())) return;
    alive = card1.Receive(kPoll);
    const Clock::time_point now = Clock::now();
    if (recorder.recorded() > recorded) last_progress = now;
    if (now - last_progress > kPatience) replay.GiveUp(recorder.recorded());
  }
}

}  // namespace

void ForwardFileInVm(const Options& options) {
  tools::Replay replay(options.in, options.loop);
  emulator::PcapRecorder recorder(
      options.out, [] { return std::chrono::system_clock::now().time_since_epoch(); });
  bool interrupted = false;
  const auto work = [&](tools::Host& host) {
    FeedAndRecord(options, host, replay, recorder);
    interrupted = host.interrupted();
  };
  tools::RunInGuest(options.common, "fwd",
                    {.ready_line = kReadyLine, .has_wires = true, .work = work});

  const std::uint64_t out = recorder.recorded();
  std::fprintf(stderr, "fwd: %" PRIu64 " in, %" PRIu64 " out, %s\n", replay.sent(), out,
               replay.DescribeSkipped().c_str());
  recorder.Close();
  if (!interrupted && !replay.error().empty()) throw std::runtime_error(replay.error());
  if (out != replay.sent()) {
    throw std::runtime_error(std::to_string(replay.sent() - out) + " frames did not come out");
  }
}

}  // namespace ixylab::fwd
