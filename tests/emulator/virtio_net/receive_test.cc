// Processing of incoming packets (virtio 1.2, 5.1.6.3, 5.1.6.4), over all three kinds of rings.
#include <gtest/gtest.h>

#include <algorithm>

#include "emulator/wire/fcs.h"
#include "tests/emulator/virtio_net/rig.h"

namespace ixylab::emulator::virtio_net {
namespace {

class Receive : public testing::TestWithParam<Mode> {
 protected:
  void Start(std::uint64_t features = 0) {
    ASSERT_TRUE(rig_.Negotiate(features));
    rx_ = rig_.Enable(0);
    rig_.DriverOk();
  }
  bool HasNumBuffers() const { return rig_.header_bytes == 12; }
  /// num_buffers of the header in a buffer.
  unsigned NumBuffers(std::uint32_t buffer) const {
    return std::to_integer<unsigned>(rx_->buffer(buffer)[10]) |
           std::to_integer<unsigned>(rx_->buffer(buffer)[11]) << 8;
  }

  Rig rig_{GetParam()};
  std::unique_ptr<TestQueue> rx_;
};

TEST_P(Receive, AFrameComesIntoTheBufferBehindItsHeader) {
  Start();
  std::ranges::fill(rx_->buffer(0), std::byte{0xEE});
  const std::uint16_t id = rx_->PutEmpty(0);
  const Bytes frame = MakeFrame(61);
  rig_.Send(frame);
  const auto used = rx_->Take();
  ASSERT_EQ(used, (UsedBuffer{id, rig_.header_bytes + 61}));
  EXPECT_EQ(rig_.FrameIn(*rx_, 0, used->written), frame);
  EXPECT_TRUE(std::ranges::all_of(rx_->buffer(0).first(10), [](std::byte byte) {
    return byte == std::byte{0};
  })) << "5.1.6.4.1: no offloads: flags and all the rest are 0";
  if (HasNumBuffers()) {
    EXPECT_EQ(NumBuffers(0), 1u);
  }
  EXPECT_EQ(rx_->buffer(0)[used->written], std::byte{0xEE}) << "nothing behind the frame";
  EXPECT_EQ(rig_.counters().received, 1u);
}

TEST_P(Receive, ManyTimesAroundTheRingInOrder) {
  Start();
  std::uint32_t posted = 0;
  for (; posted < 100; ++posted) rx_->PutEmpty(posted);
  for (std::uint32_t n = 0; n < 2000; ++n) {
    const Bytes frame = MakeFrame(60 + n % 1000);
    rig_.Send(frame);
    const auto used = rx_->Take();
    ASSERT_TRUE(used) << n;
    ASSERT_EQ(rig_.FrameIn(*rx_, n % 100, used->written), frame) << n;
    rx_->PutEmpty(posted++ % 100);
  }
  EXPECT_EQ(rig_.host.log(), std::vector<std::string>());
}

TEST_P(Receive, ShortFramesAreNotPadded) {
  Start();
  for (std::uint32_t i = 0; i < 60; ++i) rx_->PutEmpty(i);
  for (std::uint32_t size = 1; size < 60; ++size) {
    rig_.Send(MakeFrame(size));
    EXPECT_EQ(rx_->Take()->written, rig_.header_bytes + size);
  }
}

TEST_P(Receive, WithoutABufferAFrameIsDropped) {
  Start();
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rig_.counters().no_buffer, 1u);
  rx_->PutEmpty(0);
  EXPECT_EQ(rx_->Take(), std::nullopt) << "it does not wait";
  const Bytes frame = MakeFrame(70);
  rig_.Send(frame);
  EXPECT_EQ(rig_.FrameIn(*rx_, 0, rx_->Take()->written), frame);
}

TEST_P(Receive, WithoutMergingAFrameThatDoesNotFitIsDroppedAndTheBufferStays) {
  Start();
  const std::uint16_t id = rx_->PutEmpty(0, rig_.header_bytes + 100);
  rig_.Send(MakeFrame(101));
  EXPECT_EQ(rx_->Take(), std::nullopt);
  EXPECT_EQ(rig_.counters().too_long, 1u);
  rig_.Send(MakeFrame(100));
  EXPECT_EQ(rx_->Take(), (UsedBuffer{id, rig_.header_bytes + 100}));
}

TEST_P(Receive, ABufferOfSeveralPieces) {
  Start();
  const Bytes frame = MakeFrame(300);
  const std::uint64_t at = rx_->iova(0);
  const std::vector<std::vector<std::uint32_t>> arrangements = {
      {rig_.header_bytes, 1000}, {4, 4, 4, 4, 1000}, {rig_.header_bytes + 14, 86, 1000}, {1, 2000}};
  for (const auto& sizes : arrangements) {
    std::vector<Buffer> chain;
    std::uint64_t piece = at;
    for (const std::uint32_t size : sizes) {
      chain.push_back({piece, size, true});
      piece += size;
    }
    rx_->Put(chain);
    rig_.Send(frame);
    const auto used = rx_->Take();
    ASSERT_TRUE(used);
    EXPECT_EQ(rig_.FrameIn(*rx_, 0, used->written), frame);
  }
}

// 5.1.6.4.1: "the device MUST use all buffers but the last completely".
TEST_P(Receive, MergedBuffers) {
  Start(VIRTIO_NET_F_MRG_RXBUF);
  ASSERT_EQ(rig_.header_bytes, 12u);
  std::vector<std::uint16_t> ids;
  for (std::uint32_t i = 0; i < 8; ++i) ids.push_back(rx_->PutEmpty(i, 100));
  const Bytes frame = MakeFrame(100 - 12 + 100 + 55);
  rig_.Send(frame);
  Bytes received;
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto used = rx_->Take();
    ASSERT_EQ(used, (UsedBuffer{ids[i], i < 2 ? 100u : 55u})) << i;
    const auto bytes = rx_->buffer(i).first(used->written).subspan(i == 0 ? 12 : 0);
    received.insert(received.end(), bytes.begin(), bytes.end());
  }
  EXPECT_EQ(rx_->Take(), std::nullopt);
  EXPECT_EQ(received, frame);
  EXPECT_EQ(NumBuffers(0), 3u);

  // The next one needs more than there are: none is used for it.
  rig_.Send(MakeFrame(500));
  EXPECT_EQ(rx_->Take(), std::nullopt);
  EXPECT_EQ(rig_.counters().no_buffer, 1u);
  rig_.Send(MakeFrame(88));
  EXPECT_EQ(rx_->Take(), (UsedBuffer{ids[3], 100}));
  EXPECT_EQ(NumBuffers(3), 1u);
}

TEST_P(Receive, MergedBuffersManyTimesAroundTheRing) {
  Start(VIRTIO_NET_F_MRG_RXBUF);
  std::uint32_t posted = 0;
  for (; posted < 64; ++posted) rx_->PutEmpty(posted, 128);
  std::uint32_t taken = 0;
  for (std::uint32_t n = 0; n < 500; ++n) {
    const Bytes frame = MakeFrame(60 + n * 31 % 1500);
    rig_.Send(frame);
    Bytes received;
    unsigned buffers = 1;
    for (unsigned i = 0; i < buffers; ++i) {
      const auto used = rx_->Take();
      ASSERT_TRUE(used) << n;
      if (i == 0) buffers = NumBuffers(taken % 64);
      const auto bytes = rx_->buffer(taken % 64).first(used->written).subspan(i == 0 ? 12 : 0);
      received.insert(received.end(), bytes.begin(), bytes.end());
      ++taken;
    }
    ASSERT_EQ(received, frame) << n;
    for (; posted < taken + 64; ++posted) rx_->PutEmpty(posted % 64, 128);
  }
}

TEST_P(Receive, BadFramesAreDropped) {
  Start();
  rx_->PutEmpty(0);
  const Bytes frame = MakeFrame(60);
  rig_.Send(frame, FrameCheckSequence(frame) ^ 1);
  EXPECT_EQ(rx_->Take(), std::nullopt);
  EXPECT_EQ(rig_.counters().bad, 1u);
  rig_.Send(frame, FrameCheckSequence(frame));
  EXPECT_TRUE(rx_->Take());
}

TEST_P(Receive, NothingBeforeDriverOkOrAfterAReset) {
  ASSERT_TRUE(rig_.Negotiate());
  rx_ = rig_.Enable(0);
  rx_->PutEmpty(0);
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rx_->Take(), std::nullopt);
  rig_.DriverOk();
  rig_.SetStatus(0);
  rig_.Send(MakeFrame(60));
  EXPECT_EQ(rx_->Take(), std::nullopt);
}

TEST(ReceiveMtu, LongerFramesDoNotArrive) {
  Rig rig(Mode::kModern, {.mtu = 1500});
  ASSERT_TRUE(rig.Negotiate(VIRTIO_NET_F_MTU));
  const auto rx = rig.Enable(0);
  rig.DriverOk();
  EXPECT_EQ(rig.DeviceConfig(10, 2), 1500u);
  rx->PutEmpty(0);
  rig.Send(MakeFrame(1515));
  EXPECT_EQ(rx->Take(), std::nullopt);
  rig.Send(MakeFrame(1514));
  EXPECT_TRUE(rx->Take());
}

INSTANTIATE_TEST_SUITE_P(Modes, Receive,
                         testing::Values(Mode::kLegacy, Mode::kModern, Mode::kPacked),
                         [](const auto& info) { return ModeName(info.param); });

}  // namespace
}  // namespace ixylab::emulator::virtio_net
