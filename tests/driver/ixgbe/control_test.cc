// What an open device does on request: addresses, filters, link, statistics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>

#include "tests/driver/ixgbe/ixgbe_test.h"

namespace ixylab::ixgbe {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class ControlTest : public IxgbeTest {
 protected:
  ControlTest() : device_(OpenDevice()) {}
  ~ControlTest() override { ExpectClose(bus_); }

  std::unique_ptr<Device> device_;
};

TEST_F(ControlTest, MacAddressComesFromReceiveAddress0) {
  EXPECT_EQ(device_->mac_address(), (MacAddress{0x00, 0x1B, 0x21, 0x3C, 0x4D, 0xFE}));
}

TEST_F(ControlTest, SetMacAddress) {
  const MacAddress address = {0x02, 0xFE, 0xDC, 0xBA, 0x98, 0x76};
  bus_.ExpectWrite32(0x0A200, 0xBADCFE02);  // RAL[0]
  bus_.ExpectWrite32(0x0A204, 0x80007698);  // RAH[0] with AV
  device_->SetMacAddress(address);
  EXPECT_EQ(device_->mac_address(), address);
}

TEST_F(ControlTest, AddressesThatCannotBeAPortsAreRefused) {
  const MacAddress before = device_->mac_address();
  EXPECT_THROW(device_->SetMacAddress({0x01, 0x00, 0x5E, 0, 0, 1}), DeviceError);
  EXPECT_THROW(device_->SetMacAddress({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}), DeviceError);
  EXPECT_THROW(device_->SetMacAddress({}), DeviceError);
  EXPECT_EQ(device_->mac_address(), before);
}

TEST_F(ControlTest, Promiscuous) {
  ExpectPromiscuous(bus_, true);
  device_->SetPromiscuous(true);
  ExpectPromiscuous(bus_, false);
  device_->SetPromiscuous(false);
}

TEST_F(ControlTest, LinkSpeeds) {
  // LINKS: bit 30 is "up"; bits 28-29 are the speed.
  const auto link = [this](std::uint32_t links) {
    bus_.ExpectRead32(0x042A4, links);
    return device_->Link();
  };
  EXPECT_TRUE(link(0x7FFF'FFFF).up);
  EXPECT_EQ(link(0x7000'0080).megabits_per_second, 10'000u);
  EXPECT_EQ(link(0x6000'0000).megabits_per_second, 1'000u);
  EXPECT_EQ(link(0x5000'0000).megabits_per_second, 100u);
  EXPECT_FALSE(link(0xBFFF'FFFF).up);
  EXPECT_EQ(link(0x3000'0000).megabits_per_second, 0u);
}

TEST_F(ControlTest, WaitForLink) {
  bus_.ExpectPoll32(0x042A4, 1 << 30, 1 << 30, 3);
  EXPECT_TRUE(device_->WaitForLink(milliseconds(500)));
}

TEST_F(ControlTest, WaitForALinkThatNeverComes) {
  bus_.ExpectPollInVain32(0x042A4, 1 << 30, 1 << 30);
  const Nanoseconds start = bus_.time();
  EXPECT_FALSE(device_->WaitForLink(milliseconds(500)));
  EXPECT_GE(bus_.time() - start, milliseconds(500));
  EXPECT_LE(bus_.time() - start, milliseconds(510));
}

TEST_F(ControlTest, StatisticsStartAtZero) {
  ExpectCounters(bus_);  // those that the bring-up found are gone
  EXPECT_EQ(device_->ReadStatistics(), Statistics());
}

TEST_F(ControlTest, StatisticsAddUp) {
  const Counters counters = {.gptc = 3,
                             .gotc = 0x2'0000'0000 + 3 * 64,
                             .qprc = 5,
                             .qbrc = 0x1'0000'0000 + 300,
                             .qprdc = 7,
                             .rxmpc = {1, 2, 4, 8, 16, 32, 64, 128},
                             .crcerrs = 1,
                             .ruc = 10,
                             .rfc = 100,
                             .roc = 1000,
                             .rjc = 10000};
  for (std::uint64_t reads = 1; reads <= 2; ++reads) {
    ExpectCounters(bus_, counters);
    EXPECT_EQ(device_->ReadStatistics(),
              (Statistics{.received_packets = reads * 5,
                          .received_bytes = reads * (0x1'0000'0000 + 300),
                          .transmitted_packets = reads * 3,
                          // Octets sent are counted with the 4 bytes of the CRC.
                          .transmitted_bytes = reads * (0x2'0000'0000 + 3 * 60),
                          .missed_packets = reads * (7 + 255),
                          .receive_errors = reads * 11111}));
  }
}

TEST_F(ControlTest, ResetStatistics) {
  const Counters counters = {.gptc = 1, .gotc = 64, .qprc = 1, .qbrc = 60, .rjc = 1};
  ExpectCounters(bus_, counters);
  device_->ReadStatistics();
  ExpectCounters(bus_, counters);  // read, so that the chip begins anew as well
  device_->ResetStatistics();
  ExpectCounters(bus_, counters);
  EXPECT_EQ(device_->ReadStatistics(), (Statistics{.received_packets = 1,
                                                   .received_bytes = 60,
                                                   .transmitted_packets = 1,
                                                   .transmitted_bytes = 60,
                                                   .receive_errors = 1}));
}

}  // namespace
}  // namespace ixylab::ixgbe
