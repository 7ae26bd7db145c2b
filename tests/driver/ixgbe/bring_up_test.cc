// From reset to running queues, and back.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "driver/ixgbe/ixgbe.h"
#include "tests/driver/ixgbe/ixgbe_test.h"

namespace ixylab::ixgbe {
namespace {

using std::chrono::milliseconds;
using testing::StartsWith;

class BringUpTest : public IxgbeTest {};

TEST_F(BringUpTest, OtherDevicesAreLeftAlone) {
  for (const PciId id : {PciId{0x8086, 0x10ED}, PciId{0x1AF4, 0x10FB}}) {
    bus_.set_id(id);
    EXPECT_EQ(OpenError(Config()), "this device is not an 82599");
  }
}

TEST_F(BringUpTest, OneQueue) {
  const std::unique_ptr<Device> device = OpenDevice();
  EXPECT_EQ(device->driver_name(), "ixgbe");
  EXPECT_EQ(device->queues(), 1u);
  EXPECT_EQ(device->max_frame_size(), 1514u);
  EXPECT_EQ(pool_.size() - pool_.available(), kReceiveDescriptors);
  ExpectClose(bus_);
}

TEST_F(BringUpTest, ThreeQueuesWithRss) {
  const std::unique_ptr<Device> device = OpenDevice(3);
  EXPECT_EQ(device->queues(), 3u);
  EXPECT_EQ(pool_.size() - pool_.available(), 3 * kReceiveDescriptors);
  ExpectClose(bus_);
}

TEST_F(BringUpTest, EveryOffload) {
  DeviceConfig config = Config(2);
  config.checksum_offload = config.vlan_offload = true;
  config.max_frame_size = 15868;
  ExpectOpen(config);
  const std::unique_ptr<Device> device = OpenWithOptions(bus_, config);
  EXPECT_EQ(device->max_frame_size(), 15868u);
  EXPECT_EQ(pool_.size() - pool_.available(), 2 * kReceiveDescriptors);
  ExpectClose(bus_);
}

// Each option by itself leads to queues that have it.
TEST_F(BringUpTest, OneOffload) {
  const auto sends_in_two_descriptors = [&](const DeviceConfig& config) {
    ExpectOpen(config);
    const std::unique_ptr<Device> device = OpenWithOptions(bus_, config);
    PacketBuffer* packet = pool_.Allocate();
    packet->size = 100;
    if (config.max_frame_size > 1514) {
      packet->next = pool_.Allocate();
      packet->next->size = 60;
    }
    packet->offloads = {
        .flags = Offloads::kVlan | Offloads::kTcpChecksum, .network_at = 14, .transport_at = 34};
    bus_.ExpectWrite32(0x06018, 2);  // TDT: a context, or a second part
    EXPECT_EQ(device->Transmit(0, {&packet, 1}), 1u);
    ExpectClose(bus_);
  };
  DeviceConfig config = Config();
  config.checksum_offload = true;
  sends_in_two_descriptors(config);
  config = Config();
  config.vlan_offload = true;
  sends_in_two_descriptors(config);
  config = Config();
  config.max_frame_size = 9000;
  sends_in_two_descriptors(config);
}

TEST_F(BringUpTest, ThePapersDriverHasNoOptions) {
  std::vector<DeviceConfig> asking(5, Config());
  asking[0] = Config(2);
  asking[1].checksum_offload = true;
  asking[2].vlan_offload = true;
  asking[3].max_frame_size = 1515;
  asking[4].receive_wait = milliseconds(1);
  for (const DeviceConfig& config : asking) EXPECT_THROW(Open(bus_, config), DeviceError);
  ExpectOpen(Config());
  const std::unique_ptr<Device> device = Open(bus_, Config());
  EXPECT_EQ(device->max_frame_size(), 1514u);
  ExpectClose(bus_);
}

TEST_F(BringUpTest, NotPromiscuous) {
  ExpectDeviceSetUp(1, false);
  ExpectQueues();
  ExpectQueuesStart(bus_, 1, kReceiveDescriptors);
  DeviceConfig config = Config();
  config.promiscuous = false;
  const std::unique_ptr<Device> device = OpenWithOptions(bus_, config);
  ExpectClose(bus_);
}

TEST_F(BringUpTest, MappedDoorbellsAreStoredToAndNotWritten) {
  std::uint32_t receive_tail = 0xDEAD;
  std::uint32_t transmit_tail = 0xDEAD;
  bus_.Map(0x01018, &receive_tail);
  bus_.Map(0x06018, &transmit_tail);
  ExpectDeviceSetUp();
  ExpectQueues();
  // As ExpectQueuesStart, but for RDT.
  bus_.ExpectMask32(0x04A80, {.set = 1});
  ExpectTransmitQueueStart(bus_, 0);
  bus_.ExpectMask32(0x01028, {.set = 1 << 25});
  bus_.Check([&] { EXPECT_EQ(receive_tail, 0xDEADu) << "the queue is not yet enabled"; });
  bus_.ExpectPoll32(0x01028, 1 << 25, 1 << 25);
  bus_.ExpectMask32(0x00018, {.set = 1 << 16});
  bus_.ExpectMask32(0x03000, {.set = 1});
  const std::unique_ptr<Device> device = OpenWithOptions(bus_, Config());
  EXPECT_EQ(receive_tail, kReceiveDescriptors - 1);

  PacketBuffer* packet = pool_.Allocate();
  packet->size = 60;
  EXPECT_EQ(device->Transmit(0, {&packet, 1}), 1u);
  EXPECT_EQ(transmit_tail, 1u);
  ExpectClose(bus_);
}

TEST_F(BringUpTest, AnswersMayComeLate) {
  ExpectMaskedInterrupts(bus_);
  ExpectMasterDisable(bus_);
  bus_.ExpectPoll32(0x00008, 1 << 19, 0, 3);
  ExpectResetOnce(bus_, 1 << 26 | 1 << 3, 3);
  ExpectMaskedInterrupts(bus_);
  bus_.ExpectPoll32(0x10010, 1 << 9, 1 << 9, 3);
  bus_.ExpectPollInVain32(0x02F00, 1 << 3, 1 << 3);  // and end here
  EXPECT_THAT(OpenError(Config()), StartsWith("RDRXCTL (0x02f00)"));
}

TEST_F(BringUpTest, PendingRequestsCallForASecondReset) {
  ExpectMaskedInterrupts(bus_);
  ExpectMasterDisable(bus_);
  bus_.ExpectPollInVain32(0x00008, 1 << 19, 0);
  ExpectResetOnce(bus_, 1 << 26 | 1 << 3);
  ExpectResetOnce(bus_, 1 << 26 | 1 << 3);
  ExpectMaskedInterrupts(bus_);
  bus_.ExpectPoll32(0x10010, 1 << 9, 1 << 9);
  bus_.ExpectPollInVain32(0x02F00, 1 << 3, 1 << 3);
  EXPECT_THAT(OpenError(Config()), StartsWith("RDRXCTL (0x02f00)"));
}

TEST_F(BringUpTest, CloseReturnsBuffersOnlyAfterTheReset) {
  std::unique_ptr<Device> device = OpenDevice();
  PacketBuffer* packets[3] = {};
  ASSERT_EQ(pool_.Allocate(packets), 3u);
  for (PacketBuffer* packet : packets) packet->size = 60;
  bus_.ExpectWrite32(0x06018, 3);  // TDT
  ASSERT_EQ(device->Transmit(0, packets), 3u);

  const std::size_t live = dma_.live();
  ExpectMasterDisable(bus_);
  bus_.ExpectPoll32(0x00008, 1 << 19, 0);
  bus_.ExpectRead32(0x00000, 0);
  bus_.ExpectWrite32(0x00000, 1 << 26);
  bus_.ExpectSleep(milliseconds(10));
  bus_.Check([&] {
    EXPECT_EQ(pool_.size() - pool_.available(), kReceiveDescriptors + 3);
    EXPECT_EQ(dma_.live(), live) << "the device still uses the rings";
  });
  bus_.ExpectPoll32(0x00000, 1 << 26, 0);
  device.reset();
  EXPECT_EQ(pool_.available(), pool_.size());
  EXPECT_EQ(dma_.live(), live - 2);
}

TEST_F(BringUpTest, CloseOfADeviceThatIsGoneEnds) {
  std::unique_ptr<Device> device = OpenDevice();
  // All reads are 0xFFFFFFFF.
  bus_.ExpectRead32(0x03000, 0xFFFFFFFF);
  bus_.ExpectWrite32(0x03000, 0xFFFFFFFE);
  bus_.ExpectRead32(0x00000, 0xFFFFFFFF);
  bus_.ExpectWrite32(0x00000, 0xFFFFFFFF);
  bus_.ExpectPollInVain32(0x00008, 1 << 19, 0);
  bus_.ExpectRead32(0x00000, 0xFFFFFFFF);
  bus_.ExpectWrite32(0x00000, 0xFFFFFFFF);
  bus_.ExpectSleep(milliseconds(10));
  bus_.ExpectPollInVain32(0x00000, 1 << 26, 0);
  device.reset();
  EXPECT_EQ(pool_.available(), pool_.size());
}

TEST_F(BringUpTest, OutOfDmaMemoryAtAnyRing) {
  for (std::size_t allocations = 0; allocations < 4; ++allocations) {
    SCOPED_TRACE(allocations);
    testing::Mock::VerifyAndClearExpectations(&bus_);
    const std::size_t live = dma_.live();
    ExpectDeviceSetUp(2);
    dma_.Script({kReceiveRing, kTransmitRing, kReceiveRing});
    if (allocations >= 1) ExpectReceiveRing(bus_, 0, kReceiveRing, 16 * kReceiveDescriptors);
    if (allocations >= 2) ExpectTransmitRing(bus_, 0, kTransmitRing, 16 * kTransmitDescriptors);
    if (allocations >= 3) ExpectReceiveRing(bus_, 1, kReceiveRing, 16 * kReceiveDescriptors);
    if (allocations >= 1) ExpectClose(bus_);  // before that there is no memory that it could use
    dma_.FailAfter(allocations);
    EXPECT_EQ(OpenError(Config(2)), "scripted: no DMA memory left");
    EXPECT_EQ(pool_.available(), pool_.size());
    EXPECT_EQ(dma_.live(), live);
  }
}

// A register that never answers ends the opening: within its deadline, with its name.
class SilenceTest : public IxgbeTest {
 protected:
  /// Opens, while bus_ polls the register at `offset` in vain from the last expectation on.
  void ExpectError(const std::string& message, Nanoseconds deadline, std::uint32_t queues = 1) {
    const Nanoseconds start = bus_.time();
    EXPECT_THAT(OpenError(Config(queues)), StartsWith(message));
    // What comes before and after takes its time too: two resets of 10 ms, other polls.
    EXPECT_GE(bus_.time() - start, deadline);
    EXPECT_LE(bus_.time() - start, deadline + milliseconds(50));
  }

  /// Section 4.6.3 up to the reset itself.
  void ExpectResetDone() {
    ExpectMaskedInterrupts(bus_);
    ExpectMasterDisable(bus_);
    bus_.ExpectPoll32(0x00008, 1 << 19, 0);
    ExpectResetOnce(bus_, 1 << 26 | 1 << 3);
    ExpectMaskedInterrupts(bus_);
  }
};

TEST_F(SilenceTest, Ctrl) {
  ExpectMaskedInterrupts(bus_);
  ExpectMasterDisable(bus_);
  bus_.ExpectPoll32(0x00008, 1 << 19, 0);
  bus_.ExpectMask32(0x00000, {.set = 1 << 26 | 1 << 3});
  bus_.ExpectSleep(milliseconds(10));
  bus_.ExpectPollInVain32(0x00000, 1 << 26 | 1 << 3, 0);
  ExpectError(
      "CTRL (0x00000): bits 0x04000008 did not become 0x00000000 within 1000 ms, last read 0x",
      milliseconds(1000));
}

TEST_F(SilenceTest, Eec) {
  ExpectResetDone();
  bus_.ExpectPollInVain32(0x10010, 1 << 9, 1 << 9);
  ExpectError("EEC (0x10010): bits 0x00000200 did not become 0x00000200 within 1000 ms",
              milliseconds(1000));
}

TEST_F(SilenceTest, Rdrxctl) {
  ExpectResetDone();
  bus_.ExpectPoll32(0x10010, 1 << 9, 1 << 9);
  bus_.ExpectPollInVain32(0x02F00, 1 << 3, 1 << 3);
  ExpectError("RDRXCTL (0x02f00): bits 0x00000008 did not become 0x00000008 within 1000 ms",
              milliseconds(1000));
}

TEST_F(SilenceTest, TxdctlOfTheSecondQueue) {
  ExpectDeviceSetUp(2);
  ExpectQueues(2);
  bus_.ExpectMask32(0x04A80, {.set = 1});
  ExpectTransmitQueueStart(bus_, 0);
  bus_.ExpectMask32(0x06068, {.set = 1 << 25});
  bus_.ExpectPollInVain32(0x06068, 1 << 25, 1 << 25);
  ExpectClose(bus_);
  ExpectError("TXDCTL (0x06068): bits 0x02000000 did not become 0x02000000 within 100 ms",
              milliseconds(100), 2);
}

TEST_F(SilenceTest, RxdctlOfTheSecondQueue) {
  ExpectDeviceSetUp(2);
  ExpectQueues(2);
  bus_.ExpectMask32(0x04A80, {.set = 1});
  ExpectTransmitQueueStart(bus_, 0);
  ExpectTransmitQueueStart(bus_, 1);
  ExpectReceiveQueueStart(bus_, 0);
  bus_.ExpectWrite32(0x01018, kReceiveDescriptors - 1);
  bus_.ExpectMask32(0x01068, {.set = 1 << 25});
  bus_.ExpectPollInVain32(0x01068, 1 << 25, 1 << 25);
  ExpectClose(bus_);
  ExpectError("RXDCTL (0x01068): bits 0x02000000 did not become 0x02000000 within 100 ms",
              milliseconds(100), 2);
}

}  // namespace
}  // namespace ixylab::ixgbe
