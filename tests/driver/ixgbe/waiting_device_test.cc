// Receive that sleeps: which registers it writes in which order, how it loses no frame, and when it
// polls instead. Around a device that receives what the test says.
#include "driver/ixgbe/waiting_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "driver/memory_pool.h"
#include "tests/driver/ixgbe/chapters.h"
#include "tests/driver/mock_bus.h"
#include "tests/driver/scripted_dma.h"

namespace ixylab::ixgbe {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::_;
using testing::ElementsAre;
using testing::Return;

struct Script {
  std::vector<std::string> log;     // what happened, in order
  std::deque<std::size_t> batches;  // what the next looks into a ring find; then nothing
  bool closed = false;
};

/// Receives what `script` says.
class ScriptedDevice final : public Device {
 public:
  explicit ScriptedDevice(Script& script) : script_(script) {}
  ~ScriptedDevice() override { script_.closed = true; }

  std::string_view driver_name() const override { return "scripted"; }
  std::uint16_t queues() const override { return 3; }
  std::uint32_t max_frame_size() const override { return 1234; }
  std::size_t Receive(std::uint16_t queue, std::span<PacketBuffer*>) override {
    script_.log.push_back("look " + std::to_string(queue));
    if (script_.batches.empty()) return 0;
    const std::size_t n = script_.batches.front();
    script_.batches.pop_front();
    return n;
  }
  std::size_t Transmit(std::uint16_t, std::span<PacketBuffer* const> packets) override {
    return packets.size();
  }
  Statistics ReadStatistics() override { return {.received_packets = 5}; }
  void ResetStatistics() override { script_.log.push_back("reset statistics"); }
  LinkState Link() override { return {.up = true, .megabits_per_second = 7}; }
  bool WaitForLink(Nanoseconds timeout) override { return timeout == milliseconds(3); }
  MacAddress mac_address() const override { return {2, 3}; }
  void SetMacAddress(const MacAddress&) override { script_.log.push_back("set address"); }
  void SetPromiscuous(bool on) override {
    script_.log.push_back(on ? "promiscuous" : "not promiscuous");
  }

 private:
  Script& script_;
};

class WaitingDeviceTest : public testing::Test {
 protected:
  static constexpr Nanoseconds kWait = milliseconds(20);

  DeviceConfig Config(std::uint32_t queues, Nanoseconds interval = {}) {
    return {.pools = std::vector<MemoryPool*>(queues, &pool_),
            .receive_wait = kWait,
            .interrupt_interval = interval};
  }
  std::unique_ptr<Device> Make(const DeviceConfig& config) {
    return MakeWaiting(std::make_unique<ScriptedDevice>(script_), bus_, config);
  }
  std::unique_ptr<Device> Open(Interrupts interrupts = Interrupts::kMessages,
                               std::uint32_t queues = 1) {
    messages_ = interrupts == Interrupts::kMessages;
    EXPECT_CALL(bus_, EnableInterrupts(queues)).WillOnce(Return(interrupts));
    ExpectInterrupts(bus_, queues, 0, messages_);
    return Make(Config(queues));
  }

  std::size_t Receive(Device& device, std::uint16_t queue = 0) {
    PacketBuffer* packets[32];
    script_.log.clear();
    return device.Receive(queue, packets);
  }

  /// The cause is forgotten, then enabled, by bits of the queue alone.
  void ExpectArmed(std::uint32_t queue = 0) {
    if (messages_) {
      bus_.ExpectWrite32(0x00800, 1u << queue);  // EICR: write 1 to clear
      bus_.ExpectRead32(0x00008, 0);             // STATUS: the write has arrived
    } else {
      bus_.ExpectRead32(0x00800, 0x00000001);  // EICR: cleared by reading
    }
    bus_.Check([this] { script_.log.push_back("arm"); });
    bus_.ExpectWrite32(0x00880, 1u << queue);  // EIMS
  }
  /// Waits that take `time` and end with an interrupt or without.
  void ExpectWait(bool raised, Nanoseconds time, std::uint32_t vector = 0) {
    EXPECT_CALL(bus_, WaitForInterrupt(vector, _))
        .InSequence(waits_)
        .WillOnce([this, raised, time](std::uint32_t, Nanoseconds timeout) {
          script_.log.push_back("wait");
          EXPECT_LE(timeout, kWait);
          EXPECT_GT(timeout, Nanoseconds(0));
          Pass(std::min(time, timeout));
          return raised;
        });
  }
  void Pass(Nanoseconds time) {
    for (; time > Nanoseconds(0); time -= microseconds(500)) bus_.Sleep(microseconds(500));
  }

  ScriptedDma dma_;
  testing::StrictMock<MockBus> bus_{dma_};
  MemoryPool pool_{dma_, 8};
  Script script_;
  testing::Sequence waits_;
  bool messages_ = true;
};

TEST_F(WaitingDeviceTest, AMessageForEachQueue) {
  EXPECT_CALL(bus_, EnableInterrupts(3)).WillOnce(Return(Interrupts::kMessages));
  ExpectInterrupts(bus_, 3, 13, true);  // 25 us in units of 2 us, rounded up
  Make(Config(3, microseconds(25)));
  EXPECT_TRUE(script_.closed);
}

TEST_F(WaitingDeviceTest, TheLongestInterval) {
  EXPECT_CALL(bus_, EnableInterrupts(16)).WillOnce(Return(Interrupts::kMessages));
  ExpectInterrupts(bus_, 16, 511, true);
  Make(Config(16, microseconds(1022)));
}

TEST_F(WaitingDeviceTest, ALevelForOneQueue) {
  EXPECT_CALL(bus_, EnableInterrupts(1)).WillOnce(Return(Interrupts::kLevel));
  ExpectInterrupts(bus_, 1, 1, false);
  Make(Config(1, microseconds(1)));
}

TEST_F(WaitingDeviceTest, BusesThatCannotAreRefused) {
  const auto error = [&](Interrupts interrupts, std::uint32_t queues) {
    EXPECT_CALL(bus_, EnableInterrupts(queues)).WillOnce(Return(interrupts));
    try {
      Make(Config(queues));
      ADD_FAILURE() << "the device was opened";
    } catch (const DeviceError& error) {
      EXPECT_TRUE(script_.closed);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(error(Interrupts::kNone, 1), "receive_wait: this bus has no interrupts");
  EXPECT_EQ(error(Interrupts::kLevel, 2),
            "receive_wait: 2 queues asked for, a bus without messages can wait for one");
}

TEST_F(WaitingDeviceTest, WhatIsThereIsReceivedAtOnce) {
  const auto device = Open();
  script_.batches = {7, 1};
  EXPECT_EQ(Receive(*device), 7u);
  EXPECT_EQ(Receive(*device), 1u);
  EXPECT_THAT(script_.log, ElementsAre("look 0"));
}

TEST_F(WaitingDeviceTest, ArmedThenLookedAtOnceMoreThenAsleep) {
  const auto device = Open(Interrupts::kMessages, 3);
  ExpectArmed(2);
  ExpectWait(true, microseconds(500), 2);
  script_.batches = {0, 0, 4};
  EXPECT_EQ(Receive(*device, 2), 4u);
  EXPECT_THAT(script_.log, ElementsAre("look 2", "arm", "look 2", "wait", "look 2"));
}

// It may have raised nothing: its cause was forgotten before, or not yet enabled.
TEST_F(WaitingDeviceTest, AFrameThatComesBeforeTheInterruptIsArmedIsNotSleptOver) {
  const auto device = Open();
  ExpectArmed();
  script_.batches = {0, 1};
  EXPECT_EQ(Receive(*device), 1u);
  EXPECT_THAT(script_.log, ElementsAre("look 0", "arm", "look 0"));
}

// As after a frame that was received before its interrupt was waited for.
TEST_F(WaitingDeviceTest, AnInterruptWithoutAFrameIsWaitedOver) {
  const auto device = Open();
  ExpectArmed();
  ExpectWait(true, microseconds(500));
  ExpectArmed();
  ExpectWait(true, microseconds(500));
  script_.batches = {0, 0, 0, 0, 2};
  EXPECT_EQ(Receive(*device), 2u);
  EXPECT_THAT(script_.log, ElementsAre("look 0", "arm", "look 0", "wait", "look 0", "arm", "look 0",
                                       "wait", "look 0"));
}

TEST_F(WaitingDeviceTest, TheWaitEnds) {
  const auto device = Open();
  ExpectArmed();
  ExpectWait(false, kWait);
  const Nanoseconds start = bus_.time();
  EXPECT_EQ(Receive(*device), 0u);
  EXPECT_GE(bus_.time() - start, kWait);
  EXPECT_LE(bus_.time() - start, kWait + milliseconds(1));
}

// However many interrupts there are.
TEST_F(WaitingDeviceTest, TheWaitEndsUnderAStormOfInterruptsToo) {
  const auto device = Open();
  for (const std::uint32_t armed : {0x00800, 0x00880}) {
    EXPECT_CALL(bus_, Write(0, armed, 4, 1)).Times(testing::AtLeast(10)).WillRepeatedly(Return());
  }
  EXPECT_CALL(bus_, Read(0, 0x00008, 4)).WillRepeatedly(Return(0));
  EXPECT_CALL(bus_, WaitForInterrupt(0, _)).WillRepeatedly([this](std::uint32_t, Nanoseconds) {
    Pass(milliseconds(1));
    return true;
  });
  const Nanoseconds start = bus_.time();
  EXPECT_EQ(Receive(*device), 0u);
  EXPECT_GE(bus_.time() - start, kWait);
  EXPECT_LE(bus_.time() - start, kWait + milliseconds(2));
}

// bus.h: "A level's cause has to be taken away before the next call."
TEST_F(WaitingDeviceTest, ALevelsCauseIsTakenAwayBeforeEachWait) {
  const auto device = Open(Interrupts::kLevel);
  ExpectArmed();
  ExpectWait(true, microseconds(500));
  ExpectArmed();
  ExpectWait(true, microseconds(500));
  script_.batches = {0, 0, 0, 0, 1};
  EXPECT_EQ(Receive(*device), 1u);
}

TEST_F(WaitingDeviceTest, NothingToFillIsNotWaitedFor) {
  const auto device = Open();
  EXPECT_EQ(device->Receive(0, {}), 0u);
}

// A frame may be there, and its interrupt gone by.
TEST_F(WaitingDeviceTest, WithoutABufferThereIsNoSleep) {
  const auto device = Open();
  PacketBuffer* held[8];
  ASSERT_EQ(pool_.Allocate(held), 8u);
  EXPECT_EQ(Receive(*device), 0u);
  EXPECT_THAT(script_.log, ElementsAre("look 0"));
  MemoryPool::Free(held);
}

TEST_F(WaitingDeviceTest, PollsUnderLoadAndWaitsAgainAfterwards) {
  const auto device = Open();
  // 2 million a second, for 10 ms.
  for (int i = 0; i < 10; ++i) {
    script_.batches = {2000};
    EXPECT_EQ(Receive(*device), 2000u);
    Pass(milliseconds(1));
  }
  EXPECT_EQ(Receive(*device), 0u);
  EXPECT_THAT(script_.log, ElementsAre("look 0")) << "polled";
  // The average goes down by a fifth with each idle millisecond.
  int polls = 0;
  bool waited = false;
  ExpectArmed();
  EXPECT_CALL(bus_, WaitForInterrupt(0, _)).WillOnce([&](std::uint32_t, Nanoseconds timeout) {
    waited = true;
    Pass(timeout);
    return false;
  });
  for (; !waited && polls < 100; ++polls) {
    Pass(milliseconds(1));
    EXPECT_EQ(Receive(*device), 0u);
  }
  EXPECT_TRUE(waited);
  EXPECT_LE(polls, 5);
}

TEST_F(WaitingDeviceTest, ABurstDoesNotMakeItPoll) {
  const auto device = Open();
  script_.batches = {1000};  // a fifth of 5 ms at 1 million a second
  EXPECT_EQ(Receive(*device), 1000u);
  Pass(milliseconds(1));
  ExpectArmed();
  ExpectWait(false, kWait);
  EXPECT_EQ(Receive(*device), 0u);
}

TEST_F(WaitingDeviceTest, EverythingElseIsTheDevicesOwn) {
  const auto device = Open();
  EXPECT_EQ(device->driver_name(), "scripted");
  EXPECT_EQ(device->queues(), 3u);
  EXPECT_EQ(device->max_frame_size(), 1234u);
  PacketBuffer* packets[2] = {};
  EXPECT_EQ(device->Transmit(0, packets), 2u);
  EXPECT_EQ(device->ReadStatistics().received_packets, 5u);
  EXPECT_EQ(device->Link().megabits_per_second, 7u);
  EXPECT_TRUE(device->WaitForLink(milliseconds(3)));
  EXPECT_EQ(device->mac_address(), (MacAddress{2, 3}));
  device->ResetStatistics();
  device->SetMacAddress({});
  device->SetPromiscuous(true);
  device->SetPromiscuous(false);
  EXPECT_THAT(script_.log,
              ElementsAre("reset statistics", "set address", "promiscuous", "not promiscuous"));
}

}  // namespace
}  // namespace ixylab::ixgbe
