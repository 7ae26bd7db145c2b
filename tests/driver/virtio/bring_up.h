// A virtio-net device on a mocked bus, by the register offsets of the specification: the accesses
// of each step, and a control queue that answers.
#ifndef TESTS_DRIVER_VIRTIO_BRING_UP_H_
#define TESTS_DRIVER_VIRTIO_BRING_UP_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "driver/device.h"
#include "driver/memory_pool.h"
#include "driver/virtio/virtio.h"
#include "tests/driver/mock_bus.h"
#include "tests/driver/scripted_dma.h"
#include "tests/driver/virtio/device_side.h"

namespace ixylab::virtio {

// Feature bits, 5.1.3 and 6.
inline constexpr std::uint64_t Bit(unsigned n) { return std::uint64_t{1} << n; }
inline constexpr std::uint64_t kMac = Bit(5), kMrgRxbuf = Bit(15), kStatus = Bit(16),
                               kCtrlVq = Bit(17), kCtrlRx = Bit(18), kMq = Bit(22),
                               kCtrlMacAddr = Bit(23), kAnyLayout = Bit(27), kEventIdx = Bit(29),
                               kVersion1 = Bit(32), kPacked = Bit(34), kSpeedDuplex = Bit(63);

class BringUpTest : public testing::Test {
 protected:
  static constexpr unsigned kConfigSpace = 7;
  // Where the modern device has its structures.
  static constexpr unsigned kBar = 4;
  static constexpr std::uint32_t kCommon = 0x1000;
  static constexpr std::uint32_t kNotify = 0x3000;
  static constexpr std::uint32_t kNotifyMultiplier = 4;
  static constexpr std::uint32_t kDevice = 0x2000;
  // Device addresses of the queues' pages: queue n at n << 32.
  static constexpr std::uint64_t kPage = 0x0000'0005'4321'0000;

  ~BringUpTest() override { EXPECT_EQ(pool_.available(), pool_.size()) << "buffers are lost"; }

  DeviceConfig Config(std::size_t queues = 1) {
    return {.pools = std::vector<MemoryPool*>(queues, &pool_),
            .receive_descriptors = 64,
            .transmit_descriptors = 128};
  }
  std::string OpenError(const DeviceConfig& config) {
    try {
      Open(bus_, config);
    } catch (const DeviceError& error) {
      return error.what();
    }
    ADD_FAILURE() << "the device was opened";
    return {};
  }

  /// Bytes of configuration space that may be read at any time.
  void SetConfigSpace(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
    EXPECT_CALL(bus_, Read(kConfigSpace, offset, bytes))
        .Times(testing::AnyNumber())
        .WillRepeatedly(testing::Return(value));
  }
  void SetNoCapabilities() { SetConfigSpace(0x06, 2, 0); }
  /// A capability at `at`: struct virtio_pci_cap.
  void SetCapability(std::uint32_t at, std::uint8_t next, std::uint8_t type, std::uint8_t bar,
                     std::uint32_t offset, std::uint32_t length) {
    SetConfigSpace(at, 1, 0x09);
    SetConfigSpace(at + 1, 1, next);
    SetConfigSpace(at + 3, 1, type);
    SetConfigSpace(at + 4, 1, bar);
    SetConfigSpace(at + 8, 4, offset);
    SetConfigSpace(at + 12, 4, length);
  }
  /// MSI-X, then common, ISR, device, notification and PCI access, as QEMU has them.
  void SetCapabilities() {
    SetConfigSpace(0x06, 2, 0x0010);
    SetConfigSpace(0x34, 1, 0x98);
    SetConfigSpace(0x98, 1, 0x11);
    SetConfigSpace(0x99, 1, 0x84);
    SetConfigSpace(0x9A, 2, 0x0002);
    SetCapability(0x84, 0x70, 5, 0, 0, 0);
    SetCapability(0x70, 0x60, 2, kBar, kNotify, 0x1000);
    SetConfigSpace(0x80, 4, kNotifyMultiplier);
    SetCapability(0x60, 0x50, 4, kBar, kDevice, 0x1000);
    SetCapability(0x50, 0x40, 3, kBar, 0x1800, 0x800);
    SetCapability(0x40, 0x00, 1, kBar, kCommon, 0x800);
  }

  // The modern device, in sequence.
  void ExpectStatus(std::uint8_t status) {
    bus_.ExpectWrite(kBar, kCommon + 0x14, 1, status);
    bus_.ExpectRead(kBar, kCommon + 0x14, 1, status);
  }
  void ExpectOffer(std::uint64_t offered) {
    ExpectStatus(0);
    ExpectStatus(1);
    ExpectStatus(3);
    bus_.ExpectWrite(kBar, kCommon + 0x00, 4, 0);
    bus_.ExpectRead(kBar, kCommon + 0x04, 4, static_cast<std::uint32_t>(offered));
    bus_.ExpectWrite(kBar, kCommon + 0x00, 4, 1);
    bus_.ExpectRead(kBar, kCommon + 0x04, 4, static_cast<std::uint32_t>(offered >> 32));
  }
  void ExpectNegotiation(std::uint64_t offered, std::uint64_t taken) {
    ExpectOffer(offered);
    ExpectAccepted(taken);
    ExpectStatus(0x0B);
  }
  void ExpectAccepted(std::uint64_t taken) {
    bus_.ExpectWrite(kBar, kCommon + 0x08, 4, 0);
    bus_.ExpectWrite(kBar, kCommon + 0x0C, 4, static_cast<std::uint32_t>(taken));
    bus_.ExpectWrite(kBar, kCommon + 0x08, 4, 1);
    bus_.ExpectWrite(kBar, kCommon + 0x0C, 4, static_cast<std::uint32_t>(taken >> 32));
  }
  void ExpectMacAddress() {
    bus_.ExpectRead(kBar, kCommon + 0x15, 1, 7);
    for (int twice = 0; twice < 2; ++twice) {
      for (std::uint32_t i = 0; i < 6; ++i) bus_.ExpectRead(kBar, kDevice + i, 1, 0x52 + 0x11 * i);
    }
    bus_.ExpectRead(kBar, kCommon + 0x15, 1, 7);
  }
  /// `areas`: where the driver and the device area are, from the ring's start.
  struct Areas {
    std::uint32_t driver;
    std::uint32_t device;
  };
  void ExpectQueue(std::uint16_t queue, std::uint32_t offered, std::uint32_t size, Areas areas,
                   std::uint64_t number) {
    bus_.ExpectWrite(kBar, kCommon + 0x16, 2, queue);
    bus_.ExpectRead(kBar, kCommon + 0x18, 2, offered);
    ExpectQueueAddresses(queue, size, areas, number);
    bus_.ExpectRead(kBar, kCommon + 0x1E, 2, queue);
    bus_.ExpectWrite(kBar, kCommon + 0x1C, 2, 1);
  }
  void ExpectQueueAddresses(std::uint16_t queue, std::uint32_t size, Areas areas,
                            std::uint64_t number) {
    const std::uint64_t page = kPage + (number << 32);
    bus_.ExpectWrite(kBar, kCommon + 0x16, 2, queue);
    bus_.ExpectWrite(kBar, kCommon + 0x18, 2, size);
    std::uint32_t at = kCommon + 0x20;
    for (const std::uint64_t address : {page, page + areas.driver, page + areas.device}) {
      bus_.ExpectWrite(kBar, at, 4, static_cast<std::uint32_t>(address));
      bus_.ExpectWrite(kBar, at + 4, 4, static_cast<std::uint32_t>(address >> 32));
      at += 8;
    }
    pages_.push_back(page);
    dma_.Script(pages_);
  }
  void ExpectNotify(std::uint16_t queue) {
    bus_.ExpectWrite(kBar, kNotify + queue * kNotifyMultiplier, 2, queue);
  }
  void ExpectClose() { ExpectStatus(0); }

  ScriptedDma dma_;
  testing::StrictMock<MockBus> bus_{dma_};
  MemoryPool pool_{dma_, 1024};
  std::deque<std::uint64_t> pages_;
};

}  // namespace ixylab::virtio

#endif  // TESTS_DRIVER_VIRTIO_BRING_UP_H_
