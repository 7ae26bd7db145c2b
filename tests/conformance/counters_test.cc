// Statistics, exact to the packet and to the byte.
#include <vector>

#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

/// Keeps the books of both ports while frames of random lengths go both ways.
class Counters : public PortsTest {
 protected:
  void Exchange(std::uint64_t count) {
    std::vector<std::uint32_t> lengths(count);
    for (unsigned from : {0u, 1u}) {
      for (std::uint32_t& length : lengths) length = RandomLength();
      ASSERT_NO_FATAL_FAILURE(Send(
          from, {.count = count, .length = [&](std::uint64_t number) { return lengths[number]; }}));
      for (std::uint32_t length : lengths) Book(from, length);
    }
  }

  void Book(unsigned from, std::uint32_t length) {
    ++expected_[from].transmitted_packets;
    expected_[from].transmitted_bytes += length;
    ++expected_[1 - from].received_packets;
    expected_[1 - from].received_bytes += length;
  }

  void ExpectBooks() {
    for (unsigned p : {0u, 1u}) ExpectStatistics(p, expected_[p]);
  }

  std::array<Statistics, 2> expected_;
};

TEST_F(Counters, ExactInBothDirections) {
  OpenBoth();
  ASSERT_NO_FATAL_FAILURE(Exchange(3000));
  ExpectBooks();
}

TEST_F(Counters, ExactAfterEveryFrame) {
  OpenBoth();
  for (int i = 0; i < 20; ++i) {
    ASSERT_NO_FATAL_FAILURE(Exchange(1));
    ExpectBooks();
  }
}

TEST_F(Counters, ReadingChangesNothing) {
  OpenBoth();
  ASSERT_NO_FATAL_FAILURE(Exchange(100));
  for (int i = 0; i < 5; ++i) ExpectBooks();
  ASSERT_NO_FATAL_FAILURE(Exchange(100));
  for (int i = 0; i < 5; ++i) ExpectBooks();
}

TEST_F(Counters, ResetStartsAtZeroAgain) {
  OpenBoth();
  ASSERT_NO_FATAL_FAILURE(Exchange(100));
  ExpectBooks();
  port(0)->ResetStatistics();
  expected_[0] = {};
  ExpectBooks();
  ASSERT_NO_FATAL_FAILURE(Exchange(100));
  ExpectBooks();
}

TEST_F(Counters, ResetForgetsWhatWasNeverRead) {
  OpenBoth();
  ASSERT_NO_FATAL_FAILURE(Exchange(100));
  for (unsigned p : {0u, 1u}) port(p)->ResetStatistics();
  expected_ = {};
  ExpectBooks();
}

TEST_F(Counters, StartAtZeroAfterReopening) {
  OpenBoth();
  ASSERT_NO_FATAL_FAILURE(Exchange(100));
  for (unsigned p : {0u, 1u}) Reopen(p);
  WaitForLinks();
  expected_ = {};
  ExpectBooks();
  ASSERT_NO_FATAL_FAILURE(Exchange(10));
  ExpectBooks();
}

TEST_F(Counters, PaddingCounts) {
  OpenBoth();
  constexpr std::uint32_t kHeader = Stream::kNumberAt;
  const Stream stream = StreamFrom(0);
  ASSERT_NO_FATAL_FAILURE(
      Send(0, {.count = kShortestFrame - kHeader, .length = [](std::uint64_t number) {
                 return kHeader + static_cast<std::uint32_t>(number);
               }}));
  for (std::uint32_t i = kHeader; i < kShortestFrame; ++i) Book(0, stream.SizeOnArrival(i));
  ExpectBooks();
}

TEST_F(Counters, RefusedFramesDoNotCount) {
  OpenBoth();
  PacketBuffer* frame = Make(0, StreamFrom(0), 0, 1515);
  EXPECT_THROW(port(0)->Transmit(0, {&frame, 1}), FrameError);
  MemoryPool::Free(frame);
  ASSERT_NO_FATAL_FAILURE(Exchange(10));
  ExpectBooks();
}

TEST_F(Counters, FilteredFramesDoNotCount) {
  OpenBoth({.promiscuous = false});
  MacAddress nobody = port(1)->mac_address();
  nobody[5] ^= 0x80;
  for (std::uint64_t i = 0; i < 10; ++i) {
    PacketBuffer* frame = Make(0, Stream(1, nobody, port(0)->mac_address()), i, 100);
    ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
    ++expected_[0].transmitted_packets;
    expected_[0].transmitted_bytes += 100;
  }
  ASSERT_NO_FATAL_FAILURE(Exchange(10));
  ExpectBooks();
}

TEST_F(Counters, BroadcastCountsLikeAnyOther) {
  OpenBoth({.promiscuous = false});
  PacketBuffer* frame = Make(0, Stream(1, kBroadcast, port(0)->mac_address()), 0, 300);
  ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
  MemoryPool::Free(Collect(1, 1));
  Book(0, 300);
  ExpectBooks();
}

}  // namespace
}  // namespace ixylab::conformance
