// The PCI transport (virtio 1.2, 4.1): identity, capabilities, both interfaces and the window in
// the configuration space.
#include <gtest/gtest.h>

#include <map>

#include "tests/emulator/virtio_net/rig.h"

namespace ixylab::emulator::virtio_net {
namespace {

/// Offsets of the virtio capabilities, by their type.
std::map<std::uint32_t, std::uint32_t> VirtioCapabilities(Rig& rig) {
  std::map<std::uint32_t, std::uint32_t> found;
  for (std::uint32_t at = rig.Read(kConfigSpace, 0x34, 1); at != 0;
       at = rig.Read(kConfigSpace, at + 1, 1)) {
    if (rig.Read(kConfigSpace, at, 1) == 0x09) found[rig.Read(kConfigSpace, at + 3, 1)] = at;
  }
  return found;
}

TEST(Transport, Identity) {
  Rig legacy(Mode::kLegacy, {.interface = Interface::kLegacy});
  Rig transitional(Mode::kModern);
  Rig modern(Mode::kModern, {.interface = Interface::kModern});
  for (Rig* rig : {&legacy, &transitional}) {
    EXPECT_EQ(rig->Read(kConfigSpace, 0, 4), 0x10001AF4u);
    EXPECT_EQ(rig->Read(kConfigSpace, 8, 1), 0u) << "4.1.2.3: revision 0";
    EXPECT_EQ(rig->Read(kConfigSpace, 0x2E, 2), 1u) << "4.1.2.3: the virtio device id";
    EXPECT_EQ(rig->Read(kConfigSpace, 0x10, 4) & 1, 1u) << "BAR 0: I/O";
  }
  EXPECT_EQ(modern.Read(kConfigSpace, 0, 4), 0x10411AF4u);
  EXPECT_EQ(modern.Read(kConfigSpace, 8, 1), 1u);
  EXPECT_GE(modern.Read(kConfigSpace, 0x2E, 2), 0x40u);
  EXPECT_EQ(modern.Read(kConfigSpace, 0x10, 4), 0u) << "no BAR 0";
  EXPECT_TRUE(VirtioCapabilities(legacy).empty());
  for (Rig* rig : {&transitional, &modern}) {
    EXPECT_EQ(rig->Read(kConfigSpace, 0x20, 4) & 7, 4u) << "BAR 4: 64-bit memory";
    EXPECT_EQ(VirtioCapabilities(*rig).size(), 5u);
  }
}

TEST(Transport, CapabilitiesLeadToTheStructures) {
  Rig rig;
  const auto capabilities = VirtioCapabilities(rig);
  const auto field = [&](std::uint32_t type, std::uint32_t offset, unsigned bytes) {
    return rig.Read(kConfigSpace, capabilities.at(type) + offset, bytes);
  };
  for (const std::uint32_t type : {1u, 2u, 3u, 4u}) {
    EXPECT_EQ(field(type, 2, 1), type == 2 ? 20u : 16u) << "cap_len of type " << type;
    EXPECT_EQ(field(type, 4, 1), 4u) << "BAR";
    EXPECT_LE(field(type, 8, 4) + field(type, 12, 4), 0x4000u) << "inside the BAR";
  }
  EXPECT_EQ(field(1, 8, 4), 0x0000u);
  EXPECT_EQ(field(2, 8, 4), kNotify);
  EXPECT_EQ(field(3, 8, 4), kIsr);
  EXPECT_EQ(field(4, 8, 4), kDevice);
  const std::uint32_t multiplier = field(2, 16, 4);
  EXPECT_EQ(multiplier, 4u);
  EXPECT_GE(field(2, 12, 4), 32 * multiplier + 2) << "4.1.4.4.1: for all queues";
  EXPECT_EQ(field(5, 2, 1), 20u);
}

// 4.1.4.9: VIRTIO_PCI_CAP_PCI_CFG
TEST(Transport, TheWindowInTheConfigurationSpace) {
  Rig rig;
  const std::uint32_t at = VirtioCapabilities(rig).at(5);
  const auto access = [&](std::uint32_t bar, std::uint32_t offset, std::uint32_t length) {
    rig.Write(kConfigSpace, at + 4, 1, bar);
    rig.Write(kConfigSpace, at + 8, 4, offset);
    rig.Write(kConfigSpace, at + 12, 4, length);
  };
  const auto window_read = [&](std::uint32_t bar, std::uint32_t offset, std::uint32_t length) {
    access(bar, offset, length);
    return rig.Read(kConfigSpace, at + 16, length);
  };
  const auto window_write = [&](std::uint32_t bar, std::uint32_t offset, std::uint32_t length,
                                std::uint32_t value) {
    access(bar, offset, length);
    rig.Write(kConfigSpace, at + 16, length, value);
  };
  EXPECT_EQ(window_read(4, kNumQueues, 2), 33u);
  EXPECT_EQ(window_read(4, kDevice, 4), 0x12005452u) << "the MAC address";
  window_write(4, kDeviceStatus, 1, kAcknowledge);
  EXPECT_EQ(rig.Status(), kAcknowledge);
  window_write(4, kDriverFeature, 4, VIRTIO_NET_F_MAC);
  EXPECT_EQ(window_read(0, kLegacyDriverFeatures, 4), VIRTIO_NET_F_MAC) << "BAR 0 as well";

  window_write(4, kDeviceStatus, 3, 0);
  window_write(4, kDeviceStatus + 1, 2, 0);
  window_write(9, 0, 4, 0);
  EXPECT_EQ(rig.Status(), kAcknowledge) << "bad lengths, places and BARs do nothing";
}

TEST(Transport, AFrameByTheWindowAlone) {
  Rig rig;
  ASSERT_TRUE(rig.Negotiate());
  const auto tx = rig.Enable(1);
  rig.DriverOk();
  rig.PutFrame(*tx, 0, MakeFrame(60));
  const std::uint32_t at = VirtioCapabilities(rig).at(5);
  rig.Write(kConfigSpace, at + 4, 1, 4);
  rig.Write(kConfigSpace, at + 8, 4, kNotify + 4);
  rig.Write(kConfigSpace, at + 12, 4, 2);
  rig.Write(kConfigSpace, at + 16, 2, 1);
  EXPECT_EQ(rig.partner.frames.size(), 1u);
}

TEST(Transport, Queues) {
  Rig rig;
  EXPECT_EQ(rig.Common(kNumQueues, 2), 33u);
  const auto size = [&](std::uint16_t queue) {
    rig.SetCommon(kQueueSelect, 2, queue);
    return rig.Common(kQueueSize, 2);
  };
  // 5.1.2: without VIRTIO_NET_F_MQ there is one pair, and the control queue is the third one.
  ASSERT_TRUE(rig.Negotiate(VIRTIO_NET_F_CTRL_VQ));
  EXPECT_EQ(size(0), 256u);
  EXPECT_EQ(size(2), 256u);
  EXPECT_EQ(size(3), 0u);
  EXPECT_EQ(size(32), 0u);
  ASSERT_TRUE(rig.Negotiate(VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_MQ));
  EXPECT_EQ(size(31), 256u);
  EXPECT_EQ(rig.Common(kQueueNotifyOff, 2), 31u);
  EXPECT_EQ(size(32), 256u);
  EXPECT_EQ(size(33), 0u);
  EXPECT_EQ(size(0xFFFF), 0u);
  ASSERT_TRUE(rig.Negotiate());
  EXPECT_EQ(size(1), 256u);
  EXPECT_EQ(size(2), 0u) << "no control queue";
}

TEST(Transport, QueueRegistersRememberWhatWasWritten) {
  Rig rig;
  ASSERT_TRUE(rig.Negotiate());
  for (const std::uint16_t queue : {0, 1}) {
    rig.SetCommon(kQueueSelect, 2, queue);
    for (std::uint32_t offset = kQueueDesc; offset < 56; offset += 4) {
      rig.SetCommon(offset, 4, 0x10000 * queue + offset);
    }
    rig.SetCommon(kQueueSize, 2, 64u << queue);
    rig.SetCommon(kQueueVector, 2, queue + 1u);
  }
  for (const std::uint16_t queue : {0, 1}) {
    rig.SetCommon(kQueueSelect, 2, queue);
    for (std::uint32_t offset = kQueueDesc; offset < 56; offset += 4) {
      EXPECT_EQ(rig.Common(offset, 4), 0x10000 * queue + offset);
    }
    EXPECT_EQ(rig.Common(kQueueSize, 2), 64u << queue);
    EXPECT_EQ(rig.Common(kQueueVector, 2), queue + 1u);
  }
  rig.SetCommon(kQueueVector, 2, 34);
  EXPECT_EQ(rig.Common(kQueueVector, 2), 0xFFFFu) << "4.1.5.1.2.1: no such vector";
  rig.SetCommon(kConfigVector, 2, 33);
  EXPECT_EQ(rig.Common(kConfigVector, 2), 33u);
}

TEST(Transport, LegacyRegisters) {
  Rig rig(Mode::kLegacy);
  EXPECT_EQ(rig.Read(0, kLegacyQueueSize, 2), 256u);
  rig.Write(0, kLegacyQueueSize, 2, 64);
  EXPECT_EQ(rig.Read(0, kLegacyQueueSize, 2), 256u) << "4.1.5.1.3.1: no way to negotiate it";
  rig.Write(0, kLegacyQueueSelect, 2, 1);
  rig.Write(0, kLegacyQueueAddress, 4, 0x12345);
  EXPECT_EQ(rig.Read(0, kLegacyQueueAddress, 4), 0x12345u);
  rig.Write(0, kLegacyQueueAddress, 4, 0);
  EXPECT_EQ(rig.Read(0, kLegacyQueueAddress, 4), 0u);
  rig.Write(0, kLegacyQueueSelect, 2, 40);
  EXPECT_EQ(rig.Read(0, kLegacyQueueSize, 2), 0u);
}

// 4.1.4.10: "once you enable MSI-X on the device, the other fields move".
TEST(Transport, LegacyConfigurationMovesWithMsix) {
  Rig rig(Mode::kLegacy);
  EXPECT_EQ(rig.Read(0, 20, 4), 0x12005452u);
  EXPECT_EQ(rig.Read(0, 20, 1), 0x52u) << "any width";
  EXPECT_EQ(rig.Read(0, 24, 2), 0x5634u);
  rig.EnableMsix();
  EXPECT_EQ(rig.Read(0, 24, 4), 0x12005452u);
  EXPECT_EQ(rig.Read(0, 20, 2), 0xFFFFu);
  rig.Write(0, 20, 2, 3);
  EXPECT_EQ(rig.Read(0, 20, 2), 3u);
  rig.Write(0, 22, 2, 1);
  EXPECT_EQ(rig.Read(0, 22, 2), 1u);
}

TEST(Transport, AccessesThatNobodyAnswers) {
  Rig legacy(Mode::kLegacy, {.interface = Interface::kLegacy});
  EXPECT_EQ(legacy.Read(4, 0, 4), 0xFFFFFFFFu);
  Rig modern(Mode::kModern, {.interface = Interface::kModern});
  EXPECT_EQ(modern.Read(0, 18, 1), 0xFFu);
  Rig off;
  off.Write(kConfigSpace, 4, 2, 0);
  EXPECT_EQ(off.Common(kNumQueues, 2), 0xFFFFu) << "memory space is off";
  EXPECT_EQ(off.Read(0, 18, 1), 0xFFu) << "I/O space is off";
  EXPECT_EQ(off.card.unknown_accesses(), 2u);
}

// 4.1.3.1: the width of the field, and no other.
TEST(Transport, AccessesOfTheWrongWidth) {
  Rig rig;
  rig.SetCommon(kDeviceStatus, 4, kAcknowledge);
  EXPECT_EQ(rig.Status(), 0u);
  EXPECT_EQ(rig.Common(kNumQueues, 1), 0u);
  EXPECT_EQ(rig.Common(kQueueDesc + 2, 2), 0u);
  EXPECT_EQ(rig.card.unknown_accesses(), 3u);
  EXPECT_EQ(rig.host.log().size(), 3u);
}

TEST(Transport, FunctionReset) {
  Rig rig;
  rig.EnableMsix();
  rig.Write(kConfigSpace, 0x20, 4, 0xFEB00000);
  ASSERT_TRUE(rig.Negotiate());
  auto tx = rig.Enable(1, 64, 2);
  rig.DriverOk();
  rig.card.function(0).ResetFunction();
  EXPECT_EQ(rig.Read(kConfigSpace, 0x04, 2), 0u) << "command";
  EXPECT_EQ(rig.Read(kConfigSpace, 0x20, 4), 4u) << "BAR 4";
  const std::uint32_t msix = rig.Read(kConfigSpace, 0x34, 1);
  ASSERT_EQ(rig.Read(kConfigSpace, msix, 1), 0x11u);
  EXPECT_EQ(rig.Read(kConfigSpace, msix + 2, 2) & 0xC000, 0u) << "MSI-X is off";
  rig.Write(kConfigSpace, 0x04, 2, 7);
  EXPECT_EQ(rig.Status(), 0u);
  EXPECT_EQ(rig.Read(1, 0x0C, 4), 1u) << "vector 0 is masked";
  rig.PutFrame(*tx, 0, MakeFrame(60));
  rig.Kick(1);
  EXPECT_TRUE(rig.partner.frames.empty());
}

// VIRTIO_F_RING_RESET (2.6.1)
TEST(Transport, QueueReset) {
  Rig rig;
  ASSERT_TRUE(rig.Negotiate(VIRTIO_F_RING_RESET));
  auto tx = rig.Enable(1, 64);
  rig.DriverOk();
  rig.SetCommon(kQueueSelect, 2, 1);
  rig.SetCommon(kQueueReset, 2, 1);
  EXPECT_EQ(rig.Common(kQueueReset, 2), 0u);
  EXPECT_EQ(rig.Common(kQueueEnable, 2), 0u);
  rig.PutFrame(*tx, 0, MakeFrame(60));
  rig.Kick(1);
  EXPECT_TRUE(rig.partner.frames.empty());
  tx = rig.Enable(1, 128);
  rig.PutFrame(*tx, 0, MakeFrame(60));
  rig.Kick(1);
  EXPECT_EQ(rig.partner.frames.size(), 1u);

  ASSERT_TRUE(rig.Negotiate());
  tx = rig.Enable(1);
  rig.SetCommon(kQueueReset, 2, 1);
  EXPECT_EQ(rig.Common(kQueueEnable, 2), 1u) << "not negotiated";
}

}  // namespace
}  // namespace ixylab::emulator::virtio_net
