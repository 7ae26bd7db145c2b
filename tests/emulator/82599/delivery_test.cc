// How an interrupt leaves the port: INTA#, MSI or MSI-X, as the configuration space says.
#include <gtest/gtest.h>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr unsigned kConfig = NicFunction::kConfigSpace;
constexpr std::uint32_t kCommand = 0x04, kPciStatus = 0x06, kMsiControl = 0x52, kMsiMask = 0x60,
                        kMsiPending = 0x64, kMsixControl = 0x72;
constexpr std::uint32_t kEnabled = 7, kIntxDisable = 1u << 10;  // command: I/O, memory, bus master
constexpr std::uint32_t kLsc = 1u << 20, kTcpTimer = 1u << 30;
constexpr std::uint32_t kMultiple = 1u << 4, kEimen = 1u << 6, kEiame = 1u << 30,
                        kPbaSupport = 1u << 31;  // GPIE

class Delivery : public testing::Test {
 protected:
  std::uint32_t Config(std::uint32_t offset, unsigned bytes) {
    return rig_.host.Read(0, kConfig, offset, bytes);
  }
  void SetConfig(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
    rig_.host.Write(0, kConfig, offset, bytes, value);
  }
  /// INTA# is asserted, or a message has come.
  bool Raised(unsigned vector = 0, unsigned port = 0) {
    return rig_.host.WaitForVector(port, vector, Nanoseconds{0});
  }
  bool StatusBit() { return (Config(kPciStatus, 2) & 8) != 0; }
  std::uint32_t Pending() { return rig_.host.Read(0, 4, 0x2000, 4); }
  void MaskVector(unsigned vector, bool masked) {
    rig_.host.Write(0, 4, 16 * vector + 12, 4, masked);
  }

  Rig rig_;
};

TEST_F(Delivery, IntxIsALevelUntilEicrIsRead) {
  rig_.Write(kEims, 0xF);
  EXPECT_FALSE(Raised());
  rig_.Write(kEics, 1);
  EXPECT_TRUE(Raised());
  EXPECT_TRUE(Raised()) << "still";
  EXPECT_TRUE(StatusBit());
  EXPECT_EQ(rig_.Read(kEicr), 1u);
  EXPECT_FALSE(Raised());
  EXPECT_FALSE(StatusBit());
}

TEST_F(Delivery, IntxFollowsTheMask) {
  rig_.Write(kEics, 1u << 3 | kLsc);
  EXPECT_FALSE(Raised());
  rig_.Write(kEims, 1u << 3 | kLsc);
  EXPECT_TRUE(Raised());
  rig_.Write(kEimc, 1u << 3);
  EXPECT_TRUE(Raised()) << "LSC is left";
  rig_.Write(kEimc, kLsc);
  EXPECT_FALSE(Raised());
  EXPECT_FALSE(StatusBit());
  rig_.Write(kEims, 1u << 3);
  EXPECT_TRUE(Raised()) << "the cause is still set";
  rig_.Write(kEicr, 1u << 3);
  EXPECT_FALSE(Raised());
}

TEST_F(Delivery, InterruptDisableHidesIntxButNotTheStatus) {
  SetConfig(kCommand, 2, kEnabled | kIntxDisable);
  rig_.Write(kEims, 1);
  rig_.Write(kEics, 1);
  EXPECT_FALSE(Raised());
  EXPECT_TRUE(StatusBit());
  SetConfig(kCommand, 2, kEnabled);
  EXPECT_TRUE(Raised());
}

TEST_F(Delivery, IntxNeedsNoBusMaster) {
  SetConfig(kCommand, 2, 3);
  rig_.Write(kEims, 1);
  rig_.Write(kEics, 1);
  EXPECT_TRUE(Raised());
}

// Linux' ixgbe_intr: EIMC, a read of EICR that masks by EIAM, work, EIMS.
TEST_F(Delivery, AReadOfEicrMasksWhatEiamNames) {
  rig_.Write(kEiam, 0xFFFF);
  rig_.Write(kEims, 0xFFFF | kLsc);
  rig_.Write(kEics, 1);
  EXPECT_EQ(rig_.Read(kEicr), 1u);
  EXPECT_EQ(rig_.Read(kEims), kLsc) << "all of EIAM, not only the cause that was set";
  rig_.Write(kEics, 2);
  EXPECT_FALSE(Raised());
  rig_.Write(kEims, 0xFFFF);
  EXPECT_TRUE(Raised());
  rig_.Write(kEicr, 2);
  EXPECT_EQ(rig_.Read(kEims), 0xFFFDu | kLsc) << "a write masks what it clears";
}

TEST_F(Delivery, AThrottledIntxComesLateAndStays) {
  rig_.Write(kEitr, 50u << 3);  // 100 us
  rig_.Write(kEims, 1);
  rig_.Write(kEics, 1);
  EXPECT_TRUE(Raised());
  rig_.Read(kEicr);
  rig_.Write(kEics, 1);
  EXPECT_FALSE(Raised());
  EXPECT_FALSE(StatusBit());
  rig_.host.Sleep(microseconds(105));
  EXPECT_TRUE(Raised());
  EXPECT_TRUE(StatusBit());
  rig_.host.Sleep(milliseconds(1));
  EXPECT_TRUE(Raised());
  rig_.Read(kEicr);
  EXPECT_FALSE(Raised());
}

TEST_F(Delivery, IntxOfTwoPorts) {
  rig_.Write(kEims, 1);
  rig_.Write(kEics, 1);
  EXPECT_TRUE(Raised(0, 0));
  EXPECT_FALSE(Raised(0, 1));
}

TEST_F(Delivery, AResetTakesIntxAway) {
  rig_.Write(kEims, 1);
  rig_.Write(kEics, 1);
  EXPECT_TRUE(Raised());
  rig_.Write(kCtrl, 1u << 26);
  EXPECT_FALSE(Raised());
  EXPECT_FALSE(StatusBit());
}

TEST_F(Delivery, MsiIsOneMessageForAllCauses) {
  SetConfig(kMsiControl, 2, 1);
  rig_.Write(kEims, 0xFFFF | kLsc);
  rig_.Write(kEics, 1u << 5);
  EXPECT_TRUE(Raised());
  EXPECT_FALSE(Raised()) << "a message, no level";
  EXPECT_FALSE(StatusBit());
  rig_.Write(kEics, kLsc);
  EXPECT_TRUE(Raised()) << "another cause";
  rig_.Write(kEics, kLsc);
  EXPECT_FALSE(Raised()) << "which is set already";
  rig_.Read(kEicr);
  rig_.Write(kEics, kLsc);
  EXPECT_TRUE(Raised());
}

TEST_F(Delivery, AMaskedMsiWaits) {
  SetConfig(kMsiControl, 2, 1);
  SetConfig(kMsiMask, 4, 1);
  rig_.Write(kEims, 1);
  rig_.Write(kEics, 1);
  EXPECT_FALSE(Raised());
  EXPECT_EQ(Config(kMsiPending, 4), 1u);
  SetConfig(kMsiMask, 4, 0);
  EXPECT_TRUE(Raised());
  EXPECT_EQ(Config(kMsiPending, 4), 0u);
  EXPECT_FALSE(Raised());
}

TEST_F(Delivery, TheConfigurationSpaceChoosesNotGpie) {
  rig_.Write(kGpie, kMultiple);
  rig_.Write(kEims, 1u << 3);
  rig_.Write(kEics, 1u << 3);
  EXPECT_FALSE(Raised(3)) << "MSI-X is off";
  EXPECT_TRUE(Raised(0));
  EXPECT_TRUE(StatusBit());
  rig_.EnableMsix();
  EXPECT_TRUE(Raised(3)) << "what is set is sent";
  EXPECT_FALSE(Raised(0)) << "INTA# is released";
  EXPECT_FALSE(StatusBit());
}

TEST_F(Delivery, OneMsixVectorWithoutMultiple) {
  rig_.EnableMsix();
  rig_.Write(kEims, 1u << 3);
  rig_.Write(kEics, 1u << 3);
  EXPECT_TRUE(Raised(0));
  EXPECT_FALSE(Raised(3));
}

// Auto-clear and auto-mask go with the message, which the table holds back.
TEST_F(Delivery, AVectorThatIsMaskedInTheTablePends) {
  rig_.EnableMsix();
  MaskVector(3, true);
  rig_.Write(kGpie, kMultiple | kEiame);
  rig_.Write(kEiac, 1u << 3);
  rig_.Write(kEiam, 1u << 3);
  rig_.Write(kEims, 1u << 3);
  rig_.Write(kEics, 1u << 3);
  EXPECT_FALSE(Raised(3));
  EXPECT_EQ(Pending(), 1u << 3);
  EXPECT_EQ(rig_.Read(kEics), 1u << 3);
  EXPECT_EQ(rig_.Read(kEims), 1u << 3);
  MaskVector(3, false);
  EXPECT_TRUE(Raised(3));
  EXPECT_EQ(Pending(), 0u);
  EXPECT_EQ(rig_.Read(kEics), 0u);
  EXPECT_EQ(rig_.Read(kEims), 0u);
}

TEST_F(Delivery, PendingBitsAreForgottenByPbaclAndByEimcWithPbaSupport) {
  rig_.EnableMsix();
  SetConfig(kMsixControl, 2, 0xC000);  // function mask
  rig_.Write(kGpie, kMultiple);
  rig_.Write(kEims, 1u << 3 | 1u << 4);
  rig_.Write(kEics, 1u << 3 | 1u << 4);
  EXPECT_EQ(Pending(), 1u << 3 | 1u << 4);
  rig_.Write(0x110C0, 1u << 3);
  EXPECT_EQ(Pending(), 1u << 4);
  rig_.Write(kEimc, 1u << 4);
  EXPECT_EQ(Pending(), 1u << 4) << "only with GPIE.PBA_SUPPORT";
  rig_.Write(kGpie, kMultiple | kPbaSupport);
  rig_.Write(kEimc, 1u << 4);
  EXPECT_EQ(Pending(), 0u);
  SetConfig(kMsixControl, 2, 0x8000);
  EXPECT_FALSE(Raised(4));
  rig_.Write(kEims, 1u << 4);
  EXPECT_TRUE(Raised(4)) << "its cause is still set";
}

TEST_F(Delivery, MessagesWaitForBusMastering) {
  rig_.EnableMsix();
  rig_.Write(kGpie, kMultiple);
  SetConfig(kCommand, 2, 2);
  rig_.Write(kEims, 1u << 3);
  rig_.Write(kEics, 1u << 3);
  EXPECT_FALSE(Raised(3));
  SetConfig(kCommand, 2, 6);
  EXPECT_TRUE(Raised(3));
}

TEST_F(Delivery, TheTcpTimerHasAVectorOfItsOwn) {
  rig_.EnableMsix();
  rig_.Write(kGpie, kMultiple);
  rig_.Write(kIvarMisc, 0x8586);  // TCP timer: 6, others: 5
  rig_.Write(kEiac, kTcpTimer);
  rig_.Write(kEims, kTcpTimer | kLsc);
  rig_.Write(kEics, kTcpTimer);
  EXPECT_TRUE(Raised(6));
  EXPECT_FALSE(Raised(5));
  EXPECT_EQ(rig_.Read(kEics), 0u) << "EIAC";
  rig_.Write(kEics, kTcpTimer | kLsc);
  EXPECT_TRUE(Raised(6));
  EXPECT_TRUE(Raised(5));
  EXPECT_EQ(rig_.Read(kEicr), kLsc);
}

TEST_F(Delivery, AMessageOfOtherCausesLeavesAMaskedQueueAlone) {
  rig_.EnableMsix();
  rig_.Write(kGpie, kMultiple);
  rig_.Write(kIvarMisc, 0x8100);
  rig_.Write(kEiac, 1u << 1);
  rig_.Write(kEims, kLsc);
  rig_.Write(kEics, 1u << 1 | kLsc);
  EXPECT_TRUE(Raised(1));
  EXPECT_EQ(rig_.Read(kEics), 1u << 1 | kLsc);
}

TEST_F(Delivery, EitrThrottlesUnlessItsCounterIsWritten) {
  constexpr std::uint32_t kInterval = 50u << 3, kCntWdis = 1u << 31;
  rig_.EnableMsix();
  rig_.Write(kGpie, kMultiple);
  rig_.Write(kEitr + 4 * 3, kInterval);
  rig_.Write(kEims, 1u << 3);
  const auto raise = [&] {
    rig_.Write(kEicr, 1u << 3);
    rig_.Write(kEics, 1u << 3);
    return Raised(3);
  };
  EXPECT_TRUE(raise());
  rig_.Write(kEitr + 4 * 3, kInterval | kCntWdis);
  EXPECT_FALSE(raise()) << "the interval goes on";
  rig_.Write(kEicr, 1u << 3);
  rig_.Write(kEitr + 4 * 3, kInterval);
  EXPECT_TRUE(raise()) << "the counter was set to 0";
}

TEST_F(Delivery, EimenLetsSoftwareRaiseAtOnce) {
  rig_.EnableMsix();
  rig_.Write(kGpie, kMultiple | kEimen);
  rig_.Write(kEitr + 4 * 3, 50u << 3);
  rig_.Write(kEims, 1u << 3);
  for (int i = 0; i < 2; ++i) {
    rig_.Write(kEics, 1u << 3);
    EXPECT_TRUE(Raised(3));
    rig_.Write(kEicr, 1u << 3);
  }
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
