#include "hil/target/model_target.h"

#include <cstdio>
#include <utility>

#include "emulator/82599/chip.h"
#include "emulator/register_table.h"

namespace ixylab::hil {

namespace {

using emulator::intel82599::FindRegister;

std::string Decode(const RegisterAccess& access) {
  return emulator::DescribeAccess(FindRegister(access.offset), access.offset, access.value);
}

Capabilities ModelCapabilities(bool threaded, bool joined) {
  return {
      .pads_short_frames = true,
      .can_unplug = joined,
      .holds_frames = true,
      .counts_missed = true,
      .reports_speed = true,
      .reports_faults = true,
      .virtual_time = !threaded,
      .has_rss = true,
      .threads = threaded,
      .max_queues = 16,  // what RSS can spread over (datasheet 7.1.2.8)
      .soak_packets = threaded ? 2'000'000u : 10'000'000u,
  };
}

}  // namespace

/// The host's memory as the driver's DmaSpace.
class ModelTarget::Memory final : public DmaSpace {
 public:
  explicit Memory(emulator::InProcessHost& host) : host_(host) {}

  std::size_t page_size() const override { return emulator::InProcessHost::kPageSize; }
  DmaMemory Allocate(std::size_t size) override {
    auto block = std::make_unique<Block>(host_, host_.Allocate(size));
    const emulator::InProcessHost::Mapping& mapping = block->mapping;
    return DmaMemory(mapping.bytes, page_size(), mapping.pages, std::move(block));
  }

 private:
  struct Block final : DmaMemory::Owner {
    Block(emulator::InProcessHost& host, emulator::InProcessHost::Mapping mapping)
        : host(host), mapping(std::move(mapping)) {}
    ~Block() override { host.Release(mapping); }
    emulator::InProcessHost& host;
    const emulator::InProcessHost::Mapping mapping;
  };

  emulator::InProcessHost& host_;
};

/// One function of the chip as the driver's Bus.
class ModelTarget::ModelBus final : public Bus {
 public:
  ModelBus(ModelTarget& target, unsigned port) : target_(target), port_(port) {}

  PciId id() const override {
    // The kernel has read it long ago: that costs no time.
    const std::uint32_t id = target_.card_->function(port_).Read(kConfigSpace, 0, 4);
    return {static_cast<std::uint16_t>(id), static_cast<std::uint16_t>(id >> 16)};
  }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override {
    return target_.host_.Read(port_, region, offset, bytes);
  }
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
    target_.host_.Write(port_, region, offset, bytes, value);
  }
  void* MapRegister(unsigned region, std::uint32_t offset) override {
    return target_.host_.MapRegister(port_, region, offset);
  }
  DmaSpace& dma() override { return *target_.memory_; }
  bool WaitForInterrupt(std::uint32_t vector, Nanoseconds timeout) override {
    return target_.host_.WaitForVector(port_, vector, timeout);
  }
  Nanoseconds Now() override { return target_.host_.Now(); }
  void Sleep(Nanoseconds duration) override { target_.host_.Sleep(duration); }

 private:
  ModelTarget& target_;
  const unsigned port_;
};

ModelTarget::ModelTarget(const ModelOptions& options)
    : joined_(options.endpoints[0] == nullptr && options.endpoints[1] == nullptr),
      name_(options.threaded ? "model:82599,threads" : "model:82599"),
      capabilities_(ModelCapabilities(options.threaded, joined_)),
      host_({.seed = options.seed, .threaded = options.threaded}),
      card_(
          std::make_unique<emulator::intel82599::Chip>(emulator::intel82599::ChipConfig{}, host_)),
      memory_(std::make_unique<Memory>(host_)),
      log_(Decode) {
  if (options.nic != Nic::k82599) throw TargetError("there is no model of virtio-net yet");
  for (unsigned port : {0u, 1u}) {
    host_.Plug(card_->function(port));
    card_->Connect(port, wire(port), wire_end(port));
    if (emulator::Endpoint* endpoint = options.endpoints[port]) {
      const unsigned far_end = 1 - wire_end(port);
      wire(port).Attach(far_end, endpoint);
      wire(port).SetSignal(far_end, true);
    }
    model_buses_.push_back(std::make_unique<ModelBus>(*this, port));
    if (options.log_accesses) {
      logging_buses_.push_back(std::make_unique<LoggingBus>(
          *model_buses_[port], port, log_,
          options.threaded ? LoggingBus::Doorbells::kMapped : LoggingBus::Doorbells::kLogged));
    }
  }
  if (options.threaded) host_.Start();
}

ModelTarget::~ModelTarget() { host_.Stop(); }

Bus& ModelTarget::bus(unsigned port) {
  return logging_buses_.empty() ? *model_buses_.at(port) : *logging_buses_.at(port);
}

void ModelTarget::SetCable(bool plugged) {
  host_.Inject([&] {
    for (emulator::Wire& wire : wires_) wire.SetPlugged(plugged);
  });
}

std::vector<std::string> ModelTarget::dma_faults() {
  std::vector<std::string> lines;
  for (const emulator::DmaFault& fault : host_.faults()) {
    char where[96];
    std::snprintf(where, sizeof(where), "port %u %s of %llu bytes at 0x%llx: ", fault.port,
                  fault.write ? "write" : "read", static_cast<unsigned long long>(fault.size),
                  static_cast<unsigned long long>(fault.iova));
    lines.push_back(where + fault.what);
  }
  return lines;
}

std::vector<std::string> ModelTarget::last_accesses() { return log_.Lines(); }

void ModelTarget::SetTrace(TraceSink sink) { log_.SetSink(std::move(sink)); }

void ModelTarget::Feed(unsigned port, const emulator::Frame& frame) {
  host_.Inject([&] { wire(port).Send(1 - wire_end(port), frame); });
}

std::unique_ptr<ModelTarget> OpenModelTarget(const ModelOptions& options) {
  return std::make_unique<ModelTarget>(options);
}

}  // namespace ixylab::hil
