// One frame at a time: lengths, contents, padding, and what is refused.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

using Frames = PortsTest;

TEST_F(Frames, EveryLengthFrom60To1514) {
  OpenBoth();
  const auto length = [](std::uint64_t number) {
    return kShortestFrame + static_cast<std::uint32_t>(number);
  };
  for (unsigned from : {0u, 1u}) {
    ASSERT_NO_FATAL_FAILURE(
        Send(from, {.count = kLongestFrame - kShortestFrame + 1, .batch = 1, .length = length}));
  }
}

// Padded with zeros to 60 bytes, or as it was sent if the target does not pad; then it needs a
// header.
TEST_F(Frames, EveryShortLengthArrives) {
  OpenBoth();
  const std::uint32_t shortest = can().pads_short_frames ? 1 : Stream::kNumberAt;
  const auto length = [&](std::uint64_t number) {
    return shortest + static_cast<std::uint32_t>(number);
  };
  for (unsigned from : {0u, 1u}) {
    ASSERT_NO_FATAL_FAILURE(
        Send(from, {.count = kShortestFrame - shortest, .batch = 1, .length = length}));
  }
}

TEST_F(Frames, RandomLengthsInOneBatch) {
  OpenBoth();
  std::vector<std::uint32_t> lengths(2000);
  for (std::uint32_t& length : lengths) length = RandomLength();
  for (unsigned from : {0u, 1u}) {
    ASSERT_NO_FATAL_FAILURE(Send(
        from,
        {.count = lengths.size(), .batch = 100, .window = 200, .length = [&](std::uint64_t number) {
           return lengths[number];
         }}));
  }
}

TEST_F(Frames, PatternsArriveUnchanged) {
  OpenBoth();
  for (const unsigned pattern : {0x00u, 0xFFu, 0x55u, 0xAAu}) {
    for (const std::uint32_t length : {kShortestFrame, 61u, 64u, 1000u, kLongestFrame}) {
      PacketBuffer* sent = Make(0, StreamFrom(0), 0, length);
      std::memset(sent->data() + 14, static_cast<int>(pattern), length - 14);
      const std::vector<std::byte> expected(sent->data(), sent->data() + length);
      ASSERT_NO_FATAL_FAILURE(SendAll(0, {&sent, 1}));
      const std::vector<PacketBuffer*> received = Collect(1, 1);
      ASSERT_EQ(received.size(), 1u);
      const std::span<std::byte> frame = received[0]->frame();
      EXPECT_EQ(std::vector<std::byte>(frame.begin(), frame.end()), expected)
          << "pattern " << pattern << ", " << length << " bytes";
      MemoryPool::Free(received);
    }
  }
}

/// Transmits `count` frames of which the one at `bad` has `size` bytes, and expects the ones before
/// it to go, the others to stay here, and the device to work on.
class RefusedFrames : public PortsTest {
 protected:
  void ExpectRefused(std::uint32_t size, std::size_t bad, std::size_t count = 8) {
    SCOPED_TRACE("frame " + std::to_string(bad) + " of " + std::to_string(size) + " bytes");
    const Stream stream = StreamFrom(0);
    std::vector<PacketBuffer*> frames(count);
    for (std::size_t i = 0; i < count; ++i) frames[i] = Make(0, stream, i, 100);
    frames[bad]->size = size;

    std::size_t accepted = count + 1;
    try {
      port(0)->Transmit(0, frames);
      ADD_FAILURE() << "Transmit took it";
    } catch (const FrameError& error) {
      accepted = error.accepted;
      EXPECT_NE(std::string(error.what()).find(std::to_string(size)), std::string::npos)
          << "does not say how long the frame is: " << error.what();
    }
    ASSERT_EQ(accepted, bad);
    MemoryPool::Free(std::span(frames).subspan(accepted));

    const std::vector<PacketBuffer*> received = Collect(1, accepted);
    EXPECT_EQ(received.size(), accepted);
    for (std::size_t i = 0; i < received.size(); ++i) {
      EXPECT_TRUE(stream.Matches(*received[i], i, 100));
    }
    MemoryPool::Free(received);
    ExpectQuiet(1);
    ASSERT_NO_FATAL_FAILURE(Send(0, {.count = 50}));
  }
};

TEST_F(RefusedFrames, LongerThanTheLongest) {
  OpenBoth();
  for (const std::uint32_t size : {1515u, 1516u, 1518u, 1519u, 1522u, 2047u, 2048u}) {
    ASSERT_NO_FATAL_FAILURE(ExpectRefused(size, 3));
  }
}

TEST_F(RefusedFrames, LongerThanTheBuffer) {
  OpenBoth();
  // 65,596 is 60 in the 16 bits that a length field may have.
  for (const std::uint32_t size : {2049u, 16384u, 65535u, 65596u, 0x80000000u, 0xFFFFFFFFu}) {
    ASSERT_NO_FATAL_FAILURE(ExpectRefused(size, 3));
  }
}

TEST_F(RefusedFrames, Empty) {
  OpenBoth();
  ASSERT_NO_FATAL_FAILURE(ExpectRefused(0, 3));
}

TEST_F(RefusedFrames, AtEveryPlaceInABatch) {
  OpenBoth();
  for (std::size_t place = 0; place < 8; ++place) {
    ASSERT_NO_FATAL_FAILURE(ExpectRefused(1515, place));
    ASSERT_NO_FATAL_FAILURE(ExpectRefused(0, place));
  }
}

TEST_F(RefusedFrames, ManyTimesOverManyRings) {
  OpenBoth({.receive_descriptors = 64, .transmit_descriptors = 64});
  for (int i = 0; i < 100; ++i) ASSERT_NO_FATAL_FAILURE(ExpectRefused(1515, 7));
}

}  // namespace
}  // namespace ixylab::conformance
