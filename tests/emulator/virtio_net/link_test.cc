// The link and the device configuration (virtio 1.2, 2.5, 5.1.4).
#include <gtest/gtest.h>

#include "tests/emulator/virtio_net/rig.h"

namespace ixylab::emulator::virtio_net {
namespace {

class Link : public testing::TestWithParam<Mode> {
 protected:
  void Plug(bool plugged) {
    rig_.host.Inject([&] { rig_.wire.SetPlugged(plugged); });
  }
  std::uint32_t LinkStatus() { return rig_.DeviceConfig(6, 2); }

  Rig rig_{GetParam()};
};

TEST_P(Link, Configuration) {
  EXPECT_EQ(rig_.DeviceConfig(0, 4), 0x12005452u);
  EXPECT_EQ(rig_.DeviceConfig(4, 2), 0x5634u);
  EXPECT_EQ(LinkStatus(), 1u);
  EXPECT_EQ(rig_.DeviceConfig(8, 2), 16u) << "max_virtqueue_pairs";
  EXPECT_EQ(rig_.DeviceConfig(10, 2), 0u) << "no VIRTIO_NET_F_MTU";
  EXPECT_EQ(rig_.DeviceConfig(12, 4), 10'000u);
  EXPECT_EQ(rig_.DeviceConfig(16, 1), 1u) << "full duplex";
  EXPECT_EQ(rig_.DeviceConfig(20, 4), 0u);
}

TEST_P(Link, FollowsTheCable) {
  ASSERT_TRUE(rig_.Negotiate(VIRTIO_NET_F_STATUS));
  rig_.DriverOk();
  rig_.Isr();
  for (int i = 0; i < 3; ++i) {
    Plug(false);
    EXPECT_EQ(rig_.Isr(), 2u) << "configuration changed";
    EXPECT_EQ(LinkStatus(), 0u);
    Plug(true);
    EXPECT_EQ(rig_.Isr(), 2u);
    EXPECT_EQ(LinkStatus(), 1u);
  }
  EXPECT_EQ(rig_.Isr(), 0u);
}

TEST_P(Link, NoInterruptWithoutTheFeatureOrBeforeDriverOk) {
  ASSERT_TRUE(rig_.Negotiate());
  rig_.DriverOk();
  Plug(false);
  EXPECT_EQ(rig_.Isr(), 0u);
  ASSERT_TRUE(rig_.Negotiate(VIRTIO_NET_F_STATUS));
  Plug(true);
  EXPECT_EQ(rig_.Isr(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Modes, Link, testing::Values(Mode::kLegacy, Mode::kModern),
                         [](const auto& info) { return ModeName(info.param); });

// 4.1.4.3.1: another generation once a value that has changed was read.
TEST(Generation, ChangesWhenAChangeIsRead) {
  Rig rig;
  ASSERT_TRUE(rig.Negotiate(VIRTIO_NET_F_STATUS));
  rig.DriverOk();
  rig.DeviceConfig(6, 2);
  const std::uint32_t before = rig.Common(kConfigGeneration, 1);
  rig.DeviceConfig(6, 2);
  EXPECT_EQ(rig.Common(kConfigGeneration, 1), before);
  for (int i = 0; i < 256; ++i) rig.host.Inject([&] { rig.wire.SetPlugged(i % 2 != 0); });
  rig.host.Inject([&] { rig.wire.SetPlugged(false); });
  rig.DeviceConfig(6, 2);
  EXPECT_NE(rig.Common(kConfigGeneration, 1), before);
}

TEST(Configuration, LegacyDriversWriteTheMacAddress) {
  Rig rig(Mode::kLegacy);
  ASSERT_TRUE(rig.Negotiate(VIRTIO_NET_F_MAC));
  const auto rx = rig.Enable(0);
  rig.DriverOk();
  for (unsigned i = 0; i < 6; ++i) rig.Write(0, 20 + i, 1, 2 * i);
  EXPECT_EQ(rig.DeviceConfig(0, 4), 0x06040200u);
  EXPECT_EQ(rig.DeviceConfig(4, 2), 0x0A08u);
  rig.Write(0, 26, 2, 0);
  EXPECT_EQ(rig.DeviceConfig(6, 2), 1u) << "nothing else is writable";

  Rig modern;
  modern.Write(4, kDevice, 1, 9);
  EXPECT_EQ(modern.DeviceConfig(0, 1), 0x52u);
  EXPECT_EQ(modern.host.log().size(), 1u);
}

TEST(TwoPorts, SeeEachOther) {
  InProcessHost host({});
  Wire wire;
  NetCard card({.interface = Interface::kModern}, host);
  for (unsigned port : {0u, 1u}) host.Plug(card.function(port));
  card.Connect(0, wire, 0);
  EXPECT_EQ(host.Read(0, 4, kDevice + 6, 2), 0u) << "nobody there yet";
  card.Connect(1, wire, 1);
  for (unsigned port : {0u, 1u}) {
    EXPECT_EQ(host.Read(port, 4, kDevice + 6, 2), 1u);
    EXPECT_EQ(host.Read(port, 4, kDevice + 4, 2), 0x5634u + 0x100 * port) << "the next address";
  }
}

}  // namespace
}  // namespace ixylab::emulator::virtio_net
