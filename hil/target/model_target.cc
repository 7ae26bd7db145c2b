#include "hil/target/model_target.h"

#include <cstdio>
#include <utility>

#include "emulator/82599/chip.h"
#include "emulator/virtio_net/card.h"
#include "hil/target/decode.h"

namespace ixylab::hil {

namespace {

std::string NameOf(const ModelOptions& options) {
  const auto virtio = [&] {
    switch (options.virtio) {
      case VirtioKind::kTransitional:
        return "";
      case VirtioKind::kLegacy:
        return ",legacy";
      case VirtioKind::kModern:
        return ",modern";
      case VirtioKind::kPacked:
        return ",packed";
      case VirtioKind::kAsLegacy:
        return ",as-legacy";
    }
    return "";
  };
  return std::string("model:") +
         (options.nic == Nic::k82599 ? "82599" : std::string("virtio-net") + virtio()) +
         (options.threaded ? ",threads" : "");
}

emulator::virtio_net::NetConfig VirtioConfig(const ModelOptions& options) {
  using emulator::virtio_net::Interface;
  emulator::virtio_net::NetConfig config{.polls = options.threaded};
  switch (options.virtio) {
    case VirtioKind::kLegacy:
      config.interface = Interface::kLegacy;
      break;
    case VirtioKind::kTransitional:
    case VirtioKind::kAsLegacy:
      config.interface = Interface::kTransitional;
      break;
    case VirtioKind::kPacked:
      config.features |= emulator::virtio_net::VIRTIO_F_RING_PACKED;
      [[fallthrough]];
    case VirtioKind::kModern:
      config.interface = Interface::kModern;
      break;
  }
  return config;
}

/// Legacy virtio devices take the number of a 4 KiB page in 32 bits (virtio 1.2, 4.1.5.1.3.1).
unsigned AddressBits(const ModelOptions& options) {
  const bool legacy =
      options.virtio == VirtioKind::kLegacy || options.virtio == VirtioKind::kAsLegacy;
  return options.nic == Nic::kVirtioNet && legacy ? 44 : 47;
}

std::unique_ptr<emulator::Card> MakeCard(const ModelOptions& options, emulator::Host& host) {
  if (options.nic == Nic::kVirtioNet) {
    return std::make_unique<emulator::virtio_net::NetCard>(VirtioConfig(options), host);
  }
  return std::make_unique<emulator::intel82599::Chip>(emulator::intel82599::ChipConfig{}, host);
}

Capabilities ModelCapabilities(const ModelOptions& options, bool joined) {
  Capabilities can = {
      .pads_short_frames = true,
      .can_unplug = joined,
      .holds_frames = true,
      .counts_missed = true,
      .reports_speed = true,
      .reports_faults = true,
      .virtual_time = !options.threaded,
      .has_rss = true,
      .toeplitz = options.nic == Nic::k82599,
      .threads = options.threaded,
      .checksum_offload = true,
      .vlan_offload = true,
      .interrupts = true,
      .max_frame_size = 15868,  // 15.5 KiB with the CRC (82599: MAXFRS)
      .max_queues = 16,  // what RSS can spread over (datasheet 7.1.2.8)
      .soak_packets = options.threaded ? 2'000'000u : 10'000'000u,
      .quiet = std::chrono::milliseconds(options.threaded ? 100 : 5),
  };
  if (options.nic == Nic::kVirtioNet) {
    const emulator::virtio_net::NetConfig config = VirtioConfig(options);
    // Nothing tells the driver of frames that found no buffer (virtio 1.2, 5.1).
    can.pads_short_frames = can.holds_frames = can.counts_missed = false;
    // The legacy interface ends with feature 31; VIRTIO_NET_F_SPEED_DUPLEX is 63.
    can.virtio_legacy = options.virtio == VirtioKind::kAsLegacy;
    can.reports_speed = !can.virtio_legacy && options.virtio != VirtioKind::kLegacy;
    can.checksum_offload = can.vlan_offload = can.interrupts = false;
    can.max_frame_size = Capabilities().max_frame_size;
    can.max_queues = config.queue_pairs;
    can.max_descriptors = config.queue_size;
  }
  return can;
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
  // Programs the function's MSI-X table as a kernel does (PCI 3.0, 6.8.2); the host tells messages
  // by their vector, whatever address and data they have.
  Interrupts EnableInterrupts(std::uint32_t vectors) override {
    constexpr std::uint32_t kCapabilities = 0x34, kMsix = 0x11;
    constexpr std::uint32_t kEnable = 1u << 31, kFunctionMask = 1u << 30;
    emulator::NicFunction& function = target_.card_->function(port_);
    const auto config = [&](std::uint32_t at, unsigned bytes) {
      return function.Read(kConfigSpace, at, bytes);
    };
    std::uint32_t at = config(kCapabilities, 1);
    while (at != 0 && config(at, 1) != kMsix) at = config(at + 1, 1);
    if (at == 0) return Interrupts::kLevel;
    const std::uint32_t control = config(at, 4), size = (control >> 16 & 0x7FF) + 1;
    if (vectors > size) {
      throw DeviceError(std::to_string(vectors) + " interrupt vectors asked for, the device has " +
                        std::to_string(size));
    }
    const std::uint32_t table = config(at + 4, 4);
    for (std::uint32_t n = 0; n < vectors; ++n) {
      const std::uint32_t entry = (table & ~7u) + 16 * n;
      const std::uint32_t words[] = {0xFEE00000, 0, n, 0};  // address, data, vector control
      for (std::uint32_t word = 0; word < 4; ++word) {
        Write(table & 7, entry + 4 * word, 4, words[word]);
      }
    }
    Write(kConfigSpace, at, 4, (control | kEnable) & ~kFunctionMask);
    return Interrupts::kMessages;
  }
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
      name_(NameOf(options)),
      capabilities_(ModelCapabilities(options, joined_)),
      host_({.seed = options.seed,
             .threaded = options.threaded,
             .address_bits = AddressBits(options)}),
      card_(MakeCard(options, host_)),
      memory_(std::make_unique<Memory>(host_)),
      log_(
          [nic = options.nic](const RegisterAccess& access) { return DecodeAccess(nic, access); }) {
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
