// Commands, against a device that answers each in raw descriptors.
#include "driver/virtio/control_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/driver/virtio/queue_test.h"

namespace ixylab::virtio {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <typename Format>
class ControlQueueTest : public QueueTest<Format> {
 protected:
  using typename QueueTest<Format>::Ring;
  static constexpr std::uint32_t kNotify = 0x3044;  // not mapped: each write is seen

  ControlQueueTest()
      : queue_(this->bus_, 6, this->MakeRing({.entries = 64, .buffers = 64, .event_index = false}),
               Notifier(this->bus_, 4, kNotify, 6)) {}

  /// The device answers the next command with `ack`, and shows it to the test.
  void ExpectCommand(std::uint8_t ack = 0) {
    this->bus_.Check([this, ack] { Answer(ack); });
    this->bus_.ExpectWrite(4, kNotify, 2, 6);
  }
  void Answer(std::uint8_t ack) {
    const std::vector<Available> taken = this->side().Take();
    ASSERT_EQ(taken.size(), 1u);
    const std::vector<Element>& elements = taken[0].elements;
    ASSERT_EQ(elements.size(), 3u) << "class and command, data, acknowledgement";
    EXPECT_EQ(elements[0].length, 2u);
    EXPECT_EQ(elements[0].flags, 1u);
    EXPECT_EQ(elements[1].flags, 1u);
    EXPECT_EQ(elements[2].length, 1u);
    EXPECT_EQ(elements[2].flags, 2u);
    command_.clear();
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::uint32_t k = 0; k < elements[i].length; ++k) {
        command_.push_back(this->memory().template Read<std::uint8_t>(elements[i].address + k));
      }
    }
    this->memory().Write(elements[2].address, ack);
    this->side().Use(taken[0], 1);
  }
  std::string Error(const Command& command, std::span<const std::uint8_t> data) {
    try {
      queue_.Run(command, data);
    } catch (const DeviceError& error) {
      return error.what();
    }
    ADD_FAILURE() << "it went well";
    return "";
  }

  ControlQueue<Ring> queue_;
  std::vector<unsigned> command_;
};

TYPED_TEST_SUITE(ControlQueueTest, Formats, FormatNames);

constexpr std::array<std::uint8_t, 1> kOn = {1};

TYPED_TEST(ControlQueueTest, Commands) {
  this->ExpectCommand();
  this->queue_.Run(VIRTIO_NET_CTRL_RX_PROMISC, kOn);
  EXPECT_THAT(this->command_, ElementsAre(0, 0, 1));
  this->ExpectCommand();
  this->queue_.Run(VIRTIO_NET_CTRL_MAC_ADDR_SET, std::array<std::uint8_t, 6>{2, 3, 4, 5, 6, 7});
  EXPECT_THAT(this->command_, ElementsAre(1, 1, 2, 3, 4, 5, 6, 7));
  this->ExpectCommand();
  this->queue_.Run(VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, std::array<std::uint8_t, 2>{4, 0});
  EXPECT_THAT(this->command_, ElementsAre(4, 0, 4, 0));
}

// Each answer is its own: not the one before, whatever entry of the ring it is in. Over the ring's
// end, and over the 65,536 of its index.
TYPED_TEST(ControlQueueTest, AsManyAsTheIndicesWrap) {
  std::uint8_t ack = 0;
  EXPECT_CALL(this->bus_, Write(4, TestFixture::kNotify, 2, 6)).WillRepeatedly([&] {
    this->Answer(ack);
  });
  for (unsigned i = 0; i < 66'000; ++i) {
    ack = i % 3 == 2 ? 1 : 0;
    if (ack == 0) {
      this->queue_.Run(VIRTIO_NET_CTRL_RX_PROMISC, kOn);
    } else {
      ASSERT_THROW(this->queue_.Run(VIRTIO_NET_CTRL_RX_PROMISC, kOn), DeviceError) << i;
    }
    ASSERT_THAT(this->command_, ElementsAre(0, 0, 1));
  }
}

TYPED_TEST(ControlQueueTest, Refused) {
  this->ExpectCommand(1);
  EXPECT_EQ(this->Error(VIRTIO_NET_CTRL_RX_PROMISC, kOn),
            "VIRTIO_NET_CTRL_RX_PROMISC: the device refused, with 0x01");
  this->ExpectCommand();
  this->queue_.Run(VIRTIO_NET_CTRL_RX_PROMISC, kOn);
}

// 0xFF is what stands there before the device writes.
TYPED_TEST(ControlQueueTest, UsedWithoutAnAnswer) {
  this->ExpectCommand(0xFF);
  EXPECT_THAT(this->Error(VIRTIO_NET_CTRL_RX_PROMISC, kOn), HasSubstr("0xff"));
}

TYPED_TEST(ControlQueueTest, NoAnswerEndsAtTheDeadline) {
  this->bus_.ExpectWrite(4, TestFixture::kNotify, 2, 6);
  const Nanoseconds begin = this->bus_.time();
  EXPECT_EQ(this->Error(VIRTIO_NET_CTRL_RX_PROMISC, kOn),
            "VIRTIO_NET_CTRL_RX_PROMISC (queue 0x06): no answer within 1000 ms");
  EXPECT_GE(this->bus_.time() - begin, std::chrono::milliseconds(1000));
  EXPECT_LT(this->bus_.time() - begin, std::chrono::milliseconds(1100));
}

// The device may still write to a command that it has not answered: there is no other until then.
TYPED_TEST(ControlQueueTest, NoCommandBesideOneThatIsUnderWay) {
  this->bus_.ExpectWrite(4, TestFixture::kNotify, 2, 6);
  this->Error(VIRTIO_NET_CTRL_RX_PROMISC, kOn);
  const std::vector<Available> late = this->side().Take();
  ASSERT_EQ(late.size(), 1u);
  this->Error(VIRTIO_NET_CTRL_RX_PROMISC, kOn);
  EXPECT_EQ(this->side().Take().size(), 0u);
  this->side().Use(late[0], 1);
  this->ExpectCommand();
  this->queue_.Run(VIRTIO_NET_CTRL_RX_PROMISC, kOn);
  EXPECT_THAT(this->command_, ElementsAre(0, 0, 1));
}

}  // namespace
}  // namespace ixylab::virtio
