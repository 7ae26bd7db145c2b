#include "tools/common/ports.h"

#include <chrono>
#include <string>
#include <utility>

#include "driver/open.h"

namespace ixylab::tools {
namespace {

using namespace std::chrono_literals;

// A full receive ring, the other port's full transmit ring, what is in the program's hands, and
// some to spare.
constexpr std::size_t kBuffers = 2048;

constexpr Nanoseconds kLinkDeadline = 10s;  // of the target's time

}  // namespace

Ports::Ports(const CommonOptions& options, const FarEnds& far_ends) {
  if (hil::ParseTarget(options.target).kind == hil::TargetKind::kModel) {
    hil::ModelOptions model = hil::ParseModelTarget(options.target);
    model.seed = options.seed;
    model.endpoints = far_ends;
    model.log_accesses = options.trace != nullptr;
    std::unique_ptr<hil::ModelTarget> opened = hil::OpenModelTarget(model);
    model_ = opened.get();
    target_ = std::move(opened);
  } else {
    target_ = hil::OpenTarget(options.target, options.seed);
  }
  target_->SetTrace(options.trace);
}

Device& Ports::Open(unsigned port) {
  devices_[port] =
      ixylab::Open(target_->bus(port),
                   {.pools = {&AddPool()}, .virtio_legacy = target_->capabilities().virtio_legacy});
  return *devices_[port];
}

MemoryPool& Ports::AddPool() {
  return *pools_.emplace_back(std::make_unique<MemoryPool>(target_->dma(), kBuffers));
}

void Ports::WaitForLink(unsigned port) {
  if (devices_[port]->WaitForLink(kLinkDeadline)) return;
  throw DeviceError("port " + std::to_string(port) +
                    ": the link is not up after 10 s; is there a cable, and a port at its end?");
}

void Ports::Plug(unsigned port, emulator::PcapPlayer& player) {
  Inject([&] { player.Plug(model_->wire(port), 1 - model_->wire_end(port)); });
}

Nanoseconds Ports::Now() {
  if (target_->capabilities().virtual_time) return target_->bus(0).Now();
  return std::chrono::system_clock::now().time_since_epoch();
}

}  // namespace ixylab::tools
