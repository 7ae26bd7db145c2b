#include "tools/fwd/forwarder.h"

#include <chrono>
#include <span>

#include "driver/open.h"

namespace ixylab::fwd {
namespace {

using namespace std::chrono_literals;

// Frames under way between the two files: fewer than a ring holds, so that no port has to drop one.
constexpr std::uint64_t kWindow = 256;
static_assert(kMaxBatch <= kWindow);
// Full rings of both ports, what is in the program's hands, and some to spare.
constexpr std::size_t kBuffers = 2048;

// In the target's time, which is virtual on the model.
constexpr Nanoseconds kLinkDeadline = 5s;
constexpr Nanoseconds kPatience = 1s;  // while frames are under way and nothing happens

}  // namespace

Forwarder::Forwarder(const Options& options)
    : options_(options),
      model_(hil::ParseModelTarget(options.target)),
      player_(options.in),
      recorder_(options.out, [this] { return target_->host().Now(); }),
      batch_(options.batch) {
  model_.seed = options.seed;
  model_.endpoints = {&player_, &recorder_};
  model_.log_accesses = options.trace != nullptr;
  target_ = hil::OpenModelTarget(model_);
  target_->host().Inject([this] { player_.Plug(target_->wire(0), 1 - target_->wire_end(0)); });
  target_->SetTrace(options.trace);
  pool_ = std::make_unique<MemoryPool>(target_->dma(), kBuffers);
  port0_ = OpenPort(0);
  port1_ = OpenPort(1);
}

std::unique_ptr<Device> Forwarder::OpenPort(unsigned port) {
  std::unique_ptr<Device> device = Open(target_->bus(port), {.pools = {pool_.get()}});
  if (!device->WaitForLink(kLinkDeadline)) {
    throw DeviceError("port " + std::to_string(port) + ": the link is not up after 5 s");
  }
  return device;
}

void Forwarder::Run(const std::function<bool()>& stopped, const std::function<void()>& watch) {
  while (recorder_.ok()) {
    if (!stopped()) Feed();
    if (UnderWay() == 0 && (input_ended_ || stopped())) return;

    const std::uint64_t recorded = recorder_.recorded();
    const auto progress = [&] { return ForwardBatch() > 0 || recorder_.recorded() > recorded; };
    if (!target_->Until(progress, kPatience)) lost_ += UnderWay();
    watch();
  }
}

/// All that forwarding is: receive, transmit, and free what the ring has no room for.
std::size_t Forwarder::ForwardBatch() {
  const std::size_t received = port0_->Receive(0, batch_);
  const std::span<PacketBuffer* const> packets(batch_.data(), received);
  const std::size_t queued = port1_->Transmit(0, packets);
  MemoryPool::Free(packets.subspan(queued));
  forwarded_ += queued;
  return received;
}

/// Replays the next batch of the input, if the window has room for it.
void Forwarder::Feed() {
  if (input_ended_ || UnderWay() + options_.batch > kWindow) return;
  target_->host().Inject([this] {
    try {
      if (player_.SendUpTo(options_.batch) == options_.batch) return;
      input_ended_ = ++replays_ == options_.loop || player_.sent() == 0;
      if (!input_ended_) player_.Rewind();
    } catch (const emulator::PcapError& error) {
      input_ended_ = true;
      input_error_ = error.what();
    }
  });
}

std::uint64_t Forwarder::UnderWay() const {
  const std::uint64_t arrived = recorder_.recorded() + lost_;
  return player_.sent() > arrived ? player_.sent() - arrived : 0;
}

Totals Forwarder::ReadTotals() {
  const Statistics statistics = port0_->ReadStatistics();
  return {.in = player_.sent(),
          .forwarded = forwarded_,
          .out = recorder_.recorded(),
          .out_bytes = recorder_.recorded_bytes(),
          .missed = statistics.missed_packets,
          .errors = statistics.receive_errors,
          .skipped = player_.skipped()};
}

}  // namespace ixylab::fwd
