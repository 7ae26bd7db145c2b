#include <gtest/gtest.h>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

TEST(Reset, FirstAccessFindsAChipThatIsReady) {
  Rig rig;
  EXPECT_EQ(rig.Read(kCtrl) & 1u << 26, 0u);
  EXPECT_NE(rig.Read(kEec) & 1u << 9, 0u);
  EXPECT_NE(rig.Read(kRdrxctl) & 1u << 3, 0u);
}

TEST(Reset, ClearsItself) {
  Rig rig;
  rig.host.Sleep(milliseconds(10));
  rig.Write(kCtrl, 1u << 26);
  EXPECT_NE(rig.Read(kCtrl) & 1u << 26, 0u);
  // Linux gives up after 10 us.
  EXPECT_TRUE(rig.Until([&] { return (rig.Read(kCtrl) & 1u << 26) == 0; }, microseconds(10)));
}

TEST(Reset, EepromAndDmaAreReadyAShortTimeLater) {
  Rig rig;
  rig.host.Sleep(milliseconds(10));
  rig.Write(kCtrl, 1u << 26);
  EXPECT_EQ(rig.Read(kEec) & 1u << 9, 0u);
  EXPECT_EQ(rig.Read(kRdrxctl) & 1u << 3, 0u);
  rig.host.Sleep(milliseconds(10));
  EXPECT_NE(rig.Read(kEec) & 1u << 9, 0u);
  EXPECT_NE(rig.Read(kRdrxctl) & 1u << 3, 0u);
}

TEST(Reset, RegistersReturnToTheirResetValues) {
  Rig rig;
  rig.Write(kHlreg0, 0);
  rig.Write(kFctrl, 0x700);
  rig.Write(kRal, 0x11111111);
  rig.Write(kRah, 0x2222);
  rig.Write(kRal + 8, 0x33333333);
  rig.Write(kRah + 8, 0x80004444);
  rig.Reset();
  EXPECT_EQ(rig.Read(kHlreg0), 0x08012C0Bu);
  EXPECT_EQ(rig.Read(kFctrl), 0u);
  EXPECT_EQ(rig.Read(kRal), 0x00211B02u);  // from the EEPROM: 02:1B:21:00:00:00
  EXPECT_EQ(rig.Read(kRah), 0x80000000u);
  EXPECT_EQ(rig.Read(kRal + 8), 0u);
  EXPECT_EQ(rig.Read(kRah + 8), 0u);
}

TEST(Reset, StopsTheQueuesAtOnce) {
  Rig rig;
  TestRing ring(rig.host, 8);
  ASSERT_TRUE(rig.WaitForLink());
  rig.StartRx(ring, 7);
  rig.StartReceiver();
  rig.Write(kCtrl, 1u << 26);
  ring.Free();
  ASSERT_TRUE(rig.WaitForLink());
  rig.Send(MakeFrame(60));
  EXPECT_EQ(rig.Read(kRxdctl) & kEnable, 0u);
  EXPECT_EQ(rig.host.fault_count(), 0u);
}

TEST(Reset, WorkOfBeforeIsForgotten) {
  Rig rig;
  rig.Write(kRxdctl, kEnable);  // takes effect 10 us later
  rig.Write(kCtrl, 1u << 26);
  rig.host.Sleep(milliseconds(1));
  EXPECT_EQ(rig.Read(kRxdctl) & kEnable, 0u);
}

TEST(Status, NamesThePortAndIgnoresWrites) {
  Rig rig;
  EXPECT_EQ(rig.host.Read32(0, kStatus) >> 2 & 3, 0u);
  EXPECT_EQ(rig.host.Read32(1, kStatus) >> 2 & 3, 1u);
  const std::uint32_t before = rig.Read(kStatus);
  rig.Write(kStatus, 0x7FFFF30F);
  EXPECT_EQ(rig.Read(kStatus), before);
}

TEST(Status, MasterDisableStopsDmaAndShows) {
  Rig rig;
  TestRing ring(rig.host, 8);
  ASSERT_TRUE(rig.WaitForLink());
  rig.StartRx(ring, 7);
  rig.StartReceiver();
  EXPECT_NE(rig.Read(kStatus) & 1u << 19, 0u);
  rig.Write(kCtrl, 1u << 2);
  ASSERT_TRUE(rig.Until([&] { return (rig.Read(kStatus) & 1u << 19) == 0; }, milliseconds(1)));
  rig.Send(MakeFrame(60));
  EXPECT_EQ(rig.Read(kRdh), 0u);
  rig.Write(kCtrl, 0);
  EXPECT_NE(rig.Read(kStatus) & 1u << 19, 0u);
  rig.Send(MakeFrame(60));
  EXPECT_EQ(rig.Read(kRdh), 1u);
}

TEST(Registers, UnknownOnesReadZeroAndAreLoggedOnce) {
  Rig rig;
  EXPECT_EQ(rig.Read(0x1FFFC), 0u);
  EXPECT_EQ(rig.Read(0x1FFFC), 0u);
  rig.Write(0x1FFFC, 1);
  EXPECT_EQ(rig.Read(0x80000000), 0u);
  EXPECT_EQ(rig.Read(0x00001), 0u);
  EXPECT_EQ(rig.chip.unknown_accesses(), 5u);
  EXPECT_EQ(rig.host.log().size(), 3u);
}

TEST(Semaphores, AReadTakesSmbiForBothPorts) {
  Rig rig;
  EXPECT_EQ(rig.host.Read32(0, kSwsm) & 1, 0u);
  EXPECT_EQ(rig.host.Read32(1, kSwsm) & 1, 1u);
  rig.host.Write32(0, kSwsm, 2);
  EXPECT_EQ(rig.host.Read32(1, kSwsm), 2u);
  rig.host.Write32(0, kSwFwSync, 5);
  EXPECT_EQ(rig.host.Read32(1, kSwFwSync), 5u);
  rig.host.Write32(1, kCtrl, 1u << 26);
  EXPECT_EQ(rig.host.Read32(0, kSwFwSync), 5u);
}

TEST(Chip, RefusesPortsThatNoChipHas) {
  InProcessHost host({});
  EXPECT_THROW(Chip({.ports = 0}, host), std::invalid_argument);
  EXPECT_THROW(Chip({.ports = 3}, host), std::invalid_argument);
  Chip one({.ports = 1, .device_id = 0x10F7}, host);
  EXPECT_EQ(one.function(0).Read(NicFunction::kConfigSpace, 0, 4), 0x10F78086u);
  EXPECT_THROW(one.function(1), std::out_of_range);
}

constexpr std::uint32_t kSmbi = 1, kSwesmbi = 2;

/// ixgbe_get_eeprom_semaphore of Linux and DPDK, without the waiting.
bool TakeEepromSemaphore(Rig& rig, unsigned port) {
  if ((rig.host.Read32(port, kSwsm) & kSmbi) != 0) return false;
  rig.host.Write32(port, kSwsm, rig.host.Read32(port, kSwsm) | kSwesmbi);
  return (rig.host.Read32(port, kSwsm) & kSwesmbi) != 0;
}
void GiveEepromSemaphore(Rig& rig, unsigned port) {
  rig.host.Write32(port, kSwsm, rig.host.Read32(port, kSwsm) & ~(kSmbi | kSwesmbi));
}
/// ixgbe_acquire_swfw_sync and ixgbe_release_swfw_sync: the firmware's bits are 5 higher.
bool Acquire(Rig& rig, unsigned port, std::uint32_t bits) {
  if (!TakeEepromSemaphore(rig, port)) return false;
  const std::uint32_t taken = rig.host.Read32(port, kSwFwSync);
  const bool free = (taken & (bits | bits << 5)) == 0;
  if (free) rig.host.Write32(port, kSwFwSync, taken | bits);
  GiveEepromSemaphore(rig, port);
  return free;
}
void Release(Rig& rig, unsigned port, std::uint32_t bits) {
  ASSERT_TRUE(TakeEepromSemaphore(rig, port));
  rig.host.Write32(port, kSwFwSync, rig.host.Read32(port, kSwFwSync) & ~bits);
  GiveEepromSemaphore(rig, port);
}

TEST(Semaphores, TwoDriversShareTheChipsResources) {
  Rig rig;
  EXPECT_TRUE(Acquire(rig, 0, 1u << 0)) << "EEPROM";
  EXPECT_TRUE(Acquire(rig, 1, 1u << 2)) << "PHY 1";
  EXPECT_FALSE(Acquire(rig, 1, 1u << 0));
  EXPECT_FALSE(Acquire(rig, 0, 1u << 2));
  Release(rig, 0, 1u << 0);
  EXPECT_TRUE(Acquire(rig, 1, 1u << 0));
  EXPECT_EQ(rig.host.Read32(0, kSwFwSync), 5u);
  Release(rig, 1, 5);
  EXPECT_EQ(rig.host.Read32(0, kSwFwSync), 0u);
}

TEST(Semaphores, TheFirmwaresBitsAreNotSoftwares) {
  Rig rig;
  rig.Write(kSwFwSync, 0xFFFFFFFF);
  EXPECT_EQ(rig.Read(kSwFwSync), 0x41Fu);
}

TEST(Semaphores, AResetOfTheFunctionGivesBackWhatItsDriverHeld) {
  Rig rig;
  ASSERT_TRUE(Acquire(rig, 0, 1u << 0));
  ASSERT_TRUE(Acquire(rig, 1, 1u << 2));
  ASSERT_TRUE(TakeEepromSemaphore(rig, 0));
  EXPECT_FALSE(TakeEepromSemaphore(rig, 1));
  rig.host.Inject([&] { rig.chip.function(0).ResetFunction(); });
  EXPECT_EQ(rig.host.Read32(1, kSwFwSync), 4u) << "the other one's stays";
  EXPECT_TRUE(TakeEepromSemaphore(rig, 1));
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
