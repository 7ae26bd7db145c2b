// A bench for the model: a card in an in-process host, with port 0 on a wire to an endpoint of the
// test. It plays a driver with the specification's numbers written out, and uses none of driver/.
#ifndef TESTS_EMULATOR_VIRTIO_NET_RIG_H_
#define TESTS_EMULATOR_VIRTIO_NET_RIG_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/host/in_process.h"
#include "emulator/virtio_net/card.h"
#include "emulator/wire/wire.h"

namespace ixylab::emulator::virtio_net {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Bytes = std::vector<std::byte>;

/// How the driver of a test uses the device.
enum class Mode { kLegacy, kModern, kPacked };
std::string ModeName(Mode mode);

/// The other end of port 0's wire: keeps what arrives.
class Partner final : public Endpoint {
 public:
  void OnFrame(const Frame& frame) override {
    frames.emplace_back(frame.bytes.begin(), frame.bytes.end());
  }
  std::vector<Bytes> frames;
};

/// A buffer of a chain.
struct Buffer {
  std::uint64_t iova = 0;
  std::uint32_t size = 0;
  bool write = false;  // by the device
};

struct UsedBuffer {
  std::uint32_t id = 0;
  std::uint32_t written = 0;
  friend bool operator==(const UsedBuffer&, const UsedBuffer&) = default;
};

/// The driver's side of a virtqueue, and a buffer of 4 KiB for each descriptor, in memory of its
/// own. Laid out as legacy devices need it (virtio 1.2, 2.7.2), which suits the others too.
class TestQueue {
 public:
  static constexpr std::size_t kBufferSize = 4096;

  TestQueue(InProcessHost& host, Mode mode, std::uint16_t size);
  ~TestQueue() { Free(); }
  TestQueue(const TestQueue&) = delete;
  TestQueue& operator=(const TestQueue&) = delete;
  void Free();

  std::uint16_t size() const { return size_; }
  std::uint64_t descriptors() const { return mapping_.pages[0]; }
  std::uint64_t driver() const { return descriptors() + driver_at_; }
  std::uint64_t device() const { return descriptors() + device_at_; }
  std::uint64_t iova(std::uint32_t buffer) const;
  std::span<std::byte> buffer(std::uint32_t index) const;

  /// Makes a chain available and returns its id; of a split ring that is its first descriptor.
  std::uint16_t Put(std::span<const Buffer> chain);
  std::uint16_t Put(std::initializer_list<Buffer> chain) {
    return Put(std::span(chain.begin(), chain.size()));
  }
  /// A whole buffer of 4 KiB (or its first `size` bytes) for the device to write.
  std::uint16_t PutEmpty(std::uint32_t buffer, std::uint32_t size = kBufferSize) {
    return Put({{iova(buffer), size, true}});
  }
  /// The next chain that came back.
  std::optional<UsedBuffer> Take();

  // Raw access. A descriptor's flags are in its last 16 bits (packed) or those before (split).
  void SetDescriptor(std::uint32_t index, std::uint64_t address, std::uint32_t length,
                     std::uint16_t flags, std::uint16_t next_or_id);
  /// Split: adds `head` to the available ring and moves the index by `step`.
  void MakeAvailable(std::uint16_t head, std::uint16_t step = 1);
  /// A word of the driver's or the device's area.
  std::uint16_t& DriverWord(std::size_t offset) const { return Word(driver_at_ + offset); }
  std::uint16_t& DeviceWord(std::size_t offset) const { return Word(device_at_ + offset); }
  std::uint16_t& DescriptorWord(std::size_t offset) const { return Word(offset); }

 private:
  std::uint16_t& Word(std::size_t offset) const {
    return *reinterpret_cast<std::uint16_t*>(mapping_.bytes.data() + offset);
  }

  InProcessHost& host_;
  const bool packed_;
  const std::uint16_t size_;
  InProcessHost::Mapping mapping_;
  std::size_t driver_at_, device_at_;
  bool mapped_ = true;
  std::uint16_t next_ = 0;  // descriptor (split), place in the ring (packed)
  bool wrap_ = true;
  std::uint16_t available_ = 0;
  std::uint16_t used_ = 0;
  bool used_wrap_ = true;
  std::vector<std::uint16_t> lengths_;  // packed: of the chain with that id
  std::uint16_t next_id_ = 0;
};

/// `size` bytes to `destination`, "12:34:...".
Bytes MakeFrame(std::size_t size, std::string_view destination = "ff:ff:ff:ff:ff:ff",
                std::uint16_t type = 0x88B5);

class Rig {
 public:
  explicit Rig(Mode mode = Mode::kModern, NetConfig config = {},
               const InProcessHost::Options& options = {});
  ~Rig() { host.Stop(); }

  // Registers: of the configuration space, of BAR 4's structures, of BAR 0.
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) {
    return host.Read(0, region, offset, bytes);
  }
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) {
    host.Write(0, region, offset, bytes, value);
  }
  std::uint32_t Common(std::uint32_t offset, unsigned bytes) { return Read(4, offset, bytes); }
  void SetCommon(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
    Write(4, offset, bytes, value);
  }
  bool legacy() const { return mode == Mode::kLegacy; }

  /// In the way of the rig's mode.
  std::uint8_t Status();
  void SetStatus(std::uint8_t value);
  std::uint64_t OfferedFeatures();
  void SetFeatures(std::uint64_t features);
  std::uint32_t DeviceConfig(std::uint32_t offset, unsigned bytes);
  std::uint8_t Isr();
  void EnableMsix();  // with all vectors unmasked

  /// Reset, then the first steps of 3.1.1 with `features`, and VERSION_1 and RING_PACKED as the
  /// mode has them. True if the device takes them.
  bool Negotiate(std::uint64_t features = 0);
  /// A queue of `size` descriptors (0: all that there can be); of the legacy interface always all.
  std::unique_ptr<TestQueue> Enable(std::uint16_t index, std::uint16_t size = 0,
                                    std::uint16_t vector = 0xFFFF);
  void DriverOk();
  void Kick(std::uint16_t index);

  /// struct virtio_net_hdr: 10 bytes or 12.
  std::uint32_t header_bytes = 12;

  /// Header and `frame` in buffer `buffer` of `queue`, available but without a notification.
  std::uint16_t PutFrame(TestQueue& queue, std::uint32_t buffer, std::span<const std::byte> frame);
  /// What the device wrote to a buffer, behind the header.
  Bytes FrameIn(const TestQueue& queue, std::uint32_t buffer, std::uint32_t written) const;

  /// From the partner to port 0.
  void Send(std::span<const std::byte> frame, std::optional<std::uint32_t> fcs = std::nullopt);

  const Counters& counters() const { return card.counts(0); }

  const Mode mode;
  InProcessHost host;
  Wire wire;
  Partner partner;
  NetCard card;
};

// virtio 1.2, 4.1.4.3: struct virtio_pci_common_cfg
inline constexpr std::uint32_t kDeviceFeatureSelect = 0, kDeviceFeature = 4,
                               kDriverFeatureSelect = 8, kDriverFeature = 12, kConfigVector = 16,
                               kNumQueues = 18, kDeviceStatus = 20, kConfigGeneration = 21,
                               kQueueSelect = 22, kQueueSize = 24, kQueueVector = 26,
                               kQueueEnable = 28, kQueueNotifyOff = 30, kQueueDesc = 32,
                               kQueueDriver = 40, kQueueDevice = 48, kQueueReset = 58;
inline constexpr std::uint32_t kIsr = 0x1000, kDevice = 0x2000, kNotify = 0x3000;
// 4.1.4.10
inline constexpr std::uint32_t kLegacyDeviceFeatures = 0, kLegacyDriverFeatures = 4,
                               kLegacyQueueAddress = 8, kLegacyQueueSize = 12,
                               kLegacyQueueSelect = 14, kLegacyQueueNotify = 16, kLegacyStatus = 18,
                               kLegacyIsr = 19;
// 2.1
inline constexpr std::uint8_t kAcknowledge = 1, kDriver = 2, kDriverOk = 4, kFeaturesOk = 8,
                              kNeedsReset = 64;
// 2.7.5, 2.8.1
inline constexpr std::uint16_t kNext = 1, kWrite = 2, kIndirect = 4;
inline constexpr unsigned kConfigSpace = 7;

}  // namespace ixylab::emulator::virtio_net

#endif  // TESTS_EMULATOR_VIRTIO_NET_RIG_H_
