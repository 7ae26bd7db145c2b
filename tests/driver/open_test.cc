#include "driver/open.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "tests/driver/mock_bus.h"
#include "tests/driver/scripted_dma.h"

namespace ixylab {
namespace {

using testing::HasSubstr;

// Whatever is refused here is refused before the first register access: the bus is strict and
// expects none.
class OpenTest : public testing::Test {
 protected:
  std::string Error(const DeviceConfig& config) {
    try {
      Open(bus_, config);
    } catch (const DeviceError& error) {
      return error.what();
    }
    ADD_FAILURE() << "the device was opened";
    return "";
  }
  /// The same from each driver.
  std::string ErrorOfBoth(const DeviceConfig& config) {
    bus_.set_id({0x1AF4, 0x1041});
    const std::string virtio = Error(config);
    bus_.set_id({0x8086, 0x10FB});
    EXPECT_EQ(Error(config), virtio);
    return virtio;
  }
  DeviceConfig Config() { return {.pools = {&pool_}}; }

  ScriptedDma dma_;
  testing::StrictMock<MockBus> bus_{dma_};
  MemoryPool pool_{dma_, 1024};
};

TEST_F(OpenTest, OtherDevicesAreRefusedByName) {
  for (const PciId id : {PciId{0x8086, 0x10ED},     // the 82599's virtual function
                         PciId{0x8086, 0x1528},     // X540
                         PciId{0x15B3, 0x10FB}}) {  // another vendor's
    bus_.set_id(id);
    EXPECT_THAT(Error(Config()), HasSubstr("no driver here is for this device"));
  }
  bus_.set_id({0x1AF4, 0x1001});  // virtio, but a disk
  EXPECT_THAT(Error(Config()), HasSubstr("1af4:1001"));
}

TEST_F(OpenTest, AcceptedDevicesGetAsFarAsTheirRegisters) {
  std::set<std::pair<std::uint16_t, std::uint16_t>> ids;
  for (const SupportedDevice& device : SupportedDevices()) {
    SCOPED_TRACE(device.name);
    EXPECT_TRUE(ids.insert({device.id.vendor, device.id.device}).second) << "listed twice";
    EXPECT_FALSE(device.name.empty());
    bus_.set_id(device.id);
    if (device.driver == "ixgbe") {
      bus_.ExpectWrite32(0x00888, 0x7FFFFFFF);  // EIMC
      EXPECT_CALL(bus_, Write(0, 0x00AB0, 4, 0xFFFFFFFF))
          .WillOnce(testing::Throw(DeviceError("enough")));
    } else {
      EXPECT_EQ(device.driver, "virtio");
      // The status word in configuration space, for its capabilities.
      EXPECT_CALL(bus_, Read(Bus::kConfigSpace, 0x06, 2))
          .WillOnce(testing::Throw(DeviceError("enough")));
    }
    EXPECT_EQ(Error({.pools = {&pool_}}), "enough");
    testing::Mock::VerifyAndClearExpectations(&bus_);
  }
}

TEST_F(OpenTest, TestedDevicesAreNamed) {
  const auto tested = [](PciId id) {
    const auto found = std::ranges::find(SupportedDevices(), id, &SupportedDevice::id);
    return found != SupportedDevices().end() && found->tested;
  };
  EXPECT_TRUE(tested({0x8086, 0x10FB}));
  EXPECT_TRUE(tested({0x1AF4, 0x1000}));
  EXPECT_TRUE(tested({0x1AF4, 0x1041}));
  EXPECT_EQ(std::ranges::count(SupportedDevices(), true, &SupportedDevice::tested), 3);
}

TEST_F(OpenTest, RingSizes) {
  for (const std::uint32_t bad : {0u, 1u, 32u, 63u, 65u, 96u, 8192u, 0x80000000u}) {
    SCOPED_TRACE(bad);
    DeviceConfig config = Config();
    config.receive_descriptors = bad;
    EXPECT_EQ(ErrorOfBoth(config), "receive_descriptors: " + std::to_string(bad) +
                                       " is not a power of two from 64 to 4096");
    config = Config();
    config.transmit_descriptors = bad;
    EXPECT_EQ(ErrorOfBoth(config), "transmit_descriptors: " + std::to_string(bad) +
                                       " is not a power of two from 64 to 4096");
  }
}

TEST_F(OpenTest, NumberOfQueues) {
  EXPECT_EQ(ErrorOfBoth({}), "pools: 0 queues asked for, 1 to 16 are possible");
  EXPECT_EQ(ErrorOfBoth({.pools = std::vector<MemoryPool*>(17, &pool_), .receive_descriptors = 64}),
            "pools: 17 queues asked for, 1 to 16 are possible");
}

TEST_F(OpenTest, VirtioRefusesWhatItDoesNotHave) {
  const auto error = [&](auto set) {
    DeviceConfig config = Config();
    set(config);
    bus_.set_id({0x1AF4, 0x1041});
    return Error(config);
  };
  EXPECT_EQ(error([](DeviceConfig& c) { c.checksum_offload = true; }),
            "checksum_offload: this device's driver does not have it");
  EXPECT_EQ(error([](DeviceConfig& c) { c.vlan_offload = true; }),
            "vlan_offload: this device's driver does not have it");
  EXPECT_EQ(error([](DeviceConfig& c) { c.receive_wait = Nanoseconds(1); }),
            "receive_wait: this device's driver does not have it");
  EXPECT_EQ(error([](DeviceConfig& c) { c.max_frame_size = 1515; }),
            "max_frame_size: 1515 is not from 1514 to 1514");
  EXPECT_EQ(error([](DeviceConfig& c) { c.interrupt_interval = Nanoseconds(1); }),
            "interrupt_interval in ns: 1 is not from 0 to 0");
}

TEST_F(OpenTest, OptionsOutOfRange) {
  const auto error = [&](auto set) {
    DeviceConfig config = Config();
    set(config);
    bus_.set_id({0x8086, 0x10FB});
    return Error(config);
  };
  EXPECT_EQ(error([](DeviceConfig& c) { c.max_frame_size = 1513; }),
            "max_frame_size: 1513 is not from 1514 to 15868");
  EXPECT_EQ(error([](DeviceConfig& c) { c.max_frame_size = 15869; }),
            "max_frame_size: 15869 is not from 1514 to 15868");
  EXPECT_EQ(error([](DeviceConfig& c) { c.receive_wait = Nanoseconds(-1); }),
            "receive_wait in ns: -1 is not from 0 to 9223372036854775807");
  EXPECT_EQ(error([](DeviceConfig& c) { c.interrupt_interval = Nanoseconds(1022001); }),
            "interrupt_interval in ns: 1022001 is not from 0 to 1022000");
}

TEST_F(OpenTest, NullPool) {
  EXPECT_EQ(ErrorOfBoth({.pools = {&pool_, nullptr}}), "pools: a null pool");
}

TEST_F(OpenTest, PoolOfAnotherDmaSpace) {
  ScriptedDma other;
  MemoryPool foreign(other, 1024);
  EXPECT_THAT(ErrorOfBoth({.pools = {&foreign}}), HasSubstr("another DMA space"));
}

TEST_F(OpenTest, PoolThatCannotFillTheRings) {
  EXPECT_EQ(ErrorOfBoth({.pools = {&pool_}, .receive_descriptors = 2048}),
            "pools: 1024 buffers are free, the receive rings take 2048");
  // Queues may share a pool, which must do for all of them.
  EXPECT_EQ(ErrorOfBoth({.pools = {&pool_, &pool_, &pool_}, .receive_descriptors = 512}),
            "pools: 1024 buffers are free, the receive rings take 1536");
  EXPECT_EQ(pool_.available(), pool_.size());
}

}  // namespace
}  // namespace ixylab
