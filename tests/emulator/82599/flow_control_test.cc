// Pause frames (IEEE 802.3, annex 31B) in both directions.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::string_view kOwn = "02:1b:21:00:00:00", kControl = "01:80:c2:00:00:01";
constexpr std::uint32_t kFcttv = 0x03200, kFcrtl = 0x03220, kFcrth = 0x03260, kFcrtv = 0x032A0,
                        kFccfg = 0x03D00, kMflcn = 0x04294, kTfcs = 0x0CE00;
constexpr std::uint32_t kLxontxc = 0x03F60, kLxofftxc = 0x03F68, kLxonrxcnt = 0x041A4,
                        kLxoffrxcnt = 0x041A8;
constexpr std::uint32_t kPmcf = 1u << 0, kDpf = 1u << 1, kRfce = 1u << 3;  // MFLCN
constexpr std::uint32_t kTfce = 1u << 3;                                   // FCCFG
constexpr std::uint32_t kFcen = 1u << 31, kXone = 1u << 31;                // FCRTH, FCRTL
constexpr std::uint32_t kNoDrop = 0x02000002;                              // SRRCTL

Bytes PauseFrame(std::uint16_t quanta, std::string_view destination = kControl,
                 std::uint16_t opcode = 1) {
  Bytes frame = MakeFrame(60, destination, 0x8808);
  std::fill(frame.begin() + 14, frame.end(), std::byte{0});
  frame[14] = std::byte(opcode >> 8);
  frame[15] = std::byte(opcode);
  frame[16] = std::byte(quanta >> 8);
  frame[17] = std::byte(quanta);
  return frame;
}

/// The time in a pause frame from port 0, as it has to look; nothing for any other frame.
std::optional<std::uint32_t> PauseTime(const Bytes& frame) {
  constexpr std::uint8_t kStart[] = {0x01, 0x80, 0xC2, 0, 0,    1,    0x02, 0x1B,
                                     0x21, 0,    0,    0, 0x88, 0x08, 0,    1};
  const auto same = [](std::byte a, std::uint8_t b) {
    return std::to_integer<std::uint8_t>(a) == b;
  };
  if (frame.size() != 60 || !std::equal(std::begin(kStart), std::end(kStart), frame.begin(),
                                        [&](auto a, auto b) { return same(b, a); })) {
    return std::nullopt;
  }
  if (!std::all_of(frame.begin() + 18, frame.end(),
                   [](std::byte b) { return b == std::byte{0}; })) {
    return std::nullopt;
  }
  return std::to_integer<std::uint32_t>(frame[16]) << 8 | std::to_integer<std::uint32_t>(frame[17]);
}

class FlowControl : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartReceiver();
    rig_.StartTx(tx_);
  }
  void Transmit(std::size_t size = 60) {
    const std::uint32_t index = rig_.Read(kTdt);
    rig_.PutTx(tx_, index, MakeFrame(size));
    rig_.Write(kTdt, (index + 1) % tx_.size());
  }
  /// Pause times of what port 0 has sent; other frames are left out.
  std::vector<std::uint32_t> Pauses() const {
    std::vector<std::uint32_t> times;
    for (const Bytes& frame : rig_.partner.frames) {
      if (const auto time = PauseTime(frame)) times.push_back(*time);
    }
    return times;
  }
  /// A queue without descriptors that may not drop, a buffer of 64 KiB with marks at 16 and 48 KiB.
  void AwaitFilling(std::uint32_t fcrtl = kXone | 16 << 10) {
    rig_.StartRx(rx_, 0, 0, kNoDrop);
    rig_.Write(kRxpbsize, 64 << 10);
    rig_.Write(kFcttv, 0x680);
    rig_.Write(kFcrtv, 0x340);
    rig_.Write(kFcrtl, fcrtl);
    rig_.Write(kFcrth, kFcen | 48 << 10);
    rig_.Write(kFccfg, kTfce);
  }
  void Fill(unsigned kib) {
    for (unsigned i = 0; i < kib; ++i) rig_.Send(MakeFrame(1024, kOwn));
  }

  Rig rig_;
  TestRing rx_{rig_.host, 64};
  TestRing tx_{rig_.host, 64};
};

// --- The partner pauses this port ---

TEST_F(FlowControl, APauseLastsAsLongAsItSays) {
  rig_.Write(kMflcn, kRfce | kDpf);
  rig_.Send(PauseFrame(1000));  // 51.2 us
  Transmit();
  EXPECT_TRUE(rig_.partner.frames.empty());
  EXPECT_EQ(rig_.Read(kTfcs) & 1, 1u);
  rig_.host.Sleep(microseconds(40));
  EXPECT_TRUE(rig_.partner.frames.empty());
  EXPECT_EQ(tx_.word(0, 1) & kTxDone, 0u);
  rig_.host.Sleep(microseconds(12));
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
  EXPECT_NE(tx_.word(0, 1) & kTxDone, 0u);
  EXPECT_EQ(rig_.Read(kTfcs) & 1, 0u);
  EXPECT_EQ(rig_.Read(kLxoffrxcnt), 1u);
  EXPECT_EQ(rig_.Read(kLxoffrxcnt), 0u) << "cleared by reading";
  EXPECT_EQ(rig_.Read(kLxonrxcnt), 0u);
}

TEST_F(FlowControl, AnXonEndsIt) {
  rig_.Write(kMflcn, kRfce | kDpf);
  rig_.Send(PauseFrame(0xFFFF));
  Transmit();
  rig_.host.Sleep(milliseconds(3));
  EXPECT_TRUE(rig_.partner.frames.empty());
  rig_.Send(PauseFrame(0));
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
  EXPECT_EQ(rig_.Read(kLxoffrxcnt), 1u);
  EXPECT_EQ(rig_.Read(kLxonrxcnt), 1u);
}

TEST_F(FlowControl, TheLastPauseCounts) {
  rig_.Write(kMflcn, kRfce | kDpf);
  rig_.Send(PauseFrame(1000));
  rig_.host.Sleep(microseconds(30));
  rig_.Send(PauseFrame(2000));  // until 132 us
  Transmit();
  rig_.host.Sleep(microseconds(90));
  EXPECT_TRUE(rig_.partner.frames.empty());
  rig_.Send(PauseFrame(100));  // 5 us
  EXPECT_TRUE(rig_.partner.frames.empty());
  rig_.host.Sleep(microseconds(6));
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
}

TEST_F(FlowControl, TheStationsOwnAddressWillDo) {
  rig_.Write(kMflcn, kRfce | kDpf);
  rig_.Send(PauseFrame(1000, kOwn));
  Transmit();
  EXPECT_TRUE(rig_.partner.frames.empty());
  rig_.host.Sleep(microseconds(60));
  rig_.Send(PauseFrame(1000, "02:1b:21:00:00:77"));
  Transmit();
  EXPECT_EQ(rig_.partner.frames.size(), 2u) << "somebody else's";
}

TEST_F(FlowControl, WithoutRfceItIsAFrameLikeAnyOther) {
  rig_.StartRx(rx_, 7);
  rig_.Set(kFctrl, 1u << 8);
  rig_.Write(kMflcn, kDpf);
  rig_.Send(PauseFrame(1000));
  Transmit();
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
  EXPECT_EQ(rx_.word(0, 1) >> 32 & 0xFFFF, 60u);
  EXPECT_EQ(rig_.Read(kLxoffrxcnt), 0u);
  EXPECT_EQ(rig_.Read(kMprc), 1u);
}

TEST_F(FlowControl, DpfKeepsPauseFramesFromTheHostAndPmcfLetsOtherControlFramesIn) {
  rig_.StartRx(rx_, 7);
  rig_.Set(kFctrl, 1u << 8);
  rig_.Write(kMflcn, kRfce);
  rig_.Send(PauseFrame(0));
  EXPECT_NE(rx_.word(0, 1), 0u);
  rig_.Write(kMflcn, kRfce | kDpf);
  rig_.Send(PauseFrame(0));
  EXPECT_EQ(rx_.word(1, 1), 0u);
  rig_.Send(PauseFrame(0, kControl, 0x0101));
  EXPECT_EQ(rx_.word(1, 1), 0u) << "priority flow control is not recognised";
  rig_.Write(kMflcn, kRfce | kDpf | kPmcf);
  rig_.Send(PauseFrame(0, kControl, 0x0101));
  EXPECT_NE(rx_.word(1, 1), 0u);
  EXPECT_EQ(rig_.Read(kGprc), 2u) << "what goes no further than the MAC is not among the good ones";
  EXPECT_EQ(rig_.Read(kTpr), 4u);
  EXPECT_EQ(rig_.Read(kLxonrxcnt), 2u);
}

TEST_F(FlowControl, ADamagedPauseFrameIsNone) {
  rig_.Write(kMflcn, kRfce | kDpf);
  rig_.Send(PauseFrame(1000), 0x12345678);
  Transmit();
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
  EXPECT_EQ(rig_.Read(kCrcerrs), 1u);
}

/// A partner that objects as soon as a frame arrives, as one whose buffer is full.
class Objector final : public Endpoint {
 public:
  Objector(Wire& wire, std::size_t after) : wire_(wire), after_(after) {}
  void OnFrame(const Frame& frame) override {
    sizes.push_back(frame.bytes.size());
    if (sizes.size() == after_) wire_.Send(1, {.bytes = PauseFrame(1000)});
  }
  std::vector<std::size_t> sizes;

 private:
  Wire& wire_;
  std::size_t after_;
};

TEST_F(FlowControl, NoFrameLeavesAfterThePauseAndNoneIsLost) {
  Objector objector(rig_.wire, 3);
  rig_.host.Inject([&] {
    rig_.wire.Attach(1, &objector);
    rig_.wire.SetSignal(1, true);
  });
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.Write(kMflcn, kRfce | kDpf);
  for (std::uint32_t i = 0; i < 20; ++i) rig_.PutTx(tx_, i, MakeFrame(100 + i));
  rig_.Write(kTdt, 20);
  EXPECT_EQ(objector.sizes.size(), 3u);
  rig_.host.Sleep(microseconds(60));
  ASSERT_EQ(objector.sizes.size(), 20u);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(objector.sizes[i], 100 + i);
  rig_.host.Inject([&] { rig_.wire.Attach(1, nullptr); });
}

TEST_F(FlowControl, SegmentsOfOnePacketArePausedToo) {
  Objector objector(rig_.wire, 2);
  rig_.host.Inject([&] {
    rig_.wire.Attach(1, &objector);
    rig_.wire.SetSignal(1, true);
  });
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.Write(kMflcn, kRfce | kDpf);
  Bytes packet = MakeFrame(54 + 1000, "ff:ff:ff:ff:ff:ff", 0x0800);
  packet[14] = std::byte{0x45};
  packet[23] = std::byte{6};
  packet[46] = std::byte{0x50};
  // Context: MSS 100, TCP header 20; IPv4, TCP; MACLEN 14, IPLEN 20.
  tx_.word(0, 0) = 14u << 9 | 20u;
  tx_.word(0, 1) = 2u << 20 | 1u << 29 | (1u << 10 | 1u << 11) | 20ull << 40 | 100ull << 48;
  std::ranges::copy(packet, tx_.buffer(1).begin());
  tx_.word(1, 0) = tx_.buffer_iova(1);
  tx_.word(1, 1) = 0xAB300000 | packet.size() | 1000ull << 46;
  rig_.Write(kTdt, 2);
  EXPECT_EQ(objector.sizes.size(), 2u);
  EXPECT_NE(tx_.word(1, 1) & kTxDone, 0u) << "it has been read";
  rig_.host.Sleep(microseconds(60));
  EXPECT_EQ(objector.sizes.size(), 10u);
  rig_.host.Inject([&] { rig_.wire.Attach(1, nullptr); });
}

TEST_F(FlowControl, AResetOrALinkThatGoesEndsThePause) {
  rig_.Write(kMflcn, kRfce | kDpf);
  rig_.Send(PauseFrame(0xFFFF));
  rig_.host.Inject([&] { rig_.wire.SetPlugged(false); });
  EXPECT_EQ(rig_.Read(kTfcs), 0u);
  rig_.host.Inject([&] { rig_.wire.SetPlugged(true); });
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.Send(PauseFrame(0xFFFF));
  EXPECT_EQ(rig_.Read(kTfcs), 1u);
  rig_.Write(kCtrl, 1u << 26);
  EXPECT_EQ(rig_.Read(kTfcs), 0u);
}

TEST_F(FlowControl, SwitchingItOffEndsThePause) {
  rig_.Write(kMflcn, kRfce | kDpf);
  rig_.Send(PauseFrame(0xFFFF));
  Transmit();
  rig_.Write(kMflcn, kDpf);
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
}

// --- This port pauses the partner ---

TEST_F(FlowControl, TheHighMarkSendsXoffAndTheLowMarkXon) {
  AwaitFilling();
  Fill(47);
  EXPECT_TRUE(Pauses().empty());
  Fill(2);
  EXPECT_EQ(Pauses(), std::vector<std::uint32_t>{0x680}) << "once";
  rig_.Write(kRdt, 32);  // 32 KiB leave, 17 remain
  EXPECT_EQ(Pauses().size(), 1u);
  rig_.Write(kRdt, 33);
  EXPECT_EQ(Pauses(), (std::vector<std::uint32_t>{0x680, 0}));
  EXPECT_EQ(rig_.Read(kLxofftxc), 1u);
  EXPECT_EQ(rig_.Read(kLxontxc), 1u);
  EXPECT_EQ(rig_.Read(kRxmpc), 0u);
  // Linux subtracts both from these.
  EXPECT_EQ(rig_.Read(kGptc), 2u);
  EXPECT_EQ(rig_.Read(kMptc), 2u);
  EXPECT_EQ(rig_.Read(kPtc64), 2u);
  EXPECT_EQ(rig_.ReadPair(kGotcl), 128u);
  EXPECT_EQ(rig_.Read(kQptc), 0u);
}

TEST_F(FlowControl, WithoutXoneThePauseRunsOut) {
  AwaitFilling(16 << 10);
  Fill(49);
  rig_.Write(kRdt, 50);
  EXPECT_EQ(Pauses(), std::vector<std::uint32_t>{0x680});
}

TEST_F(FlowControl, APauseIsRefreshedWhileTheBufferIsAboveTheLowMark) {
  AwaitFilling();
  Fill(48);
  ASSERT_EQ(Pauses().size(), 1u);
  // (0x680 - 0x340) quanta: 42.6 us.
  rig_.host.Sleep(microseconds(40));
  EXPECT_EQ(Pauses().size(), 1u);
  rig_.host.Sleep(microseconds(93));
  EXPECT_EQ(Pauses().size(), 4u);
  rig_.Write(kRdt, 40);
  EXPECT_EQ(Pauses().back(), 0u);
  rig_.host.Sleep(microseconds(500));
  EXPECT_EQ(Pauses().size(), 5u) << "no longer";
}

TEST_F(FlowControl, NothingIsMissedUntilTheBufferOverflows) {
  AwaitFilling();
  Fill(64);
  EXPECT_EQ(rig_.Read(kRxmpc), 0u);
  Fill(3);
  EXPECT_EQ(rig_.Read(kRxmpc), 3u) << "a partner that does not stop";
}

TEST_F(FlowControl, OffByDefaultAndWithEitherEnableMissing) {
  AwaitFilling();
  rig_.Write(kFccfg, 0);
  Fill(60);
  EXPECT_TRUE(Pauses().empty());
  rig_.Write(kFcrth, 48 << 10);
  rig_.Write(kFccfg, kTfce);
  Fill(2);
  EXPECT_TRUE(Pauses().empty());
  rig_.Write(kFcrth, kFcen | 48 << 10);
  EXPECT_EQ(Pauses().size(), 1u) << "the buffer is above the mark already";
}

TEST_F(FlowControl, APausedPortSendsItsOwnPauseFrames) {
  AwaitFilling();
  rig_.Write(kMflcn, kRfce | kDpf);
  rig_.Send(PauseFrame(0xFFFF));
  Transmit();
  Fill(48);
  ASSERT_EQ(rig_.partner.frames.size(), 1u);
  EXPECT_TRUE(PauseTime(rig_.partner.frames[0]));
}

// --- Two ports, a fast sender and a slow receiver ---

struct Outcome {
  std::uint64_t received = 0, missed = 0, xoffs = 0, xons = 0;
  bool in_order = true;
};

/// 2,000 numbered frames of 1,000 bytes from port 0 to port 1, which has a buffer of 64 KiB and
/// takes a frame each 2 us.
Outcome Race(bool flow_control) {
  Rig rig;
  TestRing tx(rig.host, 64), rx(rig.host, 32);
  rig.host.Inject([&] {
    rig.wire.Attach(1, nullptr);
    rig.chip.Connect(1, rig.wire, 1);
  });
  const auto write = [&](std::uint32_t offset, std::uint32_t value) {
    rig.host.Write32(1, offset, value);
  };
  for (std::uint32_t i = 0; i < rx.size(); ++i) rx.word(i, 0) = rx.buffer_iova(i);
  write(kRdrxctl, rig.host.Read32(1, kRdrxctl) | 2);
  write(kFctrl, 1u << 10);
  write(kRdbal, static_cast<std::uint32_t>(rx.iova()));
  write(kRdbah, static_cast<std::uint32_t>(rx.iova() >> 32));
  write(kRdlen, rx.size() * 16);
  write(kSrrctl, kNoDrop);
  write(kRxdctl, kEnable);
  write(kRxctrl, 1);
  write(kRxpbsize, 64 << 10);
  if (flow_control) {
    write(kFcttv, 0xFFFF);
    write(kFcrtv, 0x7FFF);
    write(kFcrtl, kXone | 16 << 10);
    write(kFcrth, kFcen | 40 << 10);
    write(kFccfg, kTfce);
    rig.Write(kMflcn, kRfce | kDpf);
  }
  EXPECT_TRUE(rig.WaitForLink());
  rig.host.Sleep(milliseconds(1));
  rig.StartTx(tx);
  write(kRdt, 8);

  Outcome outcome;
  std::uint32_t queued = 0, next = 0;
  const auto number_at = [](std::span<const std::byte> bytes) {
    return std::to_integer<std::uint32_t>(bytes[20]) | std::to_integer<std::uint32_t>(bytes[21])
                                                           << 8;
  };
  for (int round = 0; round < 3000; ++round) {
    for (; queued < 2000; ++queued) {
      const std::uint32_t at = queued % 64, after = (at + 1) % 64;
      if (after == rig.Read(kTdh)) break;  // the ring is full
      Bytes frame = MakeFrame(1000);
      frame[20] = std::byte(queued);
      frame[21] = std::byte(queued >> 8);
      Rig::PutTx(tx, at, frame);
      rig.Write(kTdt, after);
    }
    rig.host.Sleep(microseconds(2));
    if ((rx.word(next, 1) & 1) == 0) continue;
    const std::uint32_t number = number_at(rx.buffer(next));
    outcome.in_order &= number == outcome.received;
    ++outcome.received;
    rx.word(next, 0) = rx.buffer_iova(next);
    rx.word(next, 1) = 0;
    next = (next + 1) % rx.size();
    write(kRdt, (next + 8) % rx.size());
  }
  outcome.missed = rig.host.Read32(1, kRxmpc);
  outcome.xoffs = rig.host.Read32(1, kLxofftxc);
  outcome.xons = rig.host.Read32(1, kLxontxc);
  EXPECT_EQ(rig.Read(kLxoffrxcnt), outcome.xoffs);
  EXPECT_EQ(rig.Read(kLxonrxcnt), outcome.xons);
  return outcome;
}

TEST(FlowControlOfTwoPorts, NothingIsLost) {
  const Outcome outcome = Race(true);
  EXPECT_EQ(outcome.received, 2000u);
  EXPECT_TRUE(outcome.in_order);
  EXPECT_EQ(outcome.missed, 0u);
  EXPECT_GT(outcome.xoffs, 10u);
  EXPECT_GT(outcome.xons, 10u);
}

TEST(FlowControlOfTwoPorts, AndWithoutItIs) {
  const Outcome outcome = Race(false);
  EXPECT_GT(outcome.missed, 0u);
  EXPECT_EQ(outcome.received + outcome.missed, 2000u);
  EXPECT_EQ(outcome.xoffs + outcome.xons, 0u);
}

// --- What a hostile driver may do ---

TEST_F(FlowControl, MarksTheWrongWayRoundInLoopbackComeToAnEnd) {
  rig_.StartRx(rx_, 0, 0, kNoDrop);
  rig_.Set(kFctrl, 1u << 8);
  rig_.Write(kMflcn, kRfce | kPmcf);  // pause frames go to the host
  rig_.Write(kFcttv, 2);
  rig_.Write(kFcrtv, 1);
  rig_.Write(kFcrtl, 0xFFFFFFFF);
  rig_.Write(kFcrth, kFcen);
  rig_.Write(kFccfg, kTfce);
  rig_.Set(kHlreg0, 1u << 15);
  rig_.Set(kAutoc, 1);
  for (int i = 0; i < 20; ++i) Transmit();
  rig_.host.Sleep(milliseconds(1));
  EXPECT_GT(rig_.Read(kLxofftxc), 0u);
}

TEST_F(FlowControl, AnOverlongSegmentationIsNotStored) {
  Objector objector(rig_.wire, 1);
  rig_.host.Inject([&] {
    rig_.wire.Attach(1, &objector);
    rig_.wire.SetSignal(1, true);
  });
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.Write(kMflcn, kRfce | kDpf);
  constexpr std::size_t kPayload = 20000;
  tx_.word(0, 0) = 14u << 9 | 20u;
  tx_.word(0, 1) = 2u << 20 | 1u << 29 | (1u << 10 | 1u << 11) | 20ull << 40 | 1ull << 48;  // MSS 1
  // 54 bytes of header and 5 buffers of 4,000 bytes; all padded to 60 bytes: 1.2 MB.
  for (std::uint32_t i = 1; i <= 6; ++i) {
    const std::uint64_t size = i == 1 ? 54 : 4000;
    tx_.word(i, 0) = tx_.buffer_iova(i);
    tx_.word(i, 1) =
        (0xAA300000u | (i == 6 ? 1u << 24 : 0u)) | size | std::uint64_t{kPayload} << 46;
  }
  tx_.buffer(1)[12] = std::byte{8};
  tx_.buffer(1)[14] = std::byte{0x45};
  tx_.buffer(1)[23] = std::byte{6};
  tx_.buffer(1)[46] = std::byte{0x50};
  rig_.Write(kTdt, 7);
  EXPECT_GT(objector.sizes.size(), 17000u);
  rig_.host.Sleep(microseconds(60));
  EXPECT_EQ(objector.sizes.size(), kPayload);
  EXPECT_EQ(rig_.host.log().size(), 1u);
  rig_.host.Inject([&] { rig_.wire.Attach(1, nullptr); });
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
