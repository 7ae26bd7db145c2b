// Writes what a port receives to a pcap file or pipe.
//
//   capture --target=pci:0000:03:00.0,0000:03:00.1 -w - | wireshark -k -i -
//   capture --in=a.pcap -w - | tcpdump -nr -
#include <CLI/CLI.hpp>
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
#include <string>

#include "driver/device.h"
#include "driver/memory_pool.h"
#include "emulator/wire/pcap/pcap_recorder.h"
#include "hil/number_option.h"
#include "hil/target/target.h"
#include "tools/common/ports.h"
#include "tools/common/program.h"
#include "tools/common/replay.h"

namespace ixylab::capture {
namespace {

using namespace std::chrono_literals;
using emulator::PcapRecorder;

// Of the target's time, while frames of the input are under way and nothing happens.
constexpr Nanoseconds kPatience = 1s;

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

struct Options {
  tools::CommonOptions common;
  std::string write;        // where the capture goes; - is standard output
  std::string in;           // capture that is replayed into the port's wire, of a model or VM
  unsigned port = 0;        // 0 or 1
  std::uint64_t count = 0;  // frames to capture; 0: until Ctrl-C or the end of `in`
  std::uint32_t snap_length = PcapRecorder::kMaxSnapLength;  // bytes of a frame to keep
};

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
      ->check(hil::Number(1, PcapRecorder::kMaxSnapLength))
      ->capture_default_str();
}

void CheckInput(const Options& options) {
  const bool cabled = hil::ParseTarget(options.common.target).kind == hil::TargetKind::kPci;
  if (cabled && !options.in.empty()) {
    throw tools::UsageError("--in is for models and VMs; the ports of " + options.common.target +
                            " have cables");
  }
  if (!cabled && options.in.empty()) {
    throw tools::UsageError("nothing arrives at a port of " + options.common.target +
                            " by itself: give --in=FILE, a capture to replay");
  }
  tools::CheckDifferent("--in", options.in, "--write", options.write);
}

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

void Capture(const Options& options) {
  CheckInput(options);
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

}  // namespace
}  // namespace ixylab::capture

int main(int argc, char** argv) {
  CLI::App app("Writes what a port receives to a pcap file or pipe.", "capture");
  ixylab::capture::Options options;
  ixylab::capture::DeclareOptions(app, options);
  return ixylab::tools::RunProgram(app, argc, argv, [&] { ixylab::capture::Capture(options); });
}
