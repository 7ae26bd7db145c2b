// What the device is told through its control queue, and which queue that is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tests/driver/virtio/bring_up.h"

namespace ixylab::virtio {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kFeatures = kMac | kCtrlVq | kCtrlRx | kCtrlMacAddr | kVersion1;

class ControlTest : public BringUpTest {
 protected:
  ControlTest() {
    bus_.set_id({0x1AF4, 0x1041});
    SetCapabilities();
  }

  /// The control queue, the last of `number + 1` to be set up.
  void ExpectControlQueue(std::uint16_t queue, std::uint64_t number) {
    queue_ = queue;
    page_ = kPage + (number << 32);
    ExpectQueue(queue, 64, 64, {64 * 16, 4096}, number);
  }
  void ExpectCommand(std::uint8_t ack = 0) {
    bus_.Check([this, ack] {
      if (!side_) {
        memory_.emplace(dma_.last(), page_);
        side_.emplace(*memory_, 64, page_, page_ + 64 * 16, page_ + 4096);
      }
      const std::vector<Available> taken = side_->Take();
      ASSERT_EQ(taken.size(), 1u);
      const std::vector<Element>& elements = taken[0].elements;
      ASSERT_EQ(elements.size(), 3u);
      command_.clear();
      for (std::size_t i = 0; i < 2; ++i) {
        for (std::uint32_t k = 0; k < elements[i].length; ++k) {
          command_.push_back(memory_->Read<std::uint8_t>(elements[i].address + k));
        }
      }
      commands_.push_back(command_);
      memory_->Write(elements[2].address, ack);
      side_->Use(taken[0], 1);
    });
    ExpectNotify(queue_);
  }
  std::unique_ptr<Device> OpenOneQueue() {
    ExpectNegotiation(kFeatures | kMq, kFeatures);
    ExpectMacAddress();
    ExpectQueue(0, 64, 64, {64 * 16, 4096}, 0);
    ExpectQueue(1, 64, 64, {64 * 16, 4096}, 1);
    ExpectControlQueue(2, 2);
    ExpectStatus(0x0F);
    ExpectCommand();
    ExpectNotify(0);
    return Open(bus_, Config());
  }

  std::uint16_t queue_ = 0;
  std::uint64_t page_ = 0;
  std::optional<QueueMemory> memory_;
  std::optional<SplitSide> side_;
  std::vector<unsigned> command_;
  std::vector<std::vector<unsigned>> commands_;
};

TEST_F(ControlTest, PromiscuousBeforeTheFirstFrame) {
  const std::unique_ptr<Device> device = OpenOneQueue();
  EXPECT_THAT(command_, ElementsAre(0, 0, 1));
  ExpectCommand();
  device->SetPromiscuous(false);
  EXPECT_THAT(command_, ElementsAre(0, 0, 0));
  ExpectClose();
}

TEST_F(ControlTest, MacAddress) {
  const std::unique_ptr<Device> device = OpenOneQueue();
  ExpectCommand();
  device->SetMacAddress({0x02, 1, 2, 3, 4, 5});
  EXPECT_THAT(command_, ElementsAre(1, 1, 2, 1, 2, 3, 4, 5));
  EXPECT_EQ(device->mac_address(), (MacAddress{0x02, 1, 2, 3, 4, 5}));
  // No command for these.
  EXPECT_THROW(device->SetMacAddress({0x03, 1, 2, 3, 4, 5}), DeviceError);
  EXPECT_THROW(device->SetMacAddress({}), DeviceError);
  ExpectCommand(1);
  EXPECT_THROW(device->SetMacAddress({0x06, 1, 2, 3, 4, 5}), DeviceError);
  EXPECT_EQ(device->mac_address()[0], 0x02) << "the device refused";
  ExpectClose();
}

// 5.1.2: the control queue is behind all pairs that the device has, 5 here, of which 2 are in use.
TEST_F(ControlTest, SeveralPairs) {
  ExpectNegotiation(kFeatures | kMq, kFeatures | kMq);
  ExpectMacAddress();
  ExpectQueue(0, 64, 64, {64 * 16, 4096}, 0);
  ExpectQueue(1, 64, 64, {64 * 16, 4096}, 1);
  ExpectQueue(2, 64, 64, {64 * 16, 4096}, 2);
  ExpectQueue(3, 64, 64, {64 * 16, 4096}, 3);
  bus_.ExpectRead(kBar, kDevice + 8, 2, 5);
  ExpectControlQueue(10, 4);
  ExpectStatus(0x0F);
  ExpectCommand();
  ExpectCommand();
  ExpectNotify(0);
  ExpectNotify(2);
  const std::unique_ptr<Device> device = Open(bus_, Config(2));
  EXPECT_EQ(device->queues(), 2u);
  EXPECT_THAT(commands_, ElementsAre(ElementsAre(4, 0, 2, 0), ElementsAre(0, 0, 1)));
  ExpectClose();
}

TEST_F(ControlTest, MorePairsThanThereAre) {
  ExpectNegotiation(kFeatures | kMq, kFeatures | kMq);
  ExpectMacAddress();
  for (std::uint16_t queue = 0; queue < 6; ++queue) {
    ExpectQueue(queue, 64, 64, {64 * 16, 4096}, queue);
  }
  bus_.ExpectRead(kBar, kDevice + 8, 2, 2);
  ExpectClose();
  EXPECT_EQ(OpenError(Config(3)), "pools: 3 queues asked for, the device has 2");
}

TEST_F(ControlTest, RefusedWhileOpening) {
  ExpectNegotiation(kFeatures, kFeatures);
  ExpectMacAddress();
  ExpectQueue(0, 64, 64, {64 * 16, 4096}, 0);
  ExpectQueue(1, 64, 64, {64 * 16, 4096}, 1);
  ExpectControlQueue(2, 2);
  ExpectStatus(0x0F);
  ExpectCommand(1);
  ExpectClose();
  EXPECT_THAT(OpenError(Config()), HasSubstr("VIRTIO_NET_CTRL_RX_PROMISC: the device refused"));
}

}  // namespace
}  // namespace ixylab::virtio
