// Packet transmission (virtio 1.2, 5.1.6.2), over all three kinds of rings.
#include <gtest/gtest.h>

#include "tests/emulator/virtio_net/rig.h"

namespace ixylab::emulator::virtio_net {
namespace {

class Transmit : public testing::TestWithParam<Mode> {
 protected:
  void SetUp() override { Start(0); }
  void Start(std::uint64_t features) {
    ASSERT_TRUE(rig_.Negotiate(features));
    tx_ = rig_.Enable(1);
    rig_.DriverOk();
  }
  /// All chains that came back.
  std::vector<UsedBuffer> TakeAll() {
    std::vector<UsedBuffer> all;
    while (const auto used = tx_->Take()) all.push_back(*used);
    return all;
  }

  Rig rig_{GetParam()};
  std::unique_ptr<TestQueue> tx_;
};

TEST_P(Transmit, AFrameGoesOutAndItsBufferComesBack) {
  const Bytes frame = MakeFrame(60);
  const std::uint16_t id = rig_.PutFrame(*tx_, 0, frame);
  EXPECT_TRUE(rig_.partner.frames.empty());
  EXPECT_EQ(tx_->Take(), std::nullopt) << "nothing happens before the notification";
  rig_.Kick(1);
  ASSERT_EQ(rig_.partner.frames.size(), 1u);
  EXPECT_EQ(rig_.partner.frames[0], frame) << "without header, padding and CRC";
  EXPECT_EQ(tx_->Take(), (UsedBuffer{id, 0}));
  EXPECT_EQ(tx_->Take(), std::nullopt);
}

TEST_P(Transmit, WithoutANotificationNothingIsSent) {
  rig_.PutFrame(*tx_, 0, MakeFrame(60));
  rig_.Status();
  rig_.host.Sleep(milliseconds(10));
  rig_.Send(MakeFrame(60));
  EXPECT_TRUE(rig_.partner.frames.empty());
}

TEST_P(Transmit, ManyTimesAroundTheRing) {
  std::size_t sent = 0;
  for (std::uint32_t round = 0; round < 20; ++round) {
    const std::uint32_t count = 1 + round * 13 % tx_->size();
    for (std::uint32_t i = 0; i < count; ++i) rig_.PutFrame(*tx_, i, MakeFrame(60 + i));
    rig_.Kick(1);
    ASSERT_EQ(rig_.partner.frames.size(), sent + count) << "round " << round;
    for (std::uint32_t i = 0; i < count; ++i) {
      ASSERT_EQ(rig_.partner.frames[sent + i], MakeFrame(60 + i));
    }
    sent += count;
    EXPECT_EQ(TakeAll().size(), count);
  }
  EXPECT_EQ(rig_.counters().sent, sent);
  EXPECT_EQ(rig_.host.log(), std::vector<std::string>());
}

TEST_P(Transmit, AFullRingAtOnce) {
  for (std::uint32_t i = 0; i < tx_->size(); ++i) rig_.PutFrame(*tx_, i, MakeFrame(60));
  rig_.Kick(1);
  EXPECT_EQ(rig_.partner.frames.size(), tx_->size());
  EXPECT_EQ(TakeAll().size(), tx_->size());
}

// 2.7.4.1: "the device MUST NOT make assumptions about the particular arrangement of descriptors".
TEST_P(Transmit, AnyArrangementOfHeaderAndFrame) {
  const Bytes frame = MakeFrame(200);
  const std::uint32_t header = rig_.header_bytes;
  const std::uint32_t all = header + 200;
  const std::vector<std::vector<std::uint32_t>> arrangements = {
      {all},           {header, 200}, {1, all - 1}, {header + 14, 186}, {header - 1, 1, 1, 199},
      {5, 5, all - 10}};
  for (const auto& sizes : arrangements) {
    std::ranges::fill(tx_->buffer(0).first(header), std::byte{0});
    std::ranges::copy(frame, tx_->buffer(0).begin() + header);
    std::vector<Buffer> chain;
    std::uint64_t at = tx_->iova(0);
    for (const std::uint32_t size : sizes) {
      chain.push_back({at, size, false});
      at += size;
    }
    rig_.partner.frames.clear();
    const std::uint16_t id = tx_->Put(chain);
    rig_.Kick(1);
    ASSERT_EQ(rig_.partner.frames.size(), 1u);
    EXPECT_EQ(rig_.partner.frames[0], frame);
    EXPECT_EQ(tx_->Take(), (UsedBuffer{id, 0}));
  }
  EXPECT_EQ(rig_.host.log(), std::vector<std::string>());
}

TEST_P(Transmit, IndirectDescriptors) {
  Start(VIRTIO_F_INDIRECT_DESC);
  const Bytes frame = MakeFrame(300);
  TestQueue table(rig_.host, GetParam(), 4);
  std::ranges::copy(frame, tx_->buffer(0).begin() + 12);
  const std::uint32_t header = rig_.header_bytes;
  const std::uint64_t data = tx_->iova(0) + 12;
  table.SetDescriptor(0, tx_->iova(1), header, kNext, 1);
  table.SetDescriptor(1, data, 100, kNext, 2);
  table.SetDescriptor(2, data + 100, 200, 0, 0);
  if (GetParam() == Mode::kPacked) {
    tx_->SetDescriptor(0, table.descriptors(), 48, kIndirect | 1 << 7, 9);
  } else {
    tx_->SetDescriptor(0, table.descriptors(), 48, kIndirect, 0);
    tx_->MakeAvailable(0);
  }
  rig_.Kick(1);
  ASSERT_EQ(rig_.partner.frames.size(), 1u);
  EXPECT_EQ(rig_.partner.frames[0], frame);
  EXPECT_EQ(rig_.host.log(), std::vector<std::string>());
}

TEST_P(Transmit, WhileTheLinkIsDownFramesAreTakenAndLost) {
  rig_.host.Inject([&] { rig_.wire.SetPlugged(false); });
  const std::uint16_t id = rig_.PutFrame(*tx_, 0, MakeFrame(60));
  rig_.Kick(1);
  EXPECT_EQ(tx_->Take(), (UsedBuffer{id, 0}));
  rig_.host.Inject([&] { rig_.wire.SetPlugged(true); });
  EXPECT_TRUE(rig_.partner.frames.empty());
  EXPECT_EQ(rig_.counters().sent_while_down, 1u);
  EXPECT_EQ(rig_.counters().sent, 0u);
}

TEST_P(Transmit, NothingBeforeDriverOk) {
  ASSERT_TRUE(rig_.Negotiate());
  tx_ = rig_.Enable(1);
  rig_.PutFrame(*tx_, 0, MakeFrame(60));
  rig_.Kick(1);
  EXPECT_TRUE(rig_.partner.frames.empty()) << "2.1.2: no buffers before DRIVER_OK";
  rig_.DriverOk();
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
}

TEST_P(Transmit, NothingWithoutBusMastering) {
  rig_.Write(kConfigSpace, 4, 2, 3);
  rig_.PutFrame(*tx_, 0, MakeFrame(60));
  rig_.Kick(1);
  EXPECT_TRUE(rig_.partner.frames.empty());
  rig_.Write(kConfigSpace, 4, 2, 7);
  EXPECT_EQ(rig_.partner.frames.size(), 1u);
}

TEST_P(Transmit, LongFramesGoOutWhole) {
  const Bytes frame = MakeFrame(3 * TestQueue::kBufferSize);
  std::vector<Buffer> chain = {{tx_->iova(4), rig_.header_bytes, false}};
  for (std::uint32_t i = 0; i < 3; ++i) {
    std::ranges::copy(std::span(frame).subspan(i * TestQueue::kBufferSize, TestQueue::kBufferSize),
                      tx_->buffer(i).begin());
    chain.push_back({tx_->iova(i), TestQueue::kBufferSize, false});
  }
  tx_->Put(chain);
  rig_.Kick(1);
  ASSERT_EQ(rig_.partner.frames.size(), 1u);
  EXPECT_EQ(rig_.partner.frames[0], frame);
}

INSTANTIATE_TEST_SUITE_P(Modes, Transmit,
                         testing::Values(Mode::kLegacy, Mode::kModern, Mode::kPacked),
                         [](const auto& info) { return ModeName(info.param); });

}  // namespace
}  // namespace ixylab::emulator::virtio_net
