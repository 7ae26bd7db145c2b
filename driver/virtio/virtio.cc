#include "driver/virtio/virtio.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "driver/checks.h"
#include "driver/virtio/control_queue.h"
#include "driver/virtio/features.h"
#include "driver/virtio/packed_ring.h"
#include "driver/virtio/queue.h"
#include "driver/virtio/split_ring.h"
#include "driver/virtio/transport.h"

namespace ixylab::virtio {
namespace {

constexpr std::uint32_t kMaxFrameSize =
    1514;  // nobody negotiates VIRTIO_NET_F_MTU: 1,500 behind 14
constexpr std::size_t kMaxQueues = 16;
constexpr std::uint32_t kControlDescriptors = 64;

/// The device, from features that it has taken to running queues.
template <typename Ring>
class VirtioDevice final : public Device {
 public:
  VirtioDevice(Bus& bus, const DeviceConfig& config, std::unique_ptr<Transport> transport,
               Features features)
      : bus_(bus), transport_(std::move(transport)), features_(features) {
    try {
      features_.Require(VIRTIO_NET_F_MAC, "the port's address");
      address_ = transport_->ReadMacAddress();
      for (MemoryPool* pool : config.pools) AddQueues(config, *pool);
      if (features_.Has(VIRTIO_NET_F_CTRL_VQ)) AddControlQueue(config.pools.size());
      transport_->AddStatus(kDriverOk);
      if (config.pools.size() > 1) UseQueues(config.pools.size());
      SetPromiscuous(config.promiscuous);
      // Last, so that no frame comes in before all is as it was asked for.
      for (auto& queue : receive_) queue.Start();
    } catch (...) {
      Close();
      throw;
    }
  }
  ~VirtioDevice() override { Close(); }

  std::string_view driver_name() const override { return "virtio"; }
  std::uint16_t queues() const override { return static_cast<std::uint16_t>(receive_.size()); }
  std::uint32_t max_frame_size() const override { return kMaxFrameSize; }

  std::size_t Receive(std::uint16_t queue, std::span<PacketBuffer*> packets) override {
    return receive_[queue].Receive(packets);
  }
  std::size_t Transmit(std::uint16_t queue, std::span<PacketBuffer* const> packets) override {
    return transmit_[queue].Transmit(packets);
  }

  Statistics ReadStatistics() override;
  void ResetStatistics() override;
  LinkState Link() override;
  bool WaitForLink(Nanoseconds timeout) override;
  MacAddress mac_address() const override { return address_; }
  void SetMacAddress(const MacAddress& address) override;
  void SetPromiscuous(bool on) override;

 private:
  NetHeader Header() const;
  Notifier Enable(std::uint16_t queue, const Ring& ring) {
    return transport_->EnableQueue(queue, ring.entries(), ring.addresses());
  }
  void AddQueues(const DeviceConfig& config, MemoryPool& pool);
  void AddControlQueue(std::size_t pairs);
  void UseQueues(std::size_t pairs);
  void Close();

  Bus& bus_;
  std::unique_ptr<Transport> transport_;
  Features features_;
  std::vector<ReceiveQueue<Ring>> receive_;
  std::vector<TransmitQueue<Ring>> transmit_;
  std::vector<ControlQueue<Ring>> control_;  // one or none
  MacAddress address_{};
};

// 5.1.6.1, and 5.1.6.1.1 and 5.1.6.6 for the legacy interface.
template <typename Ring>
NetHeader VirtioDevice<Ring>::Header() const {
  const bool modern = features_.Has(VIRTIO_F_VERSION_1);
  const bool mergeable = features_.Has(VIRTIO_NET_F_MRG_RXBUF);
  return {.bytes = modern || mergeable ? NetHeader::kBytes : NetHeader::kBytesWithoutNumBuffers,
          .mergeable = mergeable,
          .separate = !modern && !features_.Has(VIRTIO_F_ANY_LAYOUT)};
}

// 5.1.2: receiveq n is queue 2n, transmitq n is queue 2n + 1.
template <typename Ring>
void VirtioDevice<Ring>::AddQueues(const DeviceConfig& config, MemoryPool& pool) {
  const NetHeader header = Header();
  const auto first = static_cast<std::uint16_t>(2 * receive_.size());
  RingOptions options{.entries = transport_->QueueSize(first, config.receive_descriptors),
                      .buffers = config.receive_descriptors,
                      .event_index = features_.Has(VIRTIO_F_EVENT_IDX),
                      .receive_bytes = header.lead() + PacketBuffer::kCapacity,
                      .separate_header = header.separate ? header.bytes : 0};
  Ring receive(bus_.dma(), options);
  const Notifier receive_notifier = Enable(first, receive);
  receive_.emplace_back(std::move(receive), pool, header, receive_notifier);

  const auto second = static_cast<std::uint16_t>(first + 1);
  options.entries = transport_->QueueSize(second, config.transmit_descriptors);
  options.buffers = config.transmit_descriptors;
  options.receive_bytes = 0;
  Ring transmit(bus_.dma(), options);
  const Notifier transmit_notifier = Enable(second, transmit);
  transmit_.emplace_back(std::move(transmit), kMaxFrameSize, header, transmit_notifier);
}

// 5.1.2: behind the pairs that the device has, if several were negotiated.
template <typename Ring>
void VirtioDevice<Ring>::AddControlQueue(std::size_t pairs) {
  std::uint32_t most = 1;
  if (features_.Has(VIRTIO_NET_F_MQ)) {
    most = transport_->ReadConfig(net::MAX_VIRTQUEUE_PAIRS);
    if (pairs > most) {
      throw DeviceError("pools: " + std::to_string(pairs) + " queues asked for, the device has " +
                        std::to_string(most));
    }
  }
  const auto number = static_cast<std::uint16_t>(2 * most);
  const std::uint32_t entries = transport_->QueueSize(number, kControlDescriptors);
  if (entries < ControlQueue<Ring>::kDescriptors) {
    throw DeviceError("virtio: the control queue has " + std::to_string(entries) +
                      " entries, a command takes 3");
  }
  Ring ring(
      bus_.dma(),
      {.entries = entries, .buffers = entries, .event_index = features_.Has(VIRTIO_F_EVENT_IDX)});
  const Notifier notifier = Enable(number, ring);
  control_.emplace_back(bus_, number, std::move(ring), notifier);
}

// 5.1.6.5.5: the device starts with one pair.
template <typename Ring>
void VirtioDevice<Ring>::UseQueues(std::size_t pairs) {
  const std::array<std::uint8_t, 2> data = {static_cast<std::uint8_t>(pairs),
                                            static_cast<std::uint8_t>(pairs >> 8)};
  control_.front().Run(VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, data);
}

// A reset ends all DMA; only then may memory go.
template <typename Ring>
void VirtioDevice<Ring>::Close() {
  try {
    transport_->Reset();
  } catch (const DeviceError&) {
    // The device is gone, and there is nobody to tell from a destructor. Its IOMMU mappings go
    // with the rings' memory.
  }
  for (auto& queue : receive_) queue.Clear();
  for (auto& queue : transmit_) queue.Clear();
}

// The device counts nothing. What it dropped for want of a buffer, nobody can tell.
template <typename Ring>
Statistics VirtioDevice<Ring>::ReadStatistics() {
  Statistics totals;
  for (auto& queue : receive_) {
    totals.received_packets += queue.statistics().packets;
    totals.received_bytes += queue.statistics().bytes;
    totals.receive_errors += queue.statistics().errors;
  }
  for (auto& queue : transmit_) {
    queue.Reclaim();
    totals.transmitted_packets += queue.statistics().packets;
    totals.transmitted_bytes += queue.statistics().bytes;
  }
  return totals;
}

template <typename Ring>
void VirtioDevice<Ring>::ResetStatistics() {
  ReadStatistics();
  for (auto& queue : receive_) queue.statistics() = {};
  for (auto& queue : transmit_) queue.statistics() = {};
}

// 5.1.4, 5.1.5: a device that does not tell has a link.
template <typename Ring>
LinkState VirtioDevice<Ring>::Link() {
  if (features_.Has(VIRTIO_NET_F_STATUS) &&
      (transport_->ReadConfig(net::STATUS) & net::kLinkUp) == 0) {
    return {};
  }
  LinkState link{.up = true};
  if (features_.Has(VIRTIO_NET_F_SPEED_DUPLEX)) {
    const std::uint32_t speed = transport_->ReadConfig(net::SPEED);
    if (speed <= net::kLargestSpeed) link.megabits_per_second = speed;
  }
  return link;
}

template <typename Ring>
bool VirtioDevice<Ring>::WaitForLink(Nanoseconds timeout) {
  constexpr Nanoseconds kInterval = std::chrono::microseconds(100);
  const Nanoseconds end = bus_.Now() + timeout;
  while (!Link().up) {
    if (bus_.Now() >= end) return false;
    bus_.Sleep(kInterval);
  }
  return true;
}

// 5.1.6.5.2. In the legacy interface the address in the configuration can be written where there is
// no command for it, from first to last byte.
template <typename Ring>
void VirtioDevice<Ring>::SetMacAddress(const MacAddress& address) {
  CheckPortAddress(address);
  if (features_.Has(VIRTIO_NET_F_CTRL_MAC_ADDR)) {
    control_.front().Run(VIRTIO_NET_CTRL_MAC_ADDR_SET, address);
  } else if (features_.Has(VIRTIO_F_VERSION_1)) {
    features_.Require(VIRTIO_NET_F_CTRL_MAC_ADDR, "setting the MAC address");
  } else {
    for (std::uint32_t i = 0; i < address.size(); ++i) {
      transport_->WriteConfig(net::Mac(i), address[i]);
    }
  }
  address_ = address;
}

// 5.1.6.5.1. After a reset QEMU and vhost let everything in, and a device without the command has
// no filter that could be switched off.
template <typename Ring>
void VirtioDevice<Ring>::SetPromiscuous(bool on) {
  if (features_.Has(VIRTIO_NET_F_CTRL_RX)) {
    const std::array<std::uint8_t, 1> data = {static_cast<std::uint8_t>(on)};
    control_.front().Run(VIRTIO_NET_CTRL_RX_PROMISC, data);
  } else if (!on) {
    features_.Require(VIRTIO_NET_F_CTRL_RX, "a port that is not promiscuous");
  }
}

// 3.1.1, steps 1 to 6.
Features Negotiate(Transport& transport, bool several_queues) {
  transport.Reset();
  try {
    transport.AddStatus(kAcknowledge);
    transport.AddStatus(kDriver);
    const Features features = Features::Wanted(transport.ReadFeatures(), several_queues);
    if (several_queues) features.Require(VIRTIO_NET_F_MQ, "more than one queue");
    transport.AcceptFeatures(features);
    return features;
  } catch (const DeviceError&) {
    transport.Fail();
    throw;
  }
}

}  // namespace

std::span<const SupportedDevice> SupportedDevices() {
  static constexpr auto kDevices = std::to_array<SupportedDevice>({
      {{0x1AF4, 0x1000}, "virtio-net, transitional or legacy", "virtio", true},
      {{0x1AF4, 0x1041}, "virtio-net, modern", "virtio", true},
  });
  return kDevices;
}

std::unique_ptr<Device> Open(Bus& bus, const DeviceConfig& config) {
  CheckConfig(bus, config, {.queues = kMaxQueues});
  std::unique_ptr<Transport> transport = OpenTransport(bus, config.virtio_legacy);
  const Features features = Negotiate(*transport, config.pools.size() > 1);
  if (features.Has(VIRTIO_F_RING_PACKED)) {
    return std::make_unique<VirtioDevice<PackedRing>>(bus, config, std::move(transport), features);
  }
  return std::make_unique<VirtioDevice<SplitRing>>(bus, config, std::move(transport), features);
}

}  // namespace ixylab::virtio
