// Rings as different drivers work them: how often they write tails, ask for reports and look.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::string_view kOwn = "02:1b:21:00:00:00";
constexpr std::uint64_t kDone = 1, kEop = 2;

Bytes Numbered(std::uint32_t number) {
  Bytes frame = MakeFrame(60 + number % 900, kOwn);
  for (unsigned byte = 0; byte < 4; ++byte) frame[20 + byte] = std::byte(number >> 8 * byte);
  return frame;
}

class RingStyles : public testing::Test {
 protected:
  static constexpr std::uint32_t kRing = 128;
  void SetUp() override {
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartReceiver();
  }
  void ExpectFrame(std::uint32_t index, std::uint32_t number) {
    const Bytes frame = Numbered(number);
    EXPECT_TRUE(std::ranges::equal(rx_.buffer(index).first(frame.size()), frame)) << number;
  }

  Rig rig_;
  TestRing rx_{rig_.host, kRing};
  TestRing tx_{rig_.host, kRing};
};

// --- Vector receive (DPDK, ixgbe_recv_raw_pkts_vec): descriptors are read four at a time, the
// newest first, so that a DD says that all before it are done; 32 are given back at once
// (ixgbe_rxq_rearm), with RDT one behind the next one to be filled. ---

TEST_F(RingStyles, VectorReceive) {
  constexpr std::uint32_t kRearm = 32, kAtOnce = 4;
  rig_.StartRx(rx_, kRing - 1);
  std::uint32_t sent = 0, received = 0, next = 0, rearm_start = 0, to_rearm = 0;
  while (received < 2000) {
    // 1 to 40 frames, never more than there are descriptors.
    const std::uint32_t burst =
        std::min(1 + sent * 7 % 40, kRing - 1 - to_rearm - (sent - received));
    for (std::uint32_t i = 0; i < burst; ++i) rig_.Send(Numbered(sent++));
    for (std::uint32_t found = kAtOnce; found == kAtOnce;) {
      std::array<bool, kAtOnce> done;
      for (std::uint32_t i = kAtOnce; i-- > 0;) {
        done[i] =
            (std::atomic_ref(rx_.word((next + i) % kRing, 1)).load(std::memory_order_acquire) &
             kDone) != 0;
      }
      found = static_cast<std::uint32_t>(std::ranges::count(done, true));
      ASSERT_TRUE(std::ranges::is_partitioned(done, [](bool each) { return each; })) << next;
      for (std::uint32_t i = 0; i < found; ++i) {
        const std::uint32_t index = (next + i) % kRing;
        EXPECT_EQ(rx_.word(index, 1) & (kDone | kEop), kDone | kEop);
        ExpectFrame(index, received + i);
        rx_.word(index, 1) = 0;  // the mbuf is gone; the descriptor is written when rearming
      }
      next = (next + found) % kRing;
      received += found;
      to_rearm += found;
    }
    EXPECT_EQ(received, sent);
    if (to_rearm < kRearm) continue;
    for (std::uint32_t i = 0; i < kRearm; ++i) {
      const std::uint32_t index = (rearm_start + i) % kRing;
      rx_.word(index, 0) = rx_.buffer_iova(index);  // with the header address cleared
      rx_.word(index, 1) = 0;
    }
    rearm_start = (rearm_start + kRearm) % kRing;
    to_rearm -= kRearm;
    rig_.Write(kRdt, rearm_start == 0 ? kRing - 1 : rearm_start - 1);
  }
  EXPECT_EQ(rig_.Read(kQprdc), 0u);
  EXPECT_EQ(rig_.host.fault_count(), 0u);
}

// --- Vector and simple transmit (DPDK, tx_xmit_pkts, ixgbe_xmit_fixed_burst_vec): RS in every 32nd
// descriptor; DD of that one frees all 32. ---

TEST_F(RingStyles, TransmitWithAReportForEvery32nd) {
  constexpr std::uint32_t kThreshold = 32;
  constexpr std::uint64_t kNoReport = 0x23300000, kReport = 0x2B300000;
  rig_.StartTx(tx_);
  // PTHRESH 36, HTHRESH 0, WTHRESH 0
  rig_.Write(kTxdctl, kEnable | 36);
  std::uint32_t tail = 0, next_report = kThreshold - 1, free = kRing - 1, sent = 0;
  while (sent < 1500) {
    if (free < kThreshold) {
      ASSERT_NE(tx_.word(next_report, 1) & kTxDone, 0u) << next_report;
      next_report = (next_report + kThreshold) % kRing;
      free += kThreshold;
    }
    const std::uint32_t burst = std::min<std::uint32_t>(1 + sent % 29, free);
    for (std::uint32_t i = 0; i < burst; ++i) {
      const bool report = tail % kThreshold == kThreshold - 1;
      rig_.PutTx(tx_, tail, Numbered(sent++), report ? kReport : kNoReport);
      tail = (tail + 1) % kRing;
    }
    free -= burst;
    rig_.Write(kTdt, tail);
  }
  ASSERT_EQ(rig_.partner.frames.size(), sent);
  for (std::uint32_t i = 0; i < sent; ++i) ASSERT_EQ(rig_.partner.frames[i], Numbered(i)) << i;
}

// --- Linux: RS in each packet's last descriptor; length and not DD says that a receive descriptor
// is done, and 16 or more are given back at once. ---

TEST_F(RingStyles, PollingTheLength) {
  rig_.StartRx(rx_, kRing - 1);
  std::uint32_t next = 0, given = kRing - 1, unused = 0;
  for (std::uint32_t number = 0; number < 1000; ++number) {
    rig_.Send(Numbered(number));
    const std::uint64_t second = std::atomic_ref(rx_.word(next, 1)).load(std::memory_order_acquire);
    ASSERT_EQ(second >> 32 & 0xFFFF, Numbered(number).size());
    ExpectFrame(next, number);
    next = (next + 1) % kRing;
    if (++unused < 16) continue;
    for (; unused > 0; --unused, given = (given + 1) % kRing) {
      rx_.word(given, 0) = rx_.buffer_iova(given);
      rx_.word(given, 1) = 0;
      rx_.word((given + 1) % kRing, 1) = 0;  // the next length too
    }
    rig_.Write(kRdt, given);
  }
  EXPECT_EQ(rig_.Read(kQprdc), 0u);
}

// --- Head write-back (TinyNF, Snabb): no descriptor is looked at. ---

TEST_F(RingStyles, TransmitByHeadWriteBack) {
  TestRing head_page(rig_.host, 8);
  auto& head = reinterpret_cast<std::uint32_t&>(head_page.word(0, 0));
  rig_.Write(kTdwbah, static_cast<std::uint32_t>(head_page.iova() >> 32));
  rig_.Write(kTdwbal, static_cast<std::uint32_t>(head_page.iova()) | 1);
  rig_.StartTx(tx_);
  std::uint32_t tail = 0;
  for (std::uint32_t number = 0; number < 1000; ++number) {
    // RS in every 8th: the head moves in steps.
    rig_.PutTx(tx_, tail, Numbered(number), number % 8 == 7 ? 0x2B300000 : 0x23300000);
    tail = (tail + 1) % kRing;
    rig_.Write(kTdt, tail);
    EXPECT_EQ(std::atomic_ref(head).load(), (number + 1) / 8 * 8 % kRing);
    EXPECT_EQ(tx_.word((tail + kRing - 1) % kRing, 1) & kTxDone, 0u);
  }
  EXPECT_EQ(rig_.partner.frames.size(), 1000u);
}

// --- Legacy descriptors both ways (7.1.5, 7.2.3.2.2): a driver of the 8254x's kind. ---

TEST_F(RingStyles, LegacyDescriptorsBothWays) {
  rig_.StartRx(rx_, kRing - 1, 0, 0x10000002);
  rig_.StartTx(tx_);
  for (std::uint32_t number = 0; number < 300; ++number) {
    const std::uint32_t index = number % kRing;
    const Bytes frame = Numbered(number);
    rig_.Send(frame);
    // Address, length; status DD and EOP from bit 32.
    EXPECT_EQ(rx_.word(index, 0), rx_.buffer_iova(index)) << "stays";
    EXPECT_EQ(rx_.word(index, 1), frame.size() | (kDone | kEop) << 32);
    ExpectFrame(index, number);
    rx_.word(index, 1) = 0;
    rig_.Write(kRdt, index);
    // CMD: EOP, IFCS, RS
    std::ranges::copy(frame, tx_.buffer(index).begin());
    tx_.word(index, 0) = tx_.buffer_iova(index);
    tx_.word(index, 1) = frame.size() | 0x0Bull << 24;
    rig_.Write(kTdt, (index + 1) % kRing);
    EXPECT_EQ(tx_.word(index, 1) >> 32 & 1, 1u);
  }
  ASSERT_EQ(rig_.partner.frames.size(), 300u);
  for (std::uint32_t i = 0; i < 300; ++i) ASSERT_EQ(rig_.partner.frames[i], Numbered(i)) << i;
}

// --- Jumbo frames over several descriptors, both ways ---

TEST_F(RingStyles, TheLongestFrameOverManyDescriptors) {
  constexpr std::size_t kLongest = 15872 - 4;  // 15.5 KiB with its CRC
  rig_.Set(kHlreg0, 1u << 2);
  rig_.Write(kMaxfrs, 15872u << 16);
  rig_.StartRx(rx_, kRing - 1, 0, 0x12000001);  // 1 KiB each
  rig_.StartTx(tx_);
  const Bytes frame = MakeFrame(kLongest, kOwn);
  for (std::uint32_t round = 0; round < 20; ++round) {
    const std::uint32_t start = rig_.Read(kRdh);
    rig_.Send(frame);
    for (std::uint32_t i = 0; i < 16; ++i) {
      const std::uint32_t index = (start + i) % kRing;
      const std::size_t size = std::min<std::size_t>(1024, kLongest - 1024 * i);
      ASSERT_EQ(rx_.word(index, 1) >> 32 & 0xFFFF, size);
      ASSERT_EQ(rx_.word(index, 1) & (kDone | kEop), i == 15 ? kDone | kEop : kDone);
      EXPECT_TRUE(std::equal(frame.begin() + 1024 * i, frame.begin() + 1024 * i + size,
                             rx_.buffer(index).begin()));
      rx_.word(index, 0) = rx_.buffer_iova(index);
      rx_.word(index, 1) = 0;
    }
    rig_.Write(kRdt, (start + 15) % kRing);

    const std::uint32_t tail = rig_.Read(kTdt);
    for (std::uint32_t i = 0; i < 5; ++i) {
      const std::uint32_t index = (tail + i) % kRing;
      const std::size_t size = std::min<std::size_t>(4000, kLongest - 4000 * std::size_t{i});
      if (kLongest <= 4000 * std::size_t{i}) break;
      std::copy_n(frame.begin() + 4000 * i, size, tx_.buffer(index).begin());
      tx_.word(index, 0) = tx_.buffer_iova(index);
      tx_.word(index, 1) =
          (i == 3 ? 0x2B300000u : 0x22300000u) | size | std::uint64_t{kLongest} << 46;
    }
    rig_.Write(kTdt, (tail + 4) % kRing);
    ASSERT_EQ(rig_.partner.frames.size(), round + 1);
    EXPECT_EQ(rig_.partner.frames.back(), frame);
  }
  rig_.Send(MakeFrame(kLongest + 1, kOwn));
  EXPECT_EQ(rig_.Read(kRoc), 1u);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
