#include "tools/capture/capture.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>

#include "driver/device.h"
#include "driver/memory_pool.h"
#include "emulator/wire/pcap/pcap_recorder.h"
#include "tools/common/ports.h"
#include "tools/common/replay.h"

namespace ixylab::capture {
namespace {

using namespace std::chrono_literals;
using emulator::PcapRecorder;

// Of the target's time, while frames of the input are under way and nothing happens.
constexpr Nanoseconds kPatience = 1s;

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

/// Receives at a port and records.
class Capturer {
 public:
  Capturer(Device& port, PcapRecorder& recorder, const Options& options)
      : port_(port),
        recorder_(recorder),
        batch_(options.common.batch),
        count_(options.count > 0 ? options.count : kUnlimited) {}

  bool done() const { return recorder_.recorded() >= count_ || !recorder_.ok(); }

  /// Returns how many frames it received. Who reads the capture live sees them at once.
  std::size_t CaptureBatch() {
    const std::size_t received = port_.Receive(0, std::span(packets_).first(batch_));
    for (PacketBuffer* packet : std::span(packets_).first(received)) {
      if (!done()) recorder_.OnFrame({.bytes = packet->frame()});
    }
    MemoryPool::Free(std::span(packets_).first(received));
    received_ += received;
    if (received > 0) recorder_.Flush();
    return received;
  }

  std::uint64_t received() const { return received_; }

 private:
  Device& port_;
  PcapRecorder& recorder_;
  const std::size_t batch_;
  const std::uint64_t count_;
  std::array<PacketBuffer*, tools::kMaxBatch> packets_;
  std::uint64_t received_ = 0;
};

}  // namespace

void Capture(const Options& options) {
  // In the order of their lives: the input hangs on the target's wire.
  std::optional<tools::Replay> replay;
  tools::Ports::FarEnds far_ends{};
  if (!options.in.empty()) {
    replay.emplace(options.in, 1);
    far_ends[options.port] = &replay->player();
  }
  tools::Ports ports(options.common, far_ends);
  if (replay) ports.Plug(options.port, replay->player());
  Device& port = ports.Open(options.port);
  ports.WaitForLink(options.port);
  // Last, since it overwrites a file.
  PcapRecorder recorder(
      options.write, [&ports] { return ports.Now(); }, options.snap_length);
  recorder.Flush();  // so that a reader knows the format

  Capturer capturer(port, recorder, options);
  const auto progress = [&] { return capturer.CaptureBatch() > 0 || tools::Interrupted(); };
  while (!capturer.done() && !tools::Interrupted()) {
    if (!replay) {
      capturer.CaptureBatch();
      continue;
    }
    ports.Inject([&] { replay->Feed(options.common.batch, capturer.received()); });
    if (replay->ended() && replay->UnderWay(capturer.received()) == 0) break;
    if (!ports.target().Until(progress, kPatience)) replay->GiveUp(capturer.received());
  }

  if (tools::Interrupted()) std::fputs("capture: interrupted\n", stderr);
  std::fprintf(stderr, "capture: %" PRIu64 " captured, %" PRIu64 " missed%s\n", recorder.recorded(),
               port.ReadStatistics().missed_packets,
               replay ? (", " + replay->DescribeSkipped()).c_str() : "");
  // Who reads the capture has seen enough.
  recorder.Flush();
  if (recorder.error() == EPIPE) return;
  recorder.Close();
  if (replay && !tools::Interrupted() && !replay->error().empty()) {
    throw std::runtime_error(replay->error());
  }
}

}  // namespace ixylab::capture
