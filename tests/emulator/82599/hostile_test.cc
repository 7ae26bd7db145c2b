// Whatever is written to registers and descriptors: no crash, no endless loop, no access outside.
#include <gtest/gtest.h>

#include <random>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

class Hostile : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(rig_.WaitForLink()); }
  std::string FirstFault() const {
    const auto faults = rig_.host.faults();
    return faults.empty() ? "none" : faults[0].what;
  }

  Rig rig_;
  TestRing ring_{rig_.host, 8};
};

TEST_F(Hostile, ATailBeyondTheRingIsLoggedAndIgnored) {
  rig_.StartTx(ring_);
  rig_.StartReceiver();
  TestRing rx(rig_.host, 8);
  rig_.StartRx(rx, 200);
  rig_.PutTx(ring_, 0, MakeFrame(60));
  rig_.Write(kTdt, 8);
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(rig_.partner.frames.empty());
  EXPECT_EQ(rig_.Read(kRdh), 0u);
  EXPECT_EQ(rig_.host.log().size(), 2u);
  EXPECT_EQ(rig_.host.fault_count(), 0u);
  rig_.Write(kTdt, 1);
  EXPECT_EQ(rig_.partner.frames.size(), 1u) << "a good tail makes it go on";
}

TEST_F(Hostile, QueuesWithoutARing) {
  // ethtool's register test: enabled, no ring, and any tail.
  rig_.StartReceiver();
  rig_.Write(kSrrctl, 0x12000002);
  for (std::uint32_t queue = 0; queue < 64; ++queue) {
    rig_.Write(kRxdctl + 0x40 * queue, kEnable);
    rig_.Write(kTxdctl + 0x40 * queue, kEnable);
  }
  rig_.Set(kDmatxctl, 1);
  rig_.host.Sleep(milliseconds(1));
  for (std::uint32_t queue = 0; queue < 64; ++queue) {
    rig_.Write(kRdt + 0x40 * queue, 0xFFFF);
    rig_.Write(kTdt + 0x40 * queue, 0xFFFF);
    EXPECT_EQ(rig_.Read(kRdt + 0x40 * queue), 0xFFFFu);
  }
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.host.fault_count(), 0u);
}

TEST_F(Hostile, AnUnmappedTransmitRingIsOneFaultPerTail) {
  rig_.StartTx(ring_);
  ring_.Free();
  rig_.Write(kTdt, 5);
  EXPECT_EQ(rig_.host.fault_count(), 1u);
  EXPECT_EQ(FirstFault(), "TX queue 0 descriptor 0");
  rig_.host.Sleep(milliseconds(1));
  EXPECT_EQ(rig_.host.fault_count(), 1u);
  rig_.Write(kTdt, 6);
  EXPECT_EQ(rig_.host.fault_count(), 2u);
}

TEST_F(Hostile, AnUnmappedTransmitBufferIsAFaultAndTheQueueGoesOn) {
  rig_.StartTx(ring_);
  for (std::uint32_t i = 0; i < 3; ++i) rig_.PutTx(ring_, i, MakeFrame(60 + i));
  ring_.word(1, 0) = 0x1234;
  rig_.Write(kTdt, 3);
  EXPECT_EQ(FirstFault(), "TX queue 0 descriptor 1: buffer");
  const auto fault = rig_.host.faults().at(0);
  EXPECT_EQ(fault.iova, 0x1234u);
  EXPECT_EQ(fault.size, 61u);
  EXPECT_FALSE(fault.write);
  ASSERT_EQ(rig_.partner.frames.size(), 2u);
  EXPECT_EQ(rig_.partner.frames[1], MakeFrame(62));
  EXPECT_EQ(rig_.Read(kTdh), 3u);
}

TEST_F(Hostile, UnmappedReceiveRingAndBuffer) {
  rig_.StartReceiver();
  rig_.StartRx(ring_, 7);
  ring_.word(0, 0) = 0xFFFFFFFFFFFFFFF0;
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(FirstFault(), "RX queue 0 descriptor 0: buffer");
  EXPECT_TRUE(rig_.host.faults().at(0).write);
  EXPECT_EQ(rig_.Read(kRdh), 1u) << "a posted write: the device does not notice";
  ring_.Free();
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.host.faults().at(1).what, "RX queue 0 descriptor 1");
}

TEST_F(Hostile, BuffersThatRunOverTheEndOfAPage) {
  // The next page is not there: device addresses are never contiguous across pages.
  auto memory = rig_.host.Allocate(1);
  const std::uint64_t end = memory.pages[0] + InProcessHost::kPageSize;
  rig_.StartTx(ring_);
  rig_.PutTx(ring_, 0, MakeFrame(100));
  ring_.word(0, 0) = end - 99;
  rig_.PutTx(ring_, 1, MakeFrame(100));
  ring_.word(1, 0) = end - 100;
  rig_.Write(kTdt, 2);
  EXPECT_EQ(rig_.host.fault_count(), 1u);
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
}

TEST_F(Hostile, ARingThatLiesAcrossPages) {
  auto memory = rig_.host.Allocate(1);
  const std::uint64_t base =
      memory.pages[0] + InProcessHost::kPageSize - 128;  // 8 of 16 descriptors
  rig_.Write(kTdbal, static_cast<std::uint32_t>(base));
  rig_.Write(kTdbah, static_cast<std::uint32_t>(base >> 32));
  rig_.Write(kTdlen, 256);
  rig_.Write(kDmatxctl, 1);
  rig_.Write(kTxdctl, kEnable);
  rig_.host.Sleep(milliseconds(1));
  rig_.Write(kTdt, 15);
  EXPECT_EQ(FirstFault(), "TX queue 0 descriptor 8");
  EXPECT_EQ(rig_.Read(kTdh), 8u);
}

TEST_F(Hostile, HeadsBeyondTheRing) {
  rig_.StartTx(ring_);
  rig_.StartReceiver();
  TestRing rx(rig_.host, 8);
  rig_.StartRx(rx, 7);
  rig_.Write(kTdh, 0xFFFF);
  rig_.Write(kRdh, 0xFFFF);
  rig_.Write(kTdt, 3);
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.host.fault_count(), 0u);
  EXPECT_TRUE(rig_.partner.frames.empty());
}

TEST_F(Hostile, AMemoryThatIsFreedUnderTheReceiver) {
  rig_.StartReceiver();
  rig_.StartRx(ring_, 7);
  rig_.Send(MakeFrame(60));
  ASSERT_EQ(rig_.Read(kRdh), 1u);
  ring_.Free();
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.host.fault_count(), 1u) << "an unmap counts at once";
}

// Not a fuzzer, which has a harness of its own, but a steady eye on the same promise.
TEST(HostileRegisters, AnyValueAnywhere) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Rig rig({.seed = seed});
    ASSERT_TRUE(rig.WaitForLink());
    TestRing ring(rig.host, 64);
    for (std::uint32_t i = 0; i < 64; ++i) {
      ring.word(i, 0) = random() % 4 == 0 ? random() : ring.buffer_iova(random() % 64);
      ring.word(i, 1) = random() % 2 == 0 ? random() : 0x2B300000 | random() % 2048;
    }
    const auto rows = AllRegisters();
    for (int step = 0; step < 20'000; ++step) {
      const RegisterInfo& row = *rows[random() % rows.size()];
      const std::uint32_t offset = row.offset + random() % row.count * row.stride;
      std::uint32_t value = static_cast<std::uint32_t>(random());
      if (row.name == "CTRL" && random() % 16 != 0) value &= ~0x04000008u;  // seldom a reset
      if (row.name == "RDBAL" || row.name == "TDBAL")
        value = static_cast<std::uint32_t>(ring.iova());
      if (row.name == "RDBAH" || row.name == "TDBAH") value = ring.iova() >> 32;
      if (row.name == "AUTOC" && random() % 4 != 0) value = 0xC09C6004;
      if (row.name == "ESDP") value &= ~8u;
      rig.host.Write32(0, offset, value);
      if (step % 4 == 0) rig.host.Read32(0, offset);
      if (step % 8 == 0) rig.Send(MakeFrame(14 + random() % 1600));
      if (step % 16 == 0) rig.host.Sleep(microseconds(random() % 1000));
    }
    rig.Reset();
    EXPECT_TRUE(rig.WaitForLink()) << "a reset brings it back";
    EXPECT_LE(rig.host.log().size(), 1000u);
  }
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
