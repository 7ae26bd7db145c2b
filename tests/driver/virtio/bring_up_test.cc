// From reset to running queues: each access, by the offsets of virtio 1.2, 4.1.4; and what ends in
// an error.
#include "tests/driver/virtio/bring_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace ixylab::virtio {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class ModernTest : public BringUpTest {
 protected:
  ModernTest() {
    bus_.set_id({0x1AF4, 0x1041});
    SetCapabilities();
  }
};

TEST_F(ModernTest, SplitQueues) {
  ExpectNegotiation(kMac | kVersion1 | Bit(0) | Bit(28) | kAnyLayout, kMac | kVersion1);
  ExpectMacAddress();
  // Descriptors 16 bytes each, the available ring behind them, the used ring at 4,096.
  ExpectQueue(0, 256, 64, {64 * 16, 4096}, 0);
  ExpectQueue(1, 256, 128, {128 * 16, 4096}, 1);
  ExpectStatus(0x0F);
  ExpectNotify(0);
  const std::unique_ptr<Device> device = Open(bus_, Config());
  EXPECT_EQ(device->driver_name(), "virtio");
  EXPECT_EQ(device->queues(), 1u);
  EXPECT_EQ(device->max_frame_size(), 1514u);
  EXPECT_EQ(device->mac_address(), (MacAddress{0x52, 0x63, 0x74, 0x85, 0x96, 0xA7}));
  EXPECT_EQ(pool_.size() - pool_.available(), 64u);
  // Neither STATUS nor SPEED_DUPLEX: there is a link, and nobody knows how fast.
  EXPECT_TRUE(device->Link().up);
  EXPECT_EQ(device->Link().megabits_per_second, 0u);
  EXPECT_EQ(device->ReadStatistics(), Statistics{});
  ExpectClose();
}

TEST_F(ModernTest, PackedQueues) {
  const std::uint64_t features = kMac | kMrgRxbuf | kEventIdx | kVersion1 | kPacked;
  ExpectNegotiation(features, features & ~kEventIdx);
  ExpectMacAddress();
  ExpectQueue(0, 300, 64, {64 * 16, 64 * 16 + 64}, 0);
  ExpectQueue(1, 100, 64, {64 * 16, 64 * 16 + 64}, 1);  // 100 entries: 64 is the power of two in it
  ExpectStatus(0x0F);
  ExpectNotify(0);
  const std::unique_ptr<Device> device = Open(bus_, Config());
  ExpectClose();
}

// Only these features are taken: a device that offers all must not get offloads.
TEST_F(ModernTest, FeaturesThatAreTaken) {
  ExpectNegotiation(~Bit(34) & ~Bit(17), kMac | kMrgRxbuf | kStatus | kEventIdx | kVersion1 |
                                             Bit(33) | Bit(36) | kSpeedDuplex);
  ExpectMacAddress();
  ExpectQueue(0, 64, 64, {64 * 16, 4096}, 0);
  ExpectQueue(1, 64, 64, {64 * 16, 4096}, 1);
  ExpectStatus(0x0F);
  ExpectNotify(0);
  const std::unique_ptr<Device> device = Open(bus_, Config());
  ExpectClose();
}

TEST_F(ModernTest, LinkAndSpeed) {
  ExpectNegotiation(kMac | kStatus | kVersion1 | kSpeedDuplex,
                    kMac | kStatus | kVersion1 | kSpeedDuplex);
  ExpectMacAddress();
  ExpectQueue(0, 64, 64, {64 * 16, 4096}, 0);
  ExpectQueue(1, 64, 64, {64 * 16, 4096}, 1);
  ExpectStatus(0x0F);
  ExpectNotify(0);
  const std::unique_ptr<Device> device = Open(bus_, Config());
  bus_.ExpectRead(kBar, kDevice + 6, 2, 0xFFFE);
  EXPECT_FALSE(device->Link().up);
  bus_.ExpectRead(kBar, kDevice + 6, 2, 1);
  bus_.ExpectRead(kBar, kDevice + 12, 4, 25'000);
  EXPECT_TRUE(device->WaitForLink(std::chrono::seconds(1)));
  bus_.ExpectRead(kBar, kDevice + 6, 2, 1);
  bus_.ExpectRead(kBar, kDevice + 12, 4, 0xFFFFFFFF);
  EXPECT_EQ(device->Link().megabits_per_second, 0u);
  bus_.ExpectPolls(kBar, kDevice + 6, 2, 0);
  EXPECT_FALSE(device->WaitForLink(std::chrono::milliseconds(5)));
  ExpectClose();
}

// 2.5.4: a generation that changes in between makes the reading void.
TEST_F(ModernTest, MacAddressIsReadInOnePiece) {
  ExpectNegotiation(kMac | kVersion1, kMac | kVersion1);
  bus_.ExpectRead(kBar, kCommon + 0x15, 1, 6);
  for (int twice = 0; twice < 2; ++twice) {
    for (std::uint32_t i = 0; i < 6; ++i) bus_.ExpectRead(kBar, kDevice + i, 1, 0x02);
  }
  bus_.ExpectRead(kBar, kCommon + 0x15, 1, 7);
  ExpectMacAddress();
  ExpectQueue(0, 64, 64, {64 * 16, 4096}, 0);
  ExpectQueue(1, 64, 64, {64 * 16, 4096}, 1);
  ExpectStatus(0x0F);
  ExpectNotify(0);
  const std::unique_ptr<Device> device = Open(bus_, Config());
  EXPECT_EQ(device->mac_address()[1], 0x63);
  ExpectClose();
}

TEST_F(ModernTest, NoVersion1) {
  ExpectOffer(kMac);
  bus_.ExpectWrite(kBar, kCommon + 0x14, 1, 0x83);  // FAILED
  EXPECT_EQ(OpenError(Config()),
            "virtio: the device does not offer VIRTIO_F_VERSION_1 (feature 32), which the modern "
            "interface needs");
}

TEST_F(ModernTest, NoMultiqueue) {
  ExpectOffer(kMac | kVersion1 | kCtrlVq);
  bus_.ExpectWrite(kBar, kCommon + 0x14, 1, 0x83);
  EXPECT_THAT(OpenError(Config(2)), HasSubstr("VIRTIO_NET_F_MQ (feature 22)"));
}

TEST_F(ModernTest, FeaturesAreRefused) {
  ExpectOffer(kMac | kVersion1);
  ExpectAccepted(kMac | kVersion1);
  bus_.ExpectWrite(kBar, kCommon + 0x14, 1, 0x0B);
  bus_.ExpectPolls(kBar, kCommon + 0x14, 1, 3);
  bus_.ExpectWrite(kBar, kCommon + 0x14, 1, 0x8B);
  EXPECT_THAT(
      OpenError(Config()),
      AllOf(StartsWith("DEVICE_STATUS (0x1014 in BAR 4): did not become 0x0b within 100 ms"),
            HasSubstr("does not take the features 0x100000020")));
}

TEST_F(ModernTest, ResetThatNeverEnds) {
  bus_.ExpectWrite(kBar, kCommon + 0x14, 1, 0);
  bus_.ExpectPolls(kBar, kCommon + 0x14, 1, 0xFF);
  const Nanoseconds begin = bus_.time();
  EXPECT_EQ(OpenError(Config()),
            "DEVICE_STATUS (0x1014 in BAR 4): did not become 0x00 within 100 ms, last read 0xff");
  EXPECT_GE(bus_.time() - begin, std::chrono::milliseconds(100));
}

TEST_F(ModernTest, QueueThatDoesNotExist) {
  ExpectNegotiation(kMac | kVersion1, kMac | kVersion1);
  ExpectMacAddress();
  bus_.ExpectWrite(kBar, kCommon + 0x16, 2, 0);
  bus_.ExpectRead(kBar, kCommon + 0x18, 2, 0);
  ExpectClose();
  EXPECT_EQ(OpenError(Config()), "virtio: queue 0 does not exist, its QUEUE_SIZE reads 0");
}

TEST_F(ModernTest, NotPromiscuousWithoutTheCommand) {
  ExpectNegotiation(kMac | kVersion1, kMac | kVersion1);
  ExpectMacAddress();
  ExpectQueue(0, 64, 64, {64 * 16, 4096}, 0);
  ExpectQueue(1, 64, 64, {64 * 16, 4096}, 1);
  ExpectStatus(0x0F);
  ExpectClose();
  DeviceConfig config = Config();
  config.promiscuous = false;
  EXPECT_THAT(OpenError(config), HasSubstr("VIRTIO_NET_F_CTRL_RX (feature 18)"));
}

TEST_F(ModernTest, MemoryRunsOut) {
  ExpectNegotiation(kMac | kVersion1, kMac | kVersion1);
  ExpectMacAddress();
  bus_.ExpectWrite(kBar, kCommon + 0x16, 2, 0);
  bus_.ExpectRead(kBar, kCommon + 0x18, 2, 64);
  ExpectClose();
  dma_.FailAfter(0);
  EXPECT_EQ(OpenError(Config()), "scripted: no DMA memory left");
}

TEST_F(ModernTest, QueueLongerThanAPage) {
  ExpectNegotiation(kMac | kVersion1, kMac | kVersion1);
  ExpectMacAddress();
  bus_.ExpectWrite(kBar, kCommon + 0x16, 2, 0);
  bus_.ExpectRead(kBar, kCommon + 0x18, 2, 4096);
  ExpectClose();
  MemoryPool large(dma_, 4096);
  EXPECT_THAT(OpenError({.pools = {&large}, .receive_descriptors = 4096}),
              HasSubstr("does not fit into a DMA page of 65536"));
}

TEST_F(ModernTest, NoLegacyInterface) {
  DeviceConfig config = Config();
  config.virtio_legacy = true;
  EXPECT_THAT(OpenError(config), HasSubstr("no legacy interface"));
}

/// A transitional device: registers in I/O ports of BAR 0.
class LegacyTest : public BringUpTest {
 protected:
  LegacyTest() { bus_.set_id({0x1AF4, 0x1000}); }

  void ExpectStatus(std::uint8_t status) {
    bus_.ExpectWrite(0, 0x12, 1, status);
    bus_.ExpectRead(0, 0x12, 1, status);
  }
  void ExpectNegotiation(std::uint32_t offered, std::uint32_t taken) {
    for (const std::uint8_t status : {0, 1, 3}) ExpectStatus(status);
    bus_.ExpectRead(0, 0x00, 4, offered);
    bus_.ExpectWrite(0, 0x04, 4, taken);
  }
  void ExpectMacAddress(std::uint32_t config = 0x14) {
    for (int twice = 0; twice < 2; ++twice) {
      for (std::uint32_t i = 0; i < 6; ++i) bus_.ExpectRead(0, config + i, 1, 0x52 + i);
    }
  }
  void ExpectQueue(std::uint16_t queue, std::uint32_t size, std::uint64_t number) {
    const std::uint64_t page = kPage + (number << 32);
    bus_.ExpectWrite(0, 0x0E, 2, queue);
    bus_.ExpectRead(0, 0x0C, 2, size);
    bus_.ExpectWrite(0, 0x0E, 2, queue);
    bus_.ExpectWrite(0, 0x08, 4, static_cast<std::uint32_t>(page >> 12));
    pages_.push_back(page);
    dma_.Script(pages_);
  }
};

TEST_F(LegacyTest, BringUp) {
  SetNoCapabilities();
  ExpectNegotiation(0xFFFFFFFF & ~kCtrlVq, kMac | kMrgRxbuf | kStatus | kAnyLayout | kEventIdx);
  ExpectMacAddress();
  ExpectQueue(0, 256, 0);
  ExpectQueue(1, 1024, 1);
  ExpectStatus(7);
  bus_.ExpectWrite(0, 0x10, 2, 0);
  const std::unique_ptr<Device> device = Open(bus_, Config());
  EXPECT_EQ(device->mac_address(), (MacAddress{0x52, 0x53, 0x54, 0x55, 0x56, 0x57}));
  EXPECT_EQ(pool_.size() - pool_.available(), 64u) << "the ring is larger than asked for";
  // The link's state is behind the address.
  bus_.ExpectRead(0, 0x1A, 2, 1);
  EXPECT_TRUE(device->Link().up);
  // Without a command for it, the address is written to the configuration.
  for (std::uint32_t i = 0; i < 6; ++i) bus_.ExpectWrite(0, 0x14 + i, 1, 2 + i);
  device->SetMacAddress({2, 3, 4, 5, 6, 7});
  EXPECT_EQ(device->mac_address(), (MacAddress{2, 3, 4, 5, 6, 7}));
  ExpectStatus(0);
}

TEST_F(LegacyTest, AskedForDespiteModernCapabilities) {
  SetCapabilities();
  ExpectNegotiation(kMac, kMac);
  ExpectMacAddress();
  ExpectQueue(0, 64, 0);
  ExpectQueue(1, 64, 1);
  ExpectStatus(7);
  bus_.ExpectWrite(0, 0x10, 2, 0);
  DeviceConfig config = Config();
  config.virtio_legacy = true;
  const std::unique_ptr<Device> device = Open(bus_, config);
  EXPECT_EQ(pool_.size() - pool_.available(), 32u) << "without ANY_LAYOUT, two descriptors each";
  ExpectStatus(0);
}

// 4.1.4.10: the registers of MSI-X, if it is on, move the configuration.
TEST_F(LegacyTest, ConfigurationBehindMsix) {
  SetCapabilities();
  SetConfigSpace(0x9A, 2, 0x8002);
  ExpectNegotiation(kMac, kMac);
  ExpectMacAddress(0x18);
  ExpectQueue(0, 64, 0);
  ExpectQueue(1, 64, 1);
  ExpectStatus(7);
  bus_.ExpectWrite(0, 0x10, 2, 0);
  DeviceConfig config = Config();
  config.virtio_legacy = true;
  const std::unique_ptr<Device> device = Open(bus_, config);
  ExpectStatus(0);
}

TEST_F(LegacyTest, AddressBeyond44Bits) {
  SetNoCapabilities();
  ExpectNegotiation(kMac, kMac);
  ExpectMacAddress();
  bus_.ExpectWrite(0, 0x0E, 2, 0);
  bus_.ExpectRead(0, 0x0C, 2, 64);
  dma_.Script({std::uint64_t{1} << 44});
  ExpectStatus(0);
  EXPECT_THAT(OpenError(Config()), HasSubstr("0x100000000000, beyond the 44 bits"));
}

TEST_F(LegacyTest, QueueSizesThatCannotBe) {
  SetNoCapabilities();
  for (const std::uint32_t size : {0u, 100u, 0xFFFFu}) {
    ExpectNegotiation(kMac, kMac);
    ExpectMacAddress();
    bus_.ExpectWrite(0, 0x0E, 2, 0);
    bus_.ExpectRead(0, 0x0C, 2, size);
    ExpectStatus(0);
    EXPECT_THAT(OpenError(Config()), HasSubstr("queue 0 has " + std::to_string(size) + " entries"));
  }
}

TEST_F(LegacyTest, StatusThatIsNotTaken) {
  SetNoCapabilities();
  ExpectStatus(0);
  bus_.ExpectWrite(0, 0x12, 1, 1);
  bus_.ExpectPolls(0, 0x12, 1, 0);
  bus_.ExpectWrite(0, 0x12, 1, 0x81);
  EXPECT_EQ(OpenError(Config()),
            "DEVICE_STATUS (0x12 in BAR 0): did not become 0x01 within 100 ms, last read 0x00");
}

// A device that is gone does not keep the buffers.
TEST_F(LegacyTest, CloseOfADeviceThatIsGone) {
  SetNoCapabilities();
  ExpectNegotiation(kMac, kMac);
  ExpectMacAddress();
  ExpectQueue(0, 64, 0);
  ExpectQueue(1, 64, 1);
  ExpectStatus(7);
  bus_.ExpectWrite(0, 0x10, 2, 0);
  std::unique_ptr<Device> device = Open(bus_, Config());
  bus_.ExpectWrite(0, 0x12, 1, 0);
  bus_.ExpectPolls(0, 0x12, 1, 0xFF);
  device.reset();
  EXPECT_EQ(pool_.available(), pool_.size());
}

/// Capability lists that are not as they should be.
class CapabilitiesTest : public BringUpTest {
 protected:
  CapabilitiesTest() {
    bus_.set_id({0x1AF4, 0x1041});
    SetCapabilities();
  }
};

TEST_F(CapabilitiesTest, None) {
  SetNoCapabilities();
  EXPECT_EQ(OpenError(Config()), "virtio: no capability tells where the common configuration is");
}

TEST_F(CapabilitiesTest, ListWithoutAnEnd) {
  SetConfigSpace(0x41, 1, 0x70);
  EXPECT_THAT(OpenError(Config()), HasSubstr("the list has no end"));
}

TEST_F(CapabilitiesTest, ListIntoTheHeader) {
  SetConfigSpace(0x71, 1, 0x10);
  EXPECT_THAT(OpenError(Config()), HasSubstr("leads into the header, to 0x10"));
}

TEST_F(CapabilitiesTest, ReservedBarsAreIgnored) {
  SetCapability(0x70, 0x60, 2, 6, kNotify, 0x1000);
  EXPECT_THAT(OpenError(Config()), HasSubstr("where the notification structure is"));
}

TEST_F(CapabilitiesTest, StructuresThatAreTooShort) {
  SetCapability(0x40, 0x00, 1, kBar, kCommon, 0x20);
  EXPECT_THAT(OpenError(Config()), HasSubstr("the common configuration has 32 bytes at offset "
                                             "0x1000 of BAR 4: 56 or more, aligned to 4"));
}

TEST_F(CapabilitiesTest, StructuresThatAreNotAligned) {
  SetCapability(0x70, 0x60, 2, kBar, kNotify + 1, 0x1000);
  EXPECT_THAT(OpenError(Config()), HasSubstr("the notification structure has 4096 bytes"));
}

TEST_F(CapabilitiesTest, StructuresBeyondAllOffsets) {
  SetCapability(0x60, 0x50, 4, kBar, 0xFFFFFF00, 0x1000);
  EXPECT_THAT(OpenError(Config()), HasSubstr("the device configuration has 4096 bytes"));
}

TEST_F(CapabilitiesTest, NoDeviceConfiguration) {
  SetCapability(0x60, 0x50, 9, kBar, kDevice, 0x1000);
  EXPECT_THAT(OpenError(Config()), HasSubstr("where the device configuration is"));
}

// 4.1.4.1: the first of each kind is the best.
TEST_F(CapabilitiesTest, TheFirstOfTwo) {
  SetCapability(0x50, 0x40, 1, 2, 0x40, 0x38);
  bus_.ExpectWrite(2, 0x54, 1, 0);
  bus_.ExpectPolls(2, 0x54, 1, 1);
  EXPECT_THAT(OpenError(Config()), HasSubstr("0x54 in BAR 2"));
}

TEST_F(CapabilitiesTest, DoorbellOutsideItsStructure) {
  SetCapability(0x70, 0x60, 2, kBar, kNotify, 4);
  ExpectNegotiation(kMac | kVersion1, kMac | kVersion1);
  ExpectMacAddress();
  bus_.ExpectWrite(kBar, kCommon + 0x16, 2, 0);
  bus_.ExpectRead(kBar, kCommon + 0x18, 2, 64);
  ExpectQueueAddresses(0, 64, {64 * 16, 4096}, 0);
  bus_.ExpectRead(kBar, kCommon + 0x1E, 2, 1);
  ExpectClose();
  EXPECT_THAT(OpenError(Config()), HasSubstr("QUEUE_NOTIFY_OFF 1 of queue 0 leads out"));
}

}  // namespace
}  // namespace ixylab::virtio
