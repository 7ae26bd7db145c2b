#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>

#include "emulator/wire/pcap/pcap_recorder.h"
#include "emulator/wire/wire.h"
#include "hil/target/target_spec.h"
#include "tools/common/guest.h"
#include "tools/common/socket_end.h"
#include "tools/pktgen/generate.h"

namespace ixylab::pktgen {
namespace {

using namespace std::chrono_literals;

constexpr auto kPoll = 20ms;

}  // namespace

void GenerateInVm(const Options& options) {
  tools::GuestTask task;
  task.arguments.push_back("--size=" + std::to_string(options.size));
  if (options.count > 0) task.arguments.push_back("--count=" + std::to_string(options.count));
  if (options.rate > 0) task.arguments.push_back("--rate=" + std::to_string(options.rate));
  if (options.cabled) task.arguments.emplace_back("--cabled");
  if (options.out.empty()) return tools::RunInGuest(options.common, "pktgen", task);

  emulator::PcapRecorder recorder(
      options.out, [] { return std::chrono::system_clock::now().time_since_epoch(); });
  bool interrupted = false;
  task.has_wires = true;
  task.work = [&](tools::Host& host) {
    emulator::Wire wire;
    tools::SocketEnd card(host.wire(0), wire, 1);
    recorder.Plug(wire, 0);
    while (card.Receive(kPoll)) {  // until the VM has ended
      interrupted = host.interrupted();
      if (interrupted || !recorder.ok()) host.Stop();
    }
  };
  tools::RunInGuest(options.common, "pktgen", task);
  std::fprintf(stderr, "pktgen: %" PRIu64 " out\n", recorder.recorded());
  recorder.Close();
  if (!interrupted && options.count > 0 && recorder.recorded() != options.count) {
    // A card of QEMU's waits for its wire; the modelled one sends at its own pace, as NICs do.
    const bool waits = hil::ParseTarget(options.common.target).nic != hil::Nic::k82599;
    throw std::runtime_error(
        std::to_string(options.count - recorder.recorded()) + " frames did not come out" +
        (waits ? "" : ": they came faster than they were recorded; try a lower --rate"));
  }
}

}  // namespace ixylab::pktgen
