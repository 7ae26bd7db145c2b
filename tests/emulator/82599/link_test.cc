#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

TEST(Link, ComesUpLinkUpTimeAfterTheSignal) {
  Rig rig({}, {.link_up_time = milliseconds(3)});
  EXPECT_EQ(rig.Read(kLinks) & kLinkUp, 0u);
  rig.host.Sleep(milliseconds(2));
  EXPECT_EQ(rig.Read(kLinks) & kLinkUp, 0u);
  rig.host.Sleep(milliseconds(1));
  EXPECT_EQ(rig.Read(kLinks) & 0x70000000, 0x70000000u) << "up, 10 Gbit/s";
  EXPECT_EQ(rig.Read(kLinks), 0x70000080u) << "and was so since the last read";
  EXPECT_NE(rig.Read(kStatus) & 1u << 7, 0u);
}

TEST(Link, NeedsThePartnersSignal) {
  Rig rig;
  rig.host.Inject([&] { rig.wire.SetSignal(1, false); });
  EXPECT_FALSE(rig.WaitForLink());
  rig.host.Inject([&] { rig.wire.SetSignal(1, true); });
  EXPECT_TRUE(rig.WaitForLink());
}

TEST(Link, PullingTheCableBringsItDownAndCountsAFault) {
  Rig rig;
  ASSERT_TRUE(rig.WaitForLink());
  rig.host.Inject([&] { rig.wire.SetPlugged(false); });
  EXPECT_EQ(rig.Read(kLinks) & kLinkUp, 0u);
  EXPECT_EQ(rig.Read(kMlfc), 1u);
  rig.host.Inject([&] { rig.wire.SetPlugged(true); });
  EXPECT_TRUE(rig.WaitForLink());
}

TEST(Link, ASignalThatGoesDuringTrainingStartsItOver) {
  Rig rig({}, {.link_up_time = milliseconds(5)});
  rig.host.Sleep(milliseconds(4));
  rig.host.Inject([&] { rig.wire.SetPlugged(false); });
  rig.host.Inject([&] { rig.wire.SetPlugged(true); });
  rig.host.Sleep(milliseconds(4));
  EXPECT_EQ(rig.Read(kLinks) & kLinkUp, 0u);
  rig.host.Sleep(milliseconds(1));
  EXPECT_NE(rig.Read(kLinks) & kLinkUp, 0u);
}

TEST(Link, ChangesAreAnInterruptCause) {
  Rig rig;
  ASSERT_TRUE(rig.WaitForLink());
  EXPECT_EQ(rig.Read(kEicr), 1u << 20);
  EXPECT_EQ(rig.Read(kEicr), 0u);
  rig.host.Inject([&] { rig.wire.SetPlugged(false); });
  EXPECT_EQ(rig.Read(kEicr), 1u << 20);
}

TEST(Link, RestartTakesItDownAndUpAgain) {
  Rig rig;
  ASSERT_TRUE(rig.WaitForLink());
  rig.Set(kAutoc, 1u << 12);
  EXPECT_EQ(rig.Read(kAutoc) & 1u << 12, 0u) << "clears itself";
  EXPECT_EQ(rig.Read(kLinks) & kLinkUp, 0u);
  EXPECT_TRUE(rig.WaitForLink());
}

TEST(Link, TheLaserIsWhatThePartnerSees) {
  Rig rig;
  ASSERT_TRUE(rig.WaitForLink());
  ASSERT_EQ(rig.partner.carriers, std::vector<bool>{true});
  rig.Set(kEsdp, 1u << 3);
  EXPECT_EQ(rig.partner.carriers.back(), false);
  EXPECT_EQ(rig.Read(kLinks) & kLinkUp, 0u);
  rig.Clear(kEsdp, 1u << 3);
  EXPECT_EQ(rig.partner.carriers.back(), true);
  EXPECT_TRUE(rig.WaitForLink());
}

TEST(Link, ADeviceResetKeepsTheLaserOnALinkResetDoesNot) {
  Rig rig;
  ASSERT_TRUE(rig.WaitForLink());
  rig.Write(kCtrl, 1u << 26);
  EXPECT_EQ(rig.Read(kLinks) & kLinkUp, 0u) << "the link is trained anew";
  EXPECT_TRUE(rig.WaitForLink());
  EXPECT_EQ(rig.partner.carriers, std::vector<bool>{true});
  rig.Write(kCtrl, 1u << 3);
  EXPECT_TRUE(rig.WaitForLink());
  EXPECT_EQ(rig.partner.carriers, (std::vector<bool>{true, false, true}));
}

TEST(Link, OtherModesThan10GigabitSerialHaveNone) {
  Rig rig;
  rig.Write(kAutoc, 0xC09C8004);  // LMS 4: backplane auto-negotiation
  EXPECT_FALSE(rig.WaitForLink());
  EXPECT_EQ(rig.host.log().size(), 1u);
  rig.Write(kAutoc, 0xC09C6004 | 1u << 12);
  EXPECT_TRUE(rig.WaitForLink());
}

TEST(Link, ModuleIsPresentAndNegotiationEnds) {
  Rig rig;
  EXPECT_NE(rig.Read(kEsdp) & 1u << 2, 0u);
  rig.Write(kAutoc, rig.Read(kAutoc));
  EXPECT_EQ(rig.Read(0x042B0) >> 16 & 0xF, 0u);  // ANLP1
  EXPECT_TRUE(rig.Until([&] { return (rig.Read(0x042B0) >> 16 & 0xF) != 0; }, milliseconds(40)));
}

TEST(Link, TransmitStandsStillWhileItIsDown) {
  Rig rig;
  TestRing ring(rig.host, 8);
  rig.host.Inject([&] { rig.wire.SetPlugged(false); });
  rig.StartTx(ring);
  rig.PutTx(ring, 0, MakeFrame(60));
  rig.Write(kTdt, 1);
  EXPECT_EQ(rig.Read(kTdh), 0u);
  EXPECT_EQ(ring.word(0, 1) & kTxDone, 0u);
  rig.host.Inject([&] { rig.wire.SetPlugged(true); });
  ASSERT_TRUE(rig.WaitForLink());
  EXPECT_EQ(rig.Read(kTdh), 1u);
  EXPECT_NE(ring.word(0, 1) & kTxDone, 0u);
  EXPECT_EQ(rig.partner.frames.size(), 1u);
}

TEST(Link, TwoPortsOfAChip) {
  InProcessHost host({});
  Wire wire;
  Chip chip({}, host);
  for (unsigned port : {0u, 1u}) {
    host.Plug(chip.function(port));
    chip.Connect(port, wire, port);
  }
  host.Sleep(milliseconds(5));
  EXPECT_NE(host.Read32(0, kLinks) & kLinkUp, 0u);
  EXPECT_NE(host.Read32(1, kLinks) & kLinkUp, 0u);
  host.Write32(0, kEsdp, 1u << 3);
  EXPECT_EQ(host.Read32(1, kLinks) & kLinkUp, 0u);
}

constexpr std::uint32_t kAutoc2 = 0x042A8, kAnlp1 = 0x042B0, kMsca = 0x0425C, kMsrwd = 0x04260;
constexpr std::uint32_t kLinkStatusChange = 1u << 20, kRestart = 1u << 12;

// ixgbe_reset_pipeline_82599 in Linux and DPDK: a step of 4 ms, ten times at most.
TEST(Link, ResettingThePipelineAsDriversDo) {
  Rig rig;
  ASSERT_TRUE(rig.WaitForLink());
  EXPECT_EQ(rig.Read(kAutoc2) & 0x70000000, 0u) << "the EEPROM does not disable the link";
  const std::uint32_t autoc = rig.Read(kAutoc) | kRestart;
  EXPECT_EQ(autoc >> 13 & 7, 3u);
  rig.Write(kAutoc, autoc ^ 4u << 13);
  EXPECT_EQ(rig.Read(kAutoc), (autoc ^ 4u << 13) & ~kRestart);
  EXPECT_EQ(rig.Read(kLinks) & kLinkUp, 0u);
  unsigned steps = 0;
  do {
    rig.host.Sleep(milliseconds(4));
    ++steps;
  } while ((rig.Read(kAnlp1) & 0x000F0000) == 0 && steps < 10);
  EXPECT_NE(rig.Read(kAnlp1) & 0x000F0000, 0u);
  rig.Write(kAutoc, autoc);
  EXPECT_TRUE(rig.WaitForLink());
  EXPECT_EQ(rig.Read(kAutoc), autoc & ~kRestart);
  rig.host.Sleep(milliseconds(200));
  EXPECT_EQ(rig.host.log(), std::vector<std::string>{}) << "nothing to complain about";
}

TEST(Link, EachChangeIsOneInterruptCause) {
  InProcessHost host({});
  Wire wire;
  Chip chip({}, host);
  for (unsigned port : {0u, 1u}) {
    host.Plug(chip.function(port));
    chip.Connect(port, wire, port);
  }
  const auto expect = [&](bool up, bool news) {
    for (unsigned port : {0u, 1u}) {
      EXPECT_EQ((host.Read32(port, kEicr) & kLinkStatusChange) != 0, news) << port;
      EXPECT_EQ((host.Read32(port, kLinks) & kLinkUp) != 0, up) << port;
    }
  };
  host.Sleep(milliseconds(50));
  expect(true, true);
  for (int flap = 0; flap < 3; ++flap) {
    host.Inject([&] { wire.SetPlugged(false); });
    host.Sleep(milliseconds(50));
    expect(false, true);
    host.Sleep(milliseconds(50));
    expect(false, false);
    host.Inject([&] { wire.SetPlugged(true); });
    host.Sleep(milliseconds(50));
    expect(true, true);
    host.Sleep(milliseconds(50));
    expect(true, false);
  }
}

// ixgbe_flap_tx_laser_multispeed_fiber: 100 us dark, then 100 ms.
TEST(Link, FlappingTheLaserIsSeenAtBothEnds) {
  InProcessHost host({});
  Wire wire;
  Chip chip({.modules = {SfpModule::kDualRateShortRange, SfpModule::kDualRateShortRange}}, host);
  for (unsigned port : {0u, 1u}) {
    host.Plug(chip.function(port));
    chip.Connect(port, wire, port);
  }
  host.Sleep(milliseconds(50));
  host.Write32(0, kEsdp, 1u << 5);  // SDP5 to select the module's rate: 10 Gbit/s
  host.Read32(0, kEicr);
  host.Read32(1, kEicr);
  host.Write32(0, kEsdp, host.Read32(0, kEsdp) | 1u << 3);
  host.Sleep(microseconds(100));
  for (unsigned port : {0u, 1u}) {
    EXPECT_EQ(host.Read32(port, kLinks) & kLinkUp, 0u) << port;
    EXPECT_NE(host.Read32(port, kEicr) & kLinkStatusChange, 0u) << port;
  }
  host.Write32(0, kEsdp, host.Read32(0, kEsdp) & ~(1u << 3));
  host.Sleep(milliseconds(100));
  for (unsigned port : {0u, 1u}) {
    EXPECT_NE(host.Read32(port, kLinks) & kLinkUp, 0u) << port;
    EXPECT_NE(host.Read32(port, kEicr) & kLinkStatusChange, 0u) << port;
  }
  EXPECT_NE(host.Read32(0, kEsdp) & 1u << 5, 0u);
}

// Linux's mdio45_probe and DPDK's ixgbe_probe_phy ask 32 addresses; MDICMD clears when it is done.
TEST(Mdio, CommandsEndAndNobodyAnswers) {
  Rig rig;
  const auto run = [&](std::uint32_t operation, std::uint32_t phy) {
    rig.Write(kMsca, 1u << 30 | operation << 26 | phy << 21 | 1u << 16 | 2);
    EXPECT_NE(rig.Read(kMsca) & 1u << 30, 0u);
    rig.host.Sleep(microseconds(10));
    EXPECT_EQ(rig.Read(kMsca) & 1u << 30, 0u);
  };
  for (std::uint32_t phy = 0; phy < 32; ++phy) {
    run(0, phy);  // address
    run(3, phy);  // read
    EXPECT_EQ(rig.Read(kMsrwd) >> 16, 0xFFFFu) << "pulled up";
  }
  rig.Write(kMsrwd, 0x1234);
  run(1, 0);  // write
  EXPECT_EQ(rig.Read(kMsrwd) & 0xFFFF, 0x1234u);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
