// One port of the card: a PCI function on one side, an end of a wire on the other. The registers
// are rows of a table (registers.cc); what they do beyond storage is here, a file for each chapter
// of the specification (virtio 1.2).
#ifndef EMULATOR_VIRTIO_NET_PORT_H_
#define EMULATOR_VIRTIO_NET_PORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "emulator/dma.h"
#include "emulator/host.h"
#include "emulator/pci/config_space.h"
#include "emulator/pci/msix.h"
#include "emulator/virtio_net/card.h"
#include "emulator/virtio_net/filter.h"
#include "emulator/virtio_net/registers.h"
#include "emulator/virtio_net/virtqueue.h"
#include "emulator/wire/wire.h"

namespace ixylab::emulator::virtio_net {

inline constexpr unsigned kMostPairs = 16;
inline constexpr std::uint16_t kNoVector = 0xFFFF;  // VIRTIO_MSI_NO_VECTOR

/// A row with the port's part in an access. Without `read` it reads 0, without `write` it ignores
/// the value.
struct Register : RegisterRow {
  std::uint32_t (Port::*read)() = nullptr;
  void (Port::*write)(std::uint32_t value) = nullptr;
};
/// The row that begins at `place` and is as wide as the access; else null.
const Register* FindRegister(const Place& place, unsigned bytes);

/// A virtqueue and its registers.
struct Queue {
  Queue(Virtqueue ring, unsigned place) : ring(std::move(ring)), bit(std::uint64_t{1} << place) {}
  Virtqueue ring;
  const std::uint64_t bit;  // its place among all queues of the port
  std::uint16_t size = 0;
  std::uint16_t vector = kNoVector;
  bool enabled = false;
  bool kicked = false;  // a notification came, and it has not been worked off
  std::uint64_t descriptors = 0, driver = 0, device = 0;  // device addresses
};

// Endpoint comes first: a frame is what it is called for most, and a second base costs a jump.
class Port final : public Endpoint, public NicFunction {
 public:
  Port(const NetConfig& config, unsigned number, Host& host);
  ~Port() override;
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  void Connect(Wire& wire, unsigned end);
  std::uint64_t unknown_accesses() const { return unknown_accesses_; }
  const pci::ConfigSpace& config_space() const { return pci_; }
  const Counters& counters() const { return counters_; }

  // NicFunction
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override;
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override;
  /// None: what a driver wants to say fast it says in its rings (NetConfig::polls).
  void* MapRegister(unsigned, std::uint32_t) override { return nullptr; }
  bool Run() override;
  std::uint32_t RegionBytes(unsigned region) const override;
  void ResetFunction() override;

  // Endpoint
  void OnFrame(const Frame& frame) override;
  void OnCarrier(bool present) override;

  // Hooks of register rows.
  // status.cc: 2.1, 2.2
  std::uint32_t ReadLegacyDeviceFeatures();
  std::uint32_t ReadLegacyDriverFeatures();
  void WroteLegacyDriverFeatures(std::uint32_t value);
  std::uint32_t ReadDeviceFeatureSelect() { return device_feature_select_; }
  void WroteDeviceFeatureSelect(std::uint32_t value) { device_feature_select_ = value; }
  std::uint32_t ReadDeviceFeature();
  std::uint32_t ReadDriverFeatureSelect() { return driver_feature_select_; }
  void WroteDriverFeatureSelect(std::uint32_t value) { driver_feature_select_ = value; }
  std::uint32_t ReadDriverFeature();
  void WroteDriverFeature(std::uint32_t value);
  std::uint32_t ReadStatus() { return status_; }
  void WroteLegacyStatus(std::uint32_t value);
  void WroteStatus(std::uint32_t value);
  // queues.cc: 4.1.4.3, 4.1.5.1.3
  std::uint32_t ReadNumQueues();
  std::uint32_t ReadQueueSelect() { return queue_select_; }
  void WroteQueueSelect(std::uint32_t value);
  std::uint32_t ReadQueueSize();
  void WroteQueueSize(std::uint32_t value);
  std::uint32_t ReadQueueVector();
  void WroteQueueVector(std::uint32_t value);
  std::uint32_t ReadQueueEnable();
  void WroteQueueEnable(std::uint32_t value);
  std::uint32_t ReadQueueNotifyOff();
  std::uint32_t ReadQueueReset() { return 0; }  // it is over before the write returns
  void WroteQueueReset(std::uint32_t value);
  template <std::uint64_t Queue::*kAddress, unsigned kShift>
  std::uint32_t ReadQueueAddress();
  template <std::uint64_t Queue::*kAddress, unsigned kShift>
  void WroteQueueAddress(std::uint32_t value);
  std::uint32_t ReadLegacyQueueAddress();
  void WroteLegacyQueueAddress(std::uint32_t value);
  void WroteNotify(std::uint32_t value);
  // interrupts.cc: 4.1.5.3, 4.1.5.4
  std::uint32_t ReadIsr();
  std::uint32_t ReadConfigVector() { return config_vector_; }
  void WroteConfigVector(std::uint32_t value);
  std::uint32_t ReadConfigGeneration() { return config_generation_; }

 private:
  // port.cc
  std::uint32_t ReadBar(unsigned region, std::uint32_t offset, unsigned bytes);
  void WriteBar(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value);
  void CountUnknown(unsigned region, std::uint32_t offset, unsigned bytes);
  std::uint32_t ReadConfigSpace(std::uint32_t offset, unsigned bytes);
  void WriteConfigSpace(std::uint32_t offset, unsigned bytes, std::uint32_t value);
  void AddVirtioCapabilities();
  bool BarEnabled(unsigned region) const;
  /// Logs `line`, once until the next reset.
  void LogOnce(std::string line);

  // status.cc
  std::uint64_t OfferedFeatures(bool legacy) const;
  void ChangeDriverFeatures(std::uint64_t features);
  bool FeaturesAreValid();
  void CacheFeatures();
  void SetStatus(std::uint32_t value, bool legacy);
  void Reset();
  /// A driver did what it must not: the device stops until it is reset (2.1.2).
  void Fail(std::string why);
  void UpdateRunning();
  bool Has(std::uint64_t feature) const { return (driver_features_ & feature) != 0; }

  // config.cc: 5.1.4
  std::uint32_t ReadDeviceConfig(std::uint32_t offset, unsigned bytes);
  void WriteDeviceConfig(std::uint32_t offset, unsigned bytes, std::uint32_t value, bool legacy);
  void UpdateDeviceConfig();

  // queues.cc
  unsigned ControlQueueIndex() const;
  /// The queue with that index among those that the negotiated features leave, or null.
  Queue* FindQueue(std::uint32_t index);
  Queue* SelectedQueue() { return FindQueue(queue_select_); }
  Queue& control() { return queues_.back(); }
  void StartQueue(Queue& queue);
  void ResetQueue(Queue& queue);
  /// True if the queue may have chains to look at.
  bool Due(const Queue& queue) const {
    return queue.ring.running() && (queue.kicked || config_.polls);
  }
  /// Nothing is left: lets the driver notify again, and looks once more.
  void WaitForKick(Queue& queue);
  /// Gives chains back; the driver sees them at the end of Run.
  void Give(Queue& queue, std::span<const Used> chains) {
    queue.ring.Give(chains);
    unpublished_ |= queue.bit;
  }
  void PublishUsed();

  // interrupts.cc
  void SignalUsed(Queue& queue);
  void ConfigChanged();
  void UpdateIntx();

  // transmit.cc: 5.1.6.2
  bool Transmit(Queue& queue);
  bool SendSlowly(const Queue& queue, const Chain& chain);
  void Send(const Queue& queue, const std::byte* header, std::uint64_t size);
  bool Gather(const Queue& queue, const Chain& chain);

  // receive.cc: 5.1.6.4
  void Receive(Queue& queue, std::span<const std::byte> frame);
  bool ReceiveAtOnce(Queue& queue, std::span<const std::byte> frame);
  bool TakeBuffers(Queue& queue, std::uint64_t bytes);
  bool WriteFrame(const Queue& queue, std::span<const std::byte> frame);

  // control.cc: 5.1.6.5
  bool RunControl();
  bool RunCommand(const Chain& chain);
  std::uint8_t Command(std::span<const std::byte> command);
  std::uint8_t ReceiveModeCommand(std::uint8_t command, std::span<const std::byte> data);
  std::uint8_t MacCommand(std::uint8_t command, std::span<const std::byte> data);
  std::uint8_t VlanCommand(std::uint8_t command, std::span<const std::byte> data);
  std::uint8_t MultiqueueCommand(std::uint8_t command, std::span<const std::byte> data);

  const NetConfig config_;
  const unsigned number_;
  Host& host_;
  Dma dma_;
  pci::ConfigSpace pci_;
  pci::Msix msix_;
  std::uint32_t window_ = 0;  // offset of the VIRTIO_PCI_CAP_PCI_CFG capability; 0: none
  Wire* wire_ = nullptr;
  unsigned end_ = 0;
  bool link_up_ = false;

  // Status and features
  std::uint8_t status_ = 0;
  bool legacy_driver_ = false;  // the last status came by the legacy interface
  bool broken_ = false;         // until a reset
  bool running_ = false;        // DRIVER_OK, not broken, and a bus master
  std::uint32_t device_feature_select_ = 0, driver_feature_select_ = 0;
  std::uint64_t driver_features_ = 0;
  std::uint32_t header_bytes_ = 10;  // struct virtio_net_hdr as negotiated (5.1.6)
  bool mergeable_ = false;

  // Interrupts and configuration
  std::uint8_t isr_ = 0;
  std::uint16_t config_vector_ = kNoVector;
  std::uint8_t config_generation_ = 0;
  bool config_unread_ = false;  // it has changed since it was last read
  std::array<std::uint8_t, 6> mac_{};
  std::array<std::uint8_t, 64> device_config_{};  // struct virtio_net_config

  // Queues: receiveq1, transmitq1, receiveq2, ... and the control queue
  std::vector<Queue> queues_;
  std::uint16_t queue_select_ = 0;
  unsigned active_pairs_ = 1;
  std::uint64_t unpublished_ = 0;  // a bit for each of queues_
  Segments segments_;
  std::vector<Chain> chains_;  // of the frame that is being received
  std::vector<Used> used_;
  std::vector<std::byte> gathered_;

  Filter filter_;
  Counters counters_;
  std::uint64_t unknown_accesses_ = 0;
  std::unordered_set<std::string> logged_;
};

}  // namespace ixylab::emulator::virtio_net

#endif  // EMULATOR_VIRTIO_NET_PORT_H_
