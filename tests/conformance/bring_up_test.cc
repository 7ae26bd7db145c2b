// Open, link, identity: what a port is before it has carried a frame.
#include <algorithm>
#include <memory>
#include <optional>

#include "tests/conformance/opener.h"
#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

using BringUp = PortsTest;

TEST_F(BringUp, DeviceSaysWhatItIs) {
  OpenBoth({.queues = can().max_queues >= 2 ? 2u : 1u});
  for (unsigned p : {0u, 1u}) {
    EXPECT_FALSE(port(p)->driver_name().empty());
    EXPECT_EQ(port(p)->queues(), port(p).pools.size());
    EXPECT_EQ(port(p)->max_frame_size(), kLongestFrame);
  }
}

TEST_F(BringUp, LinkComesUp) {
  Open(0);
  Open(1);
  for (unsigned p : {0u, 1u}) {
    ASSERT_TRUE(port(p)->WaitForLink(kDeadline)) << "port " << p;
    EXPECT_TRUE(port(p)->Link().up);
    if (can().reports_speed) {
      EXPECT_GT(port(p)->Link().megabits_per_second, 0u);
    }
  }
  EXPECT_EQ(port(0)->Link().megabits_per_second, port(1)->Link().megabits_per_second);
}

TEST_F(BringUp, MacAddressesAreValidAndDiffer) {
  OpenBoth();
  for (unsigned p : {0u, 1u}) {
    const MacAddress address = port(p)->mac_address();
    EXPECT_EQ(address[0] & 1, 0) << ToString(address) << " is a group address";
    EXPECT_NE(address, MacAddress{});
  }
  EXPECT_NE(port(0)->mac_address(), port(1)->mac_address());
}

TEST_F(BringUp, MacAddressIsTheSameAfterReopening) {
  OpenBoth();
  for (unsigned p : {0u, 1u}) {
    const MacAddress address = port(p)->mac_address();
    Reopen(p);
    EXPECT_EQ(port(p)->mac_address(), address);
  }
}

TEST_F(BringUp, CountersStartAtZero) {
  OpenBoth();
  for (unsigned p : {0u, 1u}) EXPECT_EQ(port(p)->ReadStatistics(), Statistics{});
}

TEST_F(BringUp, NothingArrivesUnasked) {
  OpenBoth();
  for (unsigned p : {0u, 1u}) ExpectQuiet(p);
}

TEST_F(BringUp, FirstFrameInEachDirection) {
  OpenBoth();
  for (unsigned p : {0u, 1u}) ASSERT_NO_FATAL_FAILURE(Send(p, {.count = 1}));
}

TEST_F(BringUp, OpeningTakesBuffersOnlyForReceiving) {
  OpenBoth({.receive_descriptors = 256});
  for (unsigned p : {0u, 1u}) {
    const std::size_t taken = port(p).pool().size() - port(p).pool().available();
    EXPECT_GT(taken, 0u);
    EXPECT_LE(taken, 256u);
  }
}

}  // namespace
}  // namespace ixylab::conformance
