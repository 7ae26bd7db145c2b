// A driver under test: a mocked bus, a pool, and the bring-up that each test starts from.
#ifndef TESTS_DRIVER_IXGBE_IXGBE_TEST_H_
#define TESTS_DRIVER_IXGBE_IXGBE_TEST_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "driver/device.h"
#include "driver/ixgbe/options.h"
#include "driver/memory_pool.h"
#include "tests/driver/ixgbe/chapters.h"
#include "tests/driver/mock_bus.h"
#include "tests/driver/scripted_dma.h"

namespace ixylab::ixgbe {

class IxgbeTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kReceiveDescriptors = 64;
  static constexpr std::uint32_t kTransmitDescriptors = 128;
  // Device addresses of queue 0's rings; those of queue n lie n << 48 higher.
  static constexpr std::uint64_t kReceiveRing = 0x0123'89AB'0000;
  static constexpr std::uint64_t kTransmitRing = 0x0456'CDEF'0000;

  ~IxgbeTest() override { EXPECT_EQ(pool_.available(), pool_.size()) << "buffers are lost"; }

  DeviceConfig Config(std::uint32_t queues = 1) {
    return {.pools = std::vector<MemoryPool*>(queues, &pool_),
            .receive_descriptors = kReceiveDescriptors,
            .transmit_descriptors = kTransmitDescriptors};
  }

  /// Every chapter before the rings, as `config` asks for it.
  void ExpectDeviceSetUp(std::uint32_t queues = 1, bool promiscuous = true,
                         const DeviceConfig& config = {}) {
    ExpectReset(bus_);
    ExpectMacAddress(bus_);
    ExpectLinkStart(bus_);
    ExpectCounters(bus_, {.gptc = 9, .gotc = 900, .qprc = 7, .qbrc = 700, .ruc = 3});
    ExpectReceiveSetUp(bus_);
    if (queues > 1) ExpectRss(bus_, queues);
    if (config.max_frame_size > 1514) ExpectLongFrames(bus_, config.max_frame_size + 4);
    if (config.vlan_offload) ExpectVlanStrip(bus_, queues);
    ExpectTransmitSetUp(bus_);
    ExpectPromiscuous(bus_, promiscuous);
  }

  void ExpectQueues(std::uint32_t queues = 1) {
    std::deque<std::uint64_t> pages;
    for (std::uint32_t n = 0; n < queues; ++n) {
      const std::uint64_t base = std::uint64_t{n} << 48;
      pages.insert(pages.end(), {base + kReceiveRing, base + kTransmitRing});
      ExpectReceiveRing(bus_, n, base + kReceiveRing, 16 * kReceiveDescriptors);
      ExpectTransmitRing(bus_, n, base + kTransmitRing, 16 * kTransmitDescriptors);
    }
    dma_.Script(pages);
  }

  /// The whole bring-up, but for interrupts.
  void ExpectOpen(const DeviceConfig& config) {
    const auto queues = static_cast<std::uint32_t>(config.pools.size());
    ExpectDeviceSetUp(queues, true, config);
    ExpectQueues(queues);
    ExpectQueuesStart(bus_, queues, kReceiveDescriptors);
  }
  /// ... expected and done.
  std::unique_ptr<Device> OpenDevice(std::uint32_t queues = 1) {
    ExpectOpen(Config(queues));
    return OpenWithOptions(bus_, Config(queues));
  }

  /// An opening that fails: its message.
  std::string OpenError(const DeviceConfig& config) {
    try {
      OpenWithOptions(bus_, config);
    } catch (const DeviceError& error) {
      return error.what();
    }
    ADD_FAILURE() << "the device was opened";
    return {};
  }

  ScriptedDma dma_;
  testing::StrictMock<MockBus> bus_{dma_};
  MemoryPool pool_{dma_, 300};
};

}  // namespace ixylab::ixgbe

#endif  // TESTS_DRIVER_IXGBE_IXGBE_TEST_H_
