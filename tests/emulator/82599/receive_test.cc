#include <gtest/gtest.h>

#include <algorithm>

#include "emulator/wire/fcs.h"
#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::uint32_t kNoDrop = 0x02000002;  // SRRCTL without DROP_EN

class Receive : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartReceiver();
  }
  static Bytes Delivered(const TestRing& ring, std::uint32_t index) {
    const std::size_t length = ring.word(index, 1) >> 32 & 0xFFFF;
    const auto buffer = ring.buffer(index).first(length);
    return {buffer.begin(), buffer.end()};
  }
  static std::uint32_t Status(const TestRing& ring, std::uint32_t index) {
    return static_cast<std::uint32_t>(ring.word(index, 1));
  }

  Rig rig_;
};

TEST_F(Receive, WritesTheFrameAndTheDescriptor) {
  TestRing ring(rig_.host, 8);
  rig_.StartRx(ring, 7);
  const Bytes frame = MakeFrame(61, "02:1b:21:00:00:00");
  rig_.Send(frame);
  EXPECT_EQ(Delivered(ring, 0), frame);
  EXPECT_EQ(ring.word(0, 0), 0u) << "no packet type, no hash";
  EXPECT_EQ(ring.word(0, 1), 61ull << 32 | 3) << "length, EOP, DD";
  EXPECT_EQ(ring.word(1, 1), 0u);
  EXPECT_EQ(rig_.Read(kRdh), 1u);
}

TEST_F(Receive, MarksNonUnicastAndPacketTypes) {
  TestRing ring(rig_.host, 16);
  rig_.StartRx(ring, 15);
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(Status(ring, 0), 0x83u) << "broadcast";

  const auto send_type = [&](std::initializer_list<std::pair<std::size_t, unsigned>> bytes,
                             std::uint16_t type) {
    Bytes frame(80);
    const Bytes header = MakeFrame(14, "02:1b:21:00:00:00", type);
    std::ranges::copy(header, frame.begin());
    for (const auto& [at, value] : bytes) frame[at] = std::byte(value);
    const std::uint32_t index = rig_.Read(kRdh);
    rig_.Send(frame);
    return static_cast<std::uint32_t>(ring.word(index, 0) >> 4 & 0x1FFF);
  };
  EXPECT_EQ(send_type({{14, 0x45}, {23, 17}}, 0x0800), 0x21u) << "IPv4, UDP";
  EXPECT_EQ(send_type({{14, 0x46}, {23, 6}}, 0x0800), 0x13u) << "IPv4 with options, TCP";
  EXPECT_EQ(send_type({{14, 0x45}, {20, 0x20}, {23, 6}}, 0x0800), 0x01u) << "a fragment";
  EXPECT_EQ(send_type({{14, 0x45}, {23, 132}}, 0x0800), 0x41u) << "IPv4, SCTP";
  EXPECT_EQ(send_type({{14, 0x60}, {20, 6}}, 0x86DD), 0x14u) << "IPv6, TCP";
  EXPECT_EQ(send_type({{14, 0x60}, {20, 0}, {54, 17}}, 0x86DD), 0x2Cu) << "hop-by-hop, UDP";
  EXPECT_EQ(send_type({{14, 0x60}, {20, 44}}, 0x86DD), 0x0Cu) << "fragment header";
  EXPECT_EQ(send_type({{16, 0x08}, {17, 0x00}, {18, 0x45}, {27, 17}}, 0x8100), 0x21u) << "VLAN";
  EXPECT_EQ(send_type({{14, 0x44}}, 0x0800), 0u) << "a header of 16 bytes is none";
}

TEST_F(Receive, CrcIsDeliveredUnlessBothRegistersStripIt) {
  TestRing ring(rig_.host, 8);
  rig_.StartRx(ring, 7);
  const Bytes frame = MakeFrame(60);
  rig_.Clear(kHlreg0, 1u << 1);
  rig_.Send(frame);
  Bytes with_crc = frame;
  for (int i = 0; i < 4; ++i) with_crc.push_back(std::byte(FrameCheckSequence(frame) >> 8 * i));
  EXPECT_EQ(Delivered(ring, 0), with_crc);
  rig_.Set(kHlreg0, 1u << 1);
  rig_.Clear(kRdrxctl, 1u << 1);
  rig_.Send(frame);
  EXPECT_EQ(Delivered(ring, 1), with_crc);
  rig_.Set(kRdrxctl, 1u << 1);
  rig_.Send(frame);
  EXPECT_EQ(Delivered(ring, 2), frame);
}

TEST_F(Receive, ALongFrameSpansDescriptors) {
  TestRing ring(rig_.host, 8);
  rig_.StartRx(ring, 7, 0, 0x12000001);  // buffers of 1 KiB
  const Bytes frame = MakeFrame(1514);
  rig_.Send(frame);
  EXPECT_EQ(ring.word(0, 1), 1024ull << 32 | 1) << "no EOP";
  EXPECT_EQ(ring.word(1, 1), 490ull << 32 | 0x83);
  Bytes joined = Delivered(ring, 0);
  const Bytes rest = Delivered(ring, 1);
  joined.insert(joined.end(), rest.begin(), rest.end());
  EXPECT_EQ(joined, frame);
  EXPECT_EQ(ring.buffer(0)[1024], std::byte{0}) << "not a byte more than the buffer has";
  EXPECT_EQ(rig_.Read(kQprc), 1u);
}

TEST_F(Receive, HeadEqualTailIsNoDescriptor) {
  TestRing ring(rig_.host, 8);
  rig_.StartRx(ring, 0);
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.Read(kRdh), 0u);
  EXPECT_EQ(ring.word(0, 1), 0u);
  EXPECT_EQ(rig_.Read(kQprdc), 1u);
}

TEST_F(Receive, WithDropEnFramesWithoutDescriptorAreDroppedAndCounted) {
  TestRing ring(rig_.host, 8);
  rig_.Write(kRqsmr, 5);  // queue 0 counts in set 5
  rig_.StartRx(ring, 3);
  for (int i = 0; i < 10; ++i) rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.Read(kRdh), 3u);
  EXPECT_EQ(rig_.Read(kQprc + 5 * 0x40), 3u);
  EXPECT_EQ(rig_.Read(kQprdc + 5 * 0x40), 7u);
  EXPECT_EQ(rig_.Read(kQprdc + 5 * 0x40), 0u) << "cleared by reading";
  EXPECT_EQ(rig_.Read(kRxmpc), 0u);
  EXPECT_EQ(rig_.Read(kGprc), 10u) << "the filters' counter has missed packets too";
  rig_.Write(kRdt, 7);
  EXPECT_EQ(rig_.Read(kRdh), 3u) << "what was dropped is gone";
}

TEST_F(Receive, WithoutDropEnFramesWaitInThePacketBuffer) {
  TestRing ring(rig_.host, 8);
  rig_.StartRx(ring, 3, 0, kNoDrop);
  for (std::size_t i = 0; i < 6; ++i) rig_.Send(MakeFrame(60 + i));
  EXPECT_EQ(rig_.Read(kRdh), 3u);
  rig_.Write(kRdt, 5);
  EXPECT_EQ(rig_.Read(kRdh), 5u);
  rig_.Write(kRdt, 7);
  EXPECT_EQ(rig_.Read(kRdh), 6u);
  for (std::uint32_t i = 0; i < 6; ++i) EXPECT_EQ(Delivered(ring, i), MakeFrame(60 + i)) << i;
  EXPECT_EQ(rig_.Read(kQprdc) + rig_.Read(kRxmpc), 0u);
}

TEST_F(Receive, AFullPacketBufferMissesFrames) {
  TestRing ring(rig_.host, 8);
  rig_.Write(kRxpbsize, 2u << 10);  // 2 KiB
  rig_.StartRx(ring, 0, 0, kNoDrop);
  for (int i = 0; i < 5; ++i) rig_.Send(MakeFrame(1024));
  EXPECT_EQ(rig_.Read(kRxmpc), 3u);
  rig_.Write(kRdt, 7);
  EXPECT_EQ(rig_.Read(kQprc), 2u);
  EXPECT_EQ(rig_.Read(kQprdc), 0u);
}

TEST_F(Receive, AResetEmptiesThePacketBuffer) {
  TestRing ring(rig_.host, 8);
  rig_.StartRx(ring, 0, 0, kNoDrop);
  rig_.Send(MakeFrame(60));
  rig_.Reset();
  ASSERT_TRUE(rig_.WaitForLink());
  rig_.StartReceiver();
  rig_.StartRx(ring, 7);
  EXPECT_EQ(rig_.Read(kRdh), 0u);
}

TEST_F(Receive, RingsWrap) {
  TestRing ring(rig_.host, 8);
  rig_.StartRx(ring, 7);
  for (std::uint32_t i = 0; i < 100; ++i) {
    rig_.Send(MakeFrame(60 + i));
    ASSERT_EQ(Delivered(ring, i % 8), MakeFrame(60 + i)) << i;
    ring.word(i % 8, 0) = ring.buffer_iova(i % 8);
    ring.word(i % 8, 1) = 0;
    rig_.Write(kRdt, i % 8);
  }
}

TEST_F(Receive, EnableReadsBackLaterAndGoesOnUntilItClears) {
  TestRing ring(rig_.host, 8);
  rig_.Write(kRxdctl, kEnable);
  EXPECT_EQ(rig_.Read(kRxdctl) & kEnable, 0u);
  rig_.StartRx(ring, 7);
  rig_.Write(kRxdctl, 0);
  rig_.Send(MakeFrame(60));
  EXPECT_NE(ring.word(0, 1), 0u) << "still at work";
  EXPECT_NE(rig_.Read(kRxdctl) & kEnable, 0u);
  rig_.host.Sleep(microseconds(100));
  EXPECT_EQ(rig_.Read(kRxdctl) & kEnable, 0u);
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(ring.word(1, 1), 0u);
  EXPECT_EQ(rig_.Read(kQprdc), 1u) << "a disabled queue drops";
}

TEST_F(Receive, SrrctlHasASecondAddress) {
  TestRing ring(rig_.host, 8);
  rig_.StartRx(ring, 3, 0, kNoDrop);
  rig_.Write(0x02100, 0x12000002);
  for (int i = 0; i < 5; ++i) rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.Read(kQprdc), 2u);
}

TEST_F(Receive, OtherDescriptorTypesAreDroppedAndLogged) {
  TestRing ring(rig_.host, 8);
  rig_.StartRx(ring, 7, 0, 0x14000002);  // header splitting
  rig_.Send(MakeFrame(60));
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(ring.word(0, 1), 0u);
  EXPECT_EQ(rig_.Read(kQprdc), 2u);
  EXPECT_EQ(rig_.host.log().size(), 1u);
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
