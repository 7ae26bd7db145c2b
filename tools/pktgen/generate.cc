#include "tools/pktgen/generate.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <limits>
#include <optional>
#include <stdexcept>

#include "emulator/wire/pcap/pcap_recorder.h"
#include "tools/common/ports.h"
#include "tools/common/rate_report.h"

namespace ixylab::pktgen {
namespace {

using namespace std::chrono_literals;

// Of the target's time.
constexpr Nanoseconds kPatience = 10s;  // for room in the ring
constexpr Nanoseconds kFlight = 1s;     // for the last frames to arrive
constexpr Nanoseconds kNap = 10us;      // where a rate leaves time

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

/// Says how many frames may have been sent by now.
class Pacer {
 public:
  Pacer(Bus& clock, std::uint64_t rate) : clock_(clock), rate_(rate), start_(clock.Now()) {}

  std::uint64_t Due() {
    if (rate_ == 0) return kUnlimited;
    const auto elapsed = static_cast<std::uint64_t>((clock_.Now() - start_).count());
    constexpr std::uint64_t kSecond = 1'000'000'000;
    return elapsed / kSecond * rate_ + elapsed % kSecond * rate_ / kSecond + 1;
  }

 private:
  Bus& clock_;
  const std::uint64_t rate_;
  const Nanoseconds start_;
};

/// Takes and counts what arrives at a port.
class Sink {
 public:
  Sink(Device& port, std::size_t batch) : port_(port), batch_(batch) {}

  void Receive() {
    std::size_t received = 0;
    do {
      received = port_.Receive(0, std::span(packets_).first(batch_));
      MemoryPool::Free(std::span(packets_).first(received));
      received_ += received;
    } while (received == batch_);
  }
  std::uint64_t received() const { return received_; }
  std::uint64_t missed() { return port_.ReadStatistics().missed_packets; }

 private:
  Device& port_;
  const std::size_t batch_;
  std::array<PacketBuffer*, tools::kMaxBatch> packets_;
  std::uint64_t received_ = 0;
};

}  // namespace

void Generate(const Options& options) {
  // In the order of their lives: the file hangs on the target's wire.
  tools::Ports* clock = nullptr;
  std::optional<emulator::PcapRecorder> recorder;
  if (!options.out.empty()) recorder.emplace(options.out, [&clock] { return clock->Now(); });
  tools::Ports ports(options.common, {recorder ? &*recorder : nullptr, nullptr});
  clock = &ports;
  Device& port = ports.Open(0);
  std::optional<Sink> sink;
  if (!recorder) sink.emplace(ports.Open(1), options.common.batch);
  ports.WaitForLink(0);

  const auto arrived = [&] {
    if (recorder) return recorder->recorded();
    sink->Receive();
    return sink->received();
  };
  const auto missed = [&] { return sink ? sink->missed() : 0; };
  const std::uint64_t count = options.count > 0 ? options.count : kUnlimited;
  Generator generator(port, ports.AddPool(), options.size, options.common.batch);
  Pacer pacer(ports.target().bus(0), options.rate);
  tools::RateReport rate("pktgen", [&] {
    const Statistics statistics = port.ReadStatistics();
    return tools::RateReport::Totals{.packets = statistics.transmitted_packets,
                                     .bytes = statistics.transmitted_bytes,
                                     .missed = missed()};
  });
  const auto start = std::chrono::steady_clock::now();
  while (generator.sent() < count && !tools::Interrupted() && (!recorder || recorder->ok())) {
    const std::uint64_t due = std::min(count, pacer.Due()) - generator.sent();
    const auto progress = [&] {
      const std::size_t sent = generator.Send(due);
      arrived();
      return sent > 0 || tools::Interrupted();
    };
    if (due == 0) {
      arrived();
      ports.target().bus(0).Sleep(kNap);
    } else if (!progress() && !ports.target().Until(progress, kPatience)) {
      throw DeviceError("port 0 does not send: its ring has been full for 10 s");
    }
    rate.Look();
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const std::uint64_t sent = generator.sent();
  const auto all_arrived = [&] { return arrived() + missed() >= sent; };
  const bool complete = ports.target().Until(all_arrived, kFlight);

  if (tools::Interrupted()) std::fputs("pktgen: interrupted\n", stderr);
  std::fprintf(stderr,
               "pktgen: %" PRIu64 " sent in %.3f s (%.3f Mpps), %" PRIu64 " %s, %" PRIu64
               " missed\n",
               sent, elapsed.count(), static_cast<double>(sent) * 1e-6 / elapsed.count(), arrived(),
               recorder ? "out" : "received", missed());
  if (recorder) recorder->Close();
  if (!complete && (options.cabled || !options.out.empty())) {
    throw std::runtime_error(std::to_string(sent - arrived() - missed()) +
                             " frames did not arrive");
  }
}

}  // namespace ixylab::pktgen
