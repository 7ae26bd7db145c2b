// Batches, rings that wrap, and order.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

using Batches = PortsTest;

TEST_F(Batches, EverySizeFrom1To512) {
  OpenBoth({.receive_descriptors = 1024, .transmit_descriptors = 1024});
  for (std::size_t size = 1; size <= 512; ++size) {
    ASSERT_NO_FATAL_FAILURE(Send(size % 2, {.count = size, .batch = size, .window = size}))
        << "batch of " << size;
  }
}

TEST_F(Batches, OneCallTakesWhatAnEmptyRingHasRoomFor) {
  OpenBoth({.receive_descriptors = 1024, .transmit_descriptors = 1024});
  const Stream stream = StreamFrom(0);
  std::vector<PacketBuffer*> frames(RingSize(1024) / 2);
  for (std::size_t i = 0; i < frames.size(); ++i) frames[i] = Make(0, stream, i, 60);
  const std::size_t taken = port(0)->Transmit(0, frames);
  MemoryPool::Free(std::span(frames).subspan(taken));
  EXPECT_EQ(taken, frames.size());
  const std::vector<PacketBuffer*> received = Collect(1, taken);
  EXPECT_EQ(received.size(), taken);
  MemoryPool::Free(received);
}

TEST_F(Batches, EmptyOnesDoNothing) {
  OpenBoth();
  for (unsigned p : {0u, 1u}) {
    EXPECT_EQ(port(p)->Transmit(0, {}), 0u);
    EXPECT_EQ(port(p)->Receive(0, {}), 0u);
  }
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic());
  for (unsigned p : {0u, 1u}) EXPECT_EQ(port(p)->Receive(0, {}), 0u);
}

TEST_F(Batches, ReceiveInOtherSizesThanSent) {
  OpenBoth({.receive_descriptors = 1024, .transmit_descriptors = 1024});
  const Stream stream = StreamFrom(0);
  for (const std::size_t size : {1u, 2u, 3u, 7u, 31u, 64u, 127u, 300u, 512u}) {
    std::vector<PacketBuffer*> frames(std::min(300u, RingSize(1024) / 2));
    for (std::size_t i = 0; i < frames.size(); ++i) frames[i] = Make(0, stream, i, 100);
    ASSERT_NO_FATAL_FAILURE(SendAll(0, frames));
    std::size_t received = 0;
    std::vector<PacketBuffer*> batch(size);
    ASSERT_TRUE(target().Until(
        [&] {
          const std::size_t n = port(1)->Receive(0, batch);
          for (std::size_t i = 0; i < n; ++i) {
            EXPECT_TRUE(stream.Matches(*batch[i], received++, 100));
          }
          MemoryPool::Free(std::span(batch).first(n));
          return received >= frames.size() || HasFailure();
        },
        kDeadline))
        << received << " frames in batches of " << size;
    ASSERT_EQ(received, frames.size());
  }
}

/// Rings of each size, wrapped more than ten times by batches that do and do not divide them.
class Rings : public PortsTest, public testing::WithParamInterface<std::uint32_t> {};

TEST_P(Rings, WrapMoreThanTenTimes) {
  const std::uint32_t size = GetParam();
  OpenBoth({.receive_descriptors = size, .transmit_descriptors = size});
  for (const std::size_t batch : {std::size_t{32}, std::size_t{31}, std::size_t{size / 2}}) {
    for (unsigned from : {0u, 1u}) {
      ASSERT_NO_FATAL_FAILURE(
          Send(from, {.count = 11 * RingSize(size) + 7, .batch = batch, .window = size / 2}))
          << "batch of " << batch;
    }
  }
}

TEST_P(Rings, ReceiveAndTransmitSizesDiffer) {
  const std::uint32_t other = 64 * 4096 / GetParam();
  OpenBoth({.receive_descriptors = GetParam(), .transmit_descriptors = other});
  for (unsigned from : {0u, 1u}) {
    ASSERT_NO_FATAL_FAILURE(Send(from, {.count = 11 * RingSize(std::max(GetParam(), other)),
                                        .window = std::min(GetParam(), other) / 2}));
  }
}

// Batches of all sizes, so that they meet the end of the rings at every place.
TEST_P(Rings, WrapAtEveryPlace) {
  OpenBoth({.receive_descriptors = GetParam(), .transmit_descriptors = GetParam()});
  for (const std::size_t batch : {1u, 2u, 3u, 5u, 7u, 13u, 29u}) {
    // A last frame more than whole batches: the next round begins at another place.
    const std::uint64_t count = (RingSize(GetParam()) / batch + 1) * batch + 1;
    for (unsigned from : {0u, 1u}) {
      ASSERT_NO_FATAL_FAILURE(Send(from, {.count = count, .batch = batch, .window = batch}))
          << "batch of " << batch;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Rings, testing::Values(64, 128, 256, 512, 1024, 2048, 4096),
                         [](const auto& info) { return std::to_string(info.param); });

}  // namespace
}  // namespace ixylab::conformance
