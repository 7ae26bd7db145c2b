// TCP and UDP segmentation (datasheet 7.2.4): every frame against one made for its place.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "tests/emulator/82599/tx_driver.h"

namespace ixylab::emulator::intel82599 {
namespace {

using Driver = TxDriver;

constexpr std::uint32_t kDtxtcpflgl = 0x04A88, kDtxtcpflgh = 0x04A8C;
constexpr std::uint16_t kFin = 0x001, kPsh = 0x008, kAck = 0x010, kCwr = 0x080;

/// The frames that come of `payload` by hand: FIN and PSH only in the last one, CWR not in it.
std::vector<Bytes> Segments(const PacketShape& shape, std::span<const std::byte> payload,
                            std::size_t mss) {
  std::vector<Bytes> segments;
  for (std::size_t at = 0; at < payload.size(); at += mss) {
    const std::size_t size = std::min(mss, payload.size() - at);
    PacketShape its = shape;
    its.id = static_cast<std::uint16_t>(shape.id + segments.size());
    its.sequence = shape.sequence + static_cast<std::uint32_t>(at);
    const bool last = at + size == payload.size();
    if (payload.size() > mss) its.flags &= last ? 0xF7F : 0xFF6;
    segments.push_back(PaddedTo60(MakePacket(its, payload.subspan(at, size))));
  }
  return segments;
}

class Segmentation : public testing::Test {
 protected:
  Segmentation() {
    EXPECT_TRUE(rig_.WaitForLink());
    driver_.emplace(rig_, ring_);
  }
  Driver& driver() { return *driver_; }
  const std::vector<Bytes>& frames() { return rig_.partner.frames; }
  std::string LastLine() {
    return rig_.host.log().empty() ? "" : testing::PrintToString(rig_.host.log().back());
  }
  static std::uint64_t Command(const PacketShape& shape) {
    return Driver::kTse | Driver::kTxsm | (shape.ipv6 ? 0 : Driver::kIxsm);
  }
  void Put(const PacketShape& shape, std::span<const std::byte> payload,
           std::vector<std::size_t> cuts = {}, std::uint64_t more = 0) {
    driver().Put(Unfinished(shape, payload, true), Command(shape) | more, std::move(cuts),
                 payload.size());
  }
  void Expect(const std::vector<Bytes>& expected) {
    ASSERT_EQ(frames().size(), expected.size()) << LastLine();
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(frames()[i], expected[i]) << i;
    rig_.partner.frames.clear();
  }

  Rig rig_;
  TestRing ring_{rig_.host, 128};
  std::optional<Driver> driver_;
};

TEST_F(Segmentation, EveryShapeAndSize) {
  for (const bool ipv6 : {false, true}) {
    for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
      for (const std::size_t ip_extra : {0, 16}) {
        for (const std::size_t l4_extra : {0, 12}) {
          if (l4_extra != 0 && protocol != Protocol::kTcp) continue;
          const PacketShape shape{
              .ipv6 = ipv6, .protocol = protocol, .ip_extra = ip_extra, .l4_extra = l4_extra};
          for (const std::size_t mss : {1, 8, 536, 1448, 9000}) {
            driver().PutContext(ContextOf(shape, static_cast<std::uint32_t>(mss)));
            for (const std::size_t size : {mss - 1, mss, mss + 1, 2 * mss, 3 * mss + mss / 2}) {
              if (size == 0) continue;
              SCOPED_TRACE(testing::Message() << ipv6 << ' ' << int(protocol) << ' ' << ip_extra
                                              << ' ' << l4_extra << ' ' << mss << ' ' << size);
              const Bytes payload = MakePayload(size);
              Put(shape, payload);
              driver().Go();
              Expect(Segments(shape, payload, mss));
              if (HasFatalFailure()) return;
            }
          }
        }
      }
    }
  }
  EXPECT_TRUE(rig_.host.log().empty()) << LastLine();
}

TEST_F(Segmentation, SixtyFourKilobytesAndTheirStatistics) {
  const PacketShape shape{.l4_extra = 12};
  const Bytes payload = MakePayload(65160);  // 45 * 1448, what Linux sends at most
  driver().PutContext(ContextOf(shape, 1448));
  Put(shape, payload);
  driver().Go();
  Expect(Segments(shape, payload, 1448));
  // X550 datasheet 7.2.6.1: "If TSO is enabled, statistics are collected after segmentation."
  EXPECT_EQ(rig_.Read(kGptc), 45u);
  EXPECT_EQ(rig_.Read(kQptc), 45u);
  EXPECT_EQ(rig_.Read(kPtc64 + 20), 45u) << "1024 bytes and longer";
  const std::uint64_t octets = 65160 + 45 * (shape.header_size() + 4);
  EXPECT_EQ(rig_.ReadPair(kGotcl), octets);
  EXPECT_EQ(rig_.ReadPair(kQbtcL), octets);
}

TEST_F(Segmentation, TheMostThatPaylenCanSay) {
  const PacketShape shape{};
  const Bytes payload = MakePayload((1 << 18) - 1);
  // Descriptors of 16 KiB, which span the ring's buffers: those follow one another in memory.
  const Bytes packet = Unfinished(shape, payload, true);
  TestRing buffers(rig_.host, 100);
  std::ranges::copy(packet, &buffers.buffer(0)[0]);
  driver().PutContext(ContextOf(shape, 9000));
  for (std::size_t at = 0; at < packet.size(); at += 16384) {
    const std::size_t size = std::min<std::size_t>(16384, packet.size() - at);
    const std::uint32_t index = driver().next();
    driver().PutRaw({}, Driver::kDext | Driver::kData | Driver::kIfcs | Command(shape) | size |
                            (at + size == packet.size() ? Driver::kEop | Driver::kRs : 0) |
                            (at == 0 ? payload.size() << 46 : 0));
    ring_.word(index, 0) = buffers.buffer_iova(static_cast<std::uint32_t>(at / 4096));
  }
  driver().Go();
  Expect(Segments(shape, payload, 9000));
  EXPECT_TRUE(rig_.host.log().empty()) << LastLine();
}

TEST_F(Segmentation, SplitAtEveryByte) {
  const PacketShape shape{.l4_extra = 12};
  const Bytes payload = MakePayload(250);
  const std::vector<Bytes> expected = Segments(shape, payload, 100);
  driver().PutContext(ContextOf(shape, 100));
  for (std::size_t cut = 1; cut < shape.header_size() + payload.size(); ++cut) {
    SCOPED_TRACE(cut);
    Put(shape, payload, {cut});
    driver().Go();
    Expect(expected);
    if (HasFatalFailure()) return;
  }
  EXPECT_TRUE(rig_.host.log().empty()) << LastLine();
}

TEST_F(Segmentation, IdentificationAndSequenceWrapAround) {
  const PacketShape shape{.id = 0xFFFE, .sequence = 0xFFFF'FF80};
  const Bytes payload = MakePayload(500);
  driver().PutContext(ContextOf(shape, 100));
  Put(shape, payload);
  driver().Go();
  EXPECT_EQ(frames().at(3)[18], std::byte{0x00});
  EXPECT_EQ(frames().at(3)[19], std::byte{0x01});
  Expect(Segments(shape, payload, 100));
}

TEST_F(Segmentation, FlagsByPosition) {
  const PacketShape shape{.flags = kFin | kPsh | kAck | kCwr};
  driver().PutContext(ContextOf(shape, 100));
  Put(shape, MakePayload(300));
  Put(shape, MakePayload(100));
  driver().Go();
  ASSERT_EQ(frames().size(), 4u);
  const auto flags = [&](int frame) { return std::to_integer<unsigned>(frames()[frame][47]); };
  EXPECT_EQ(flags(0), unsigned{kAck | kCwr});
  EXPECT_EQ(flags(1), unsigned{kAck | kCwr});
  EXPECT_EQ(flags(2), unsigned{kFin | kPsh | kAck});
  EXPECT_EQ(flags(3), unsigned{kFin | kPsh | kAck | kCwr}) << "a single segment: as they are";
}

TEST_F(Segmentation, FlagsByTheRegisters) {
  rig_.Write(kDtxtcpflgl, 0x0F01'0010);
  rig_.Write(kDtxtcpflgh, 0x0000'0088);
  const PacketShape shape{.flags = 0xFFF};
  const Bytes payload = MakePayload(300);
  driver().PutContext(ContextOf(shape, 100));
  Put(shape, payload);
  driver().Go();
  std::vector<Bytes> expected;
  for (std::size_t i = 0; i < 3; ++i) {
    PacketShape its = shape;
    its.id = static_cast<std::uint16_t>(shape.id + i);
    its.sequence += static_cast<std::uint32_t>(100 * i);
    its.flags = i == 0 ? 0x010 : i == 1 ? 0xF01 : 0x088;
    expected.push_back(MakePacket(its, std::span(payload).subspan(100 * i, 100)));
  }
  Expect(expected);
}

TEST_F(Segmentation, EverySegmentHasTheTag) {
  const PacketShape shape{.ipv6 = true};
  const Bytes payload = MakePayload(350);
  ContextFields context = ContextOf(shape, 100);
  context.tag = 0x2ABC;
  driver().PutContext(context);
  Put(shape, payload, {}, Driver::kVle);
  driver().Go();
  std::vector<Bytes> expected = Segments(shape, payload, 100);
  for (Bytes& frame : expected) frame = WithTag(frame, 0x2ABC);
  Expect(expected);
}

TEST_F(Segmentation, ATagInTheHeader) {
  const PacketShape shape{};
  const Bytes payload = MakePayload(350);
  ContextFields context = ContextOf(shape, 100);
  context.mac_length = 18;
  driver().PutContext(context);
  driver().Put(WithTag(Unfinished(shape, payload, true), 0x2ABC), Command(shape), {}, 350);
  driver().Go();
  std::vector<Bytes> expected = Segments(shape, payload, 100);
  for (Bytes& frame : expected) frame = WithTag(frame, 0x2ABC);
  Expect(expected);
}

TEST_F(Segmentation, AHeaderWithoutPayloadIsOneFrame) {
  const PacketShape shape{};
  driver().PutContext(ContextOf(shape, 100));
  Put(shape, {});
  driver().Go();
  Expect({PaddedTo60(MakePacket(shape, {}))});
}

TEST_F(Segmentation, TheLengthOfTheBuffersCounts) {
  const PacketShape shape{};
  const Bytes payload = MakePayload(350);
  driver().PutContext(ContextOf(shape, 100));
  driver().Put(Unfinished(shape, payload, true), Command(shape), {}, 300);
  driver().Go();
  Expect(Segments(shape, payload, 100));
  EXPECT_NE(LastLine().find("PAYLEN 300"), std::string::npos) << LastLine();
}

TEST_F(Segmentation, ContextsThatCannotBeRight) {
  const PacketShape shape{};
  const Bytes packet = Unfinished(shape, MakePayload(300), true);
  const ContextFields right = ContextOf(shape, 100);
  struct Case {
    std::string reason;
    ContextFields context;
  };
  const auto with = [&](auto change) {
    ContextFields context = right;
    change(context);
    return context;
  };
  const std::vector<Case> cases{
      {"MSS", with([](ContextFields& c) { c.mss = 0; })},
      {"MSS", with([](ContextFields& c) { c.mss = 15868 - 53; })},
      {"MSS", with([](ContextFields& c) { c.mss = 0xFFFF; })},
      {"L4T", with([](ContextFields& c) { c.l4 = 2; })},
      {"L4T", with([](ContextFields& c) { c.l4 = 3; })},
      {"L4LEN", with([](ContextFields& c) { c.l4_length = 19; })},
      {"L4LEN", with([](ContextFields& c) { c.l4_length = 0; })},
      {"L4LEN", with([](ContextFields& c) { c.l4_length = 255, c.ip_length = 200; })},
      {"IPLEN", with([](ContextFields& c) { c.ip_length = 19; })},
      {"IPLEN", with([](ContextFields& c) { c.ip_length = 39, c.ipv4 = false; })},
      {"IPLEN", with([](ContextFields& c) { c.ip_length = 511; })},
      {"MACLEN", with([](ContextFields& c) { c.mac_length = 13; })},
      {"MACLEN", with([](ContextFields& c) { c.mac_length = 127, c.ip_length = 300; })},
      {"FCoE", with([](ContextFields& c) { c.second = 1u << 15; })},
  };
  std::uint32_t queue = 1;  // a kind of line is logged once for each queue
  for (const Case& one : cases) {
    SCOPED_TRACE(queue);
    TestRing ring(rig_.host, 8);
    Driver driver(rig_, ring, queue++);
    const std::size_t lines = rig_.host.log().size();
    driver.PutContext(one.context);
    driver.Put(packet, Command(shape), {}, 300);
    driver.Put(packet, Command(shape), {}, 300);
    driver.Go();
    EXPECT_TRUE(frames().empty());
    EXPECT_TRUE(driver.Done(1));
    EXPECT_TRUE(driver.Done(2));
    EXPECT_EQ(rig_.host.log().size(), lines + 1);
    EXPECT_NE(LastLine().find(one.reason), std::string::npos) << LastLine();
    driver.PutContext(right);
    driver.Put(packet, Command(shape), {}, 300);
    driver.Go();
    Expect(Segments(shape, MakePayload(300), 100));
    rig_.Write(kTxdctl + (queue - 1) * 0x40, 0);
    ASSERT_TRUE(
        rig_.Until([&] { return (rig_.Read(kTxdctl + (queue - 1) * 0x40) & kEnable) == 0; }));
  }
}

TEST_F(Segmentation, LongerThanPaylenCanSay) {
  const PacketShape shape{};
  driver().PutContext(ContextOf(shape, 1448));
  const std::uint64_t always =
      Driver::kDext | Driver::kData | Driver::kIfcs | Command(shape) | 16384;
  for (int i = 0; i < 17; ++i) {
    driver().PutRaw({}, always | (i == 16 ? Driver::kEop | Driver::kRs : 0));
    ring_.word(driver().next() - 1, 0) = ring_.buffer_iova(0);
  }
  driver().Go();
  EXPECT_TRUE(frames().empty());
  EXPECT_TRUE(driver().Done(17));
  EXPECT_NE(LastLine().find("256 KiB"), std::string::npos) << LastLine();
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
