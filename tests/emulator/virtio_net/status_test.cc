// Device status and feature negotiation (virtio 1.2, 2.1, 2.2, 3.1).
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "tests/emulator/virtio_net/rig.h"

namespace ixylab::emulator::virtio_net {
namespace {

TEST(Features, OfferedByEachInterface) {
  const std::uint64_t both =
      VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_CTRL_VQ |
      VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_MQ | VIRTIO_NET_F_CTRL_RX_EXTRA | VIRTIO_NET_F_CTRL_VLAN |
      VIRTIO_NET_F_CTRL_MAC_ADDR | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
  EXPECT_EQ(Rig(Mode::kLegacy).OfferedFeatures(), both | 1u << 24 | 1u << 27);
  const std::uint64_t modern = both | 1ull << 32 | 1ull << 33 | 1ull << 40 | 1ull << 63;
  EXPECT_EQ(Rig(Mode::kModern).OfferedFeatures(), modern);
  EXPECT_EQ(Rig(Mode::kPacked).OfferedFeatures(), modern | 1ull << 34);
}

TEST(Features, EachCanBeSwitchedOff) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t feature = 1ull << bit;
    if ((kAllFeatures & feature) == 0) continue;
    Rig rig(Mode::kModern, {.features = kAllFeatures & ~feature, .mtu = 1500});
    EXPECT_EQ(rig.OfferedFeatures() & feature, 0u) << bit;
  }
  Rig no_queue(Mode::kModern, {.features = kAllFeatures & ~VIRTIO_NET_F_CTRL_VQ});
  EXPECT_EQ(no_queue.OfferedFeatures() & (VIRTIO_NET_F_MQ | VIRTIO_NET_F_CTRL_RX), 0u)
      << "what needs the control queue is not offered without it";
  EXPECT_EQ(Rig(Mode::kModern, {.queue_pairs = 1}).OfferedFeatures() & VIRTIO_NET_F_MQ, 0u);
}

TEST(Features, BeyondSixtyThreeThereAreNone) {
  Rig rig;
  for (const std::uint32_t select : {2u, 3u, 0xFFFFFFFFu}) {
    rig.SetCommon(kDeviceFeatureSelect, 4, select);
    rig.SetCommon(kDriverFeatureSelect, 4, select);
    rig.SetCommon(kDriverFeature, 4, 0xFFFFFFFF);
    EXPECT_EQ(rig.Common(kDeviceFeature, 4), 0u);
    EXPECT_EQ(rig.Common(kDriverFeature, 4), 0u);
  }
  rig.SetCommon(kDriverFeatureSelect, 4, 0);
  EXPECT_EQ(rig.Common(kDriverFeature, 4), 0u);
}

TEST(Status, TheWholeSequence) {
  for (const Mode mode : {Mode::kLegacy, Mode::kModern, Mode::kPacked}) {
    Rig rig(mode);
    EXPECT_EQ(rig.Status(), 0u);
    ASSERT_TRUE(rig.Negotiate(VIRTIO_NET_F_MAC));
    rig.DriverOk();
    EXPECT_EQ(rig.Status(), mode == Mode::kLegacy ? 7u : 15u);
    rig.SetStatus(0);
    EXPECT_EQ(rig.Status(), 0u);
    EXPECT_EQ(rig.host.log(), std::vector<std::string>());
  }
}

TEST(Status, FeaturesOkIsRefused) {
  Rig rig;
  EXPECT_FALSE(rig.Negotiate(VIRTIO_NET_F_MTU)) << "not offered";
  EXPECT_EQ(rig.Status(), kAcknowledge | kDriver);
  EXPECT_FALSE(rig.Negotiate(1)) << "VIRTIO_NET_F_CSUM, not modelled";
  EXPECT_FALSE(rig.Negotiate(VIRTIO_F_RING_PACKED));
  EXPECT_FALSE(rig.Negotiate(VIRTIO_F_ANY_LAYOUT)) << "of the legacy interface alone";
  EXPECT_FALSE(rig.Negotiate(VIRTIO_NET_F_MQ)) << "needs VIRTIO_NET_F_CTRL_VQ";
  EXPECT_TRUE(rig.Negotiate(VIRTIO_NET_F_MQ | VIRTIO_NET_F_CTRL_VQ));
  EXPECT_TRUE(rig.Negotiate(VIRTIO_F_ACCESS_PLATFORM));
  EXPECT_TRUE(rig.Negotiate());
  rig.SetStatus(0);
  rig.SetStatus(kAcknowledge | kDriver | kFeaturesOk);
  EXPECT_EQ(rig.Status() & kFeaturesOk, 0) << "without VIRTIO_F_VERSION_1";
}

TEST(Status, LegacyTakesNoMoreThanItOffers) {
  Rig rig(Mode::kLegacy);
  rig.SetFeatures(0xFFFFFFFF);
  EXPECT_EQ(rig.Read(0, kLegacyDriverFeatures, 4), rig.OfferedFeatures());
  EXPECT_EQ(rig.host.log().size(), 1u);
}

TEST(Status, BitsCannotBeCleared) {
  Rig rig;
  rig.SetStatus(kAcknowledge | kDriver);
  rig.SetStatus(kDriver);
  EXPECT_EQ(rig.Status(), kAcknowledge | kDriver);
  EXPECT_EQ(rig.host.log().size(), 1u);
  rig.SetStatus(kNeedsReset | kAcknowledge);
  EXPECT_EQ(rig.Status() & kNeedsReset, 0) << "that is the device's";
}

TEST(Status, DriverOkWithoutFeaturesOk) {
  Rig rig;
  rig.SetStatus(kAcknowledge | kDriver | kDriverOk);
  EXPECT_NE(rig.Status() & kNeedsReset, 0);
}

TEST(Status, FeaturesChangedInUse) {
  for (const Mode mode : {Mode::kLegacy, Mode::kModern, Mode::kPacked}) {
    Rig rig(mode);
    ASSERT_TRUE(rig.Negotiate(VIRTIO_NET_F_MAC));
    const auto tx = rig.Enable(1);
    rig.DriverOk();
    rig.SetFeatures(VIRTIO_NET_F_STATUS);
    ASSERT_EQ(rig.host.log().size(), 1u);
    EXPECT_NE(rig.host.log()[0].find("features were changed"), std::string::npos);
    EXPECT_EQ((rig.Status() & kNeedsReset) != 0, mode != Mode::kLegacy);
    rig.PutFrame(*tx, 0, MakeFrame(60));
    rig.Kick(1);
    EXPECT_TRUE(rig.partner.frames.empty()) << "it has stopped";
    ASSERT_TRUE(rig.Negotiate());
    EXPECT_EQ(rig.Status() & kNeedsReset, 0) << "until it is reset";
  }
}

TEST(Status, AResetForgetsEverything) {
  Rig rig;
  ASSERT_TRUE(rig.Negotiate(VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_MQ));
  const auto tx = rig.Enable(1, 64, 3);
  rig.SetCommon(kConfigVector, 2, 1);
  rig.DriverOk();
  rig.SetStatus(0);
  rig.SetCommon(kQueueSelect, 2, 1);
  EXPECT_EQ(rig.Common(kQueueSize, 2), 256u);
  EXPECT_EQ(rig.Common(kQueueVector, 2), 0xFFFFu);
  EXPECT_EQ(rig.Common(kQueueEnable, 2), 0u);
  for (std::uint32_t offset = kQueueDesc; offset < 56; offset += 4) {
    EXPECT_EQ(rig.Common(offset, 4), 0u) << offset;
  }
  EXPECT_EQ(rig.Common(kConfigVector, 2), 0xFFFFu);
  rig.SetCommon(kDriverFeatureSelect, 4, 0);
  EXPECT_EQ(rig.Common(kDriverFeature, 4), 0u);
}

TEST(Card, RefusesWhatNoDeviceHas) {
  InProcessHost host({});
  EXPECT_THROW(NetCard({.ports = 0}, host), std::invalid_argument);
  EXPECT_THROW(NetCard({.ports = 3}, host), std::invalid_argument);
  EXPECT_THROW(NetCard({.queue_pairs = 0}, host), std::invalid_argument);
  EXPECT_THROW(NetCard({.queue_pairs = 17}, host), std::invalid_argument);
  EXPECT_THROW(NetCard({.queue_size = 100}, host), std::invalid_argument);
  EXPECT_THROW(NetCard({.queue_size = 2048}, host), std::invalid_argument);
}

}  // namespace
}  // namespace ixylab::emulator::virtio_net
