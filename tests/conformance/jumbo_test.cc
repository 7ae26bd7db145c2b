// Frames longer than 1,514 bytes, and than a buffer: the longest that a port is opened for, and the
// first that it is not.
#include <array>
#include <string>
#include <vector>

#include "tests/conformance/chains.h"
#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

constexpr std::uint32_t kJumbo = 9018;  // what an MTU of 9,000 and a VLAN tag make

class Jumbo : public PortsTest {
 protected:
  void SetUp() override {
    if (can().max_frame_size <= PacketBuffer::kCapacity)
      GTEST_SKIP() << "the target has no longer frames";
  }

  void OpenFor(std::uint32_t at_port_0, std::uint32_t at_port_1) {
    Open(0, {.buffers = 4096, .max_frame_size = at_port_0});
    Open(1, {.buffers = 4096, .max_frame_size = at_port_1});
    WaitForLinks();
  }

  PacketBuffer* Make(unsigned from, std::uint64_t number, std::uint32_t length) {
    return MakeChain(port(from).pool(), StreamFrom(from).Frame(number, length));
  }

  void ExpectRefused(std::uint32_t length) {
    SCOPED_TRACE(std::to_string(length) + " bytes");
    const std::array<PacketBuffer*, 3> frames = {Make(0, 0, 100), Make(0, 1, length),
                                                 Make(0, 2, 100)};
    try {
      port(0)->Transmit(0, frames);
      ADD_FAILURE() << "Transmit took it";
    } catch (const FrameError& error) {
      ASSERT_EQ(error.accepted, 1u);
      EXPECT_NE(std::string(error.what()).find(std::to_string(length)), std::string::npos)
          << error.what();
    }
    FreeChains(std::span(frames).subspan(1));
    const std::vector<PacketBuffer*> first = Collect(1, 1);
    ASSERT_EQ(first.size(), 1u);
    EXPECT_EQ(first[0]->size, 100u);
    FreeChains(first);
    ExpectQuiet(1);
  }
};

TEST_F(Jumbo, LengthsAroundEveryBound) {
  const std::uint32_t longest = can().max_frame_size;
  OpenFor(longest, longest);
  std::vector<std::uint32_t> lengths = {60,   64,   1513, 1514, 1515,        1518,   1519,
                                        1522, 9000, 9014, 9018, longest - 1, longest};
  for (std::uint32_t bound = PacketBuffer::kCapacity; bound + 5 < longest;
       bound += PacketBuffer::kCapacity) {
    // The CRC's 4 bytes may cross a bound as well.
    for (const std::uint32_t length :
         {bound - 5, bound - 4, bound - 3, bound - 1, bound, bound + 1, bound + 4}) {
      lengths.push_back(length);
    }
  }
  for (const unsigned from : {0u, 1u}) {
    for (const std::uint32_t length : lengths) {
      PacketBuffer* frame = Make(from, length, length);
      ASSERT_NO_FATAL_FAILURE(SendChains(from, {&frame, 1}));
      ASSERT_FALSE(HasFailure()) << length << " bytes";
    }
  }
}

TEST_F(Jumbo, RandomLengthsInBatches) {
  OpenFor(kJumbo, kJumbo);
  for (int round = 0; round < 40; ++round) {
    for (const unsigned from : {0u, 1u}) {
      std::array<PacketBuffer*, 16> frames;
      for (std::uint64_t number = 0; number < frames.size(); ++number) {
        frames[number] = Make(from, number, 60 + random()() % (kJumbo - 59));
      }
      ASSERT_NO_FATAL_FAILURE(SendChains(from, frames));
      ASSERT_FALSE(HasFailure());
    }
  }
}

// Whatever a port is opened for, it takes that and not a byte more.
TEST_F(Jumbo, LongestIsExact) {
  for (const std::uint32_t longest :
       {1514u, 1515u, 1522u, 2047u, 2048u, 2049u, 4096u, kJumbo, can().max_frame_size}) {
    SCOPED_TRACE("longest: " + std::to_string(longest));
    OpenFor(longest, std::max(longest, 2049u));
    EXPECT_EQ(port(0)->max_frame_size(), longest);
    for (const std::uint32_t length : {longest - 1, longest}) {
      PacketBuffer* frame = longest > PacketBuffer::kCapacity
                                ? Make(0, length, length)
                                : MakeFrame(0, StreamFrom(0).Frame(length, length));
      ASSERT_NO_FATAL_FAILURE(SendChains(0, {&frame, 1}));
    }
    // A frame of one buffer more would need `next`, which only ports with longer frames read.
    if (longest != PacketBuffer::kCapacity) {
      ASSERT_NO_FATAL_FAILURE(ExpectRefused(longest + 1));
    }
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(Jumbo, ReceiverDropsAndCountsLongerOnes) {
  for (const std::uint32_t longest : {1514u, 1515u, 2048u, 2049u, 4000u, kJumbo - 1}) {
    SCOPED_TRACE("longest: " + std::to_string(longest));
    OpenFor(kJumbo, longest);
    const std::array<PacketBuffer*, 5> frames = {Make(0, 0, longest), Make(0, 1, longest + 1),
                                                 Make(0, 2, longest - 1), Make(0, 3, kJumbo),
                                                 Make(0, 4, longest)};
    ASSERT_NO_FATAL_FAILURE(SendAll(0, frames));
    const std::vector<PacketBuffer*> received = Collect(1, 3);
    std::size_t at = 0;
    for (const std::uint32_t length : {longest, longest - 1, longest}) {
      ASSERT_LT(at, received.size());
      const Bytes expected = StreamFrom(0).Frame(2 * at, length);
      const PacketBuffer& frame = *received[at++];
      // Without longer frames nobody writes `next`.
      EXPECT_TRUE((longest > PacketBuffer::kCapacity ? ChainBytes(frame) : BytesIn(frame)) ==
                  expected);
    }
    if (longest > PacketBuffer::kCapacity) {
      FreeChains(received);
    } else {
      MemoryPool::Free(received);
    }
    ExpectQuiet(1);
    ExpectStatistics(1, {.received_packets = 3,
                         .received_bytes = 3 * std::uint64_t{longest} - 1,
                         .receive_errors = 2});
    ASSERT_FALSE(HasFailure());
  }
}

// A tag that the device moves is no part of the length.
TEST_F(Jumbo, LongestWithATag) {
  if (!can().vlan_offload) GTEST_SKIP() << "the target does not move tags";
  for (const std::uint32_t longest : {1515u, 2048u, kJumbo, can().max_frame_size}) {
    SCOPED_TRACE("longest: " + std::to_string(longest));
    OpenBoth({.buffers = 4096, .vlan_offload = true, .max_frame_size = longest});
    PacketBuffer* frame = Make(0, longest, longest);
    const Bytes bytes = ChainBytes(*frame);
    frame->offloads.flags = Offloads::kVlan;
    frame->offloads.vlan = 0x8123;
    ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
    const std::vector<PacketBuffer*> received = Collect(1, 1);
    ASSERT_EQ(received.size(), 1u);
    const bool chains = longest > PacketBuffer::kCapacity;
    EXPECT_TRUE((chains ? ChainBytes(*received[0]) : BytesIn(*received[0])) == bytes);
    EXPECT_EQ(received[0]->offloads.flags, Offloads::kVlan);
    EXPECT_EQ(received[0]->offloads.vlan, 0x8123);
    chains ? FreeChains(received) : MemoryPool::Free(received);
  }
}

TEST_F(Jumbo, CountsAreExact) {
  OpenFor(kJumbo, kJumbo);
  std::uint64_t bytes = 0;
  for (const std::uint32_t length : {60u, 1514u, 1515u, 2049u, 5000u, kJumbo}) {
    PacketBuffer* frame = Make(0, 0, length);
    ASSERT_NO_FATAL_FAILURE(SendChains(0, {&frame, 1}));
    bytes += length;
  }
  ExpectStatistics(0, {.transmitted_packets = 6, .transmitted_bytes = bytes});
  ExpectStatistics(1, {.received_packets = 6, .received_bytes = bytes});
}

// A receiver that does not keep up loses whole frames, and what it gets is whole.
TEST_F(Jumbo, SlowReaderLosesWholeFrames) {
  constexpr std::uint64_t kFrames = 100;
  Open(0, {.buffers = 4096, .max_frame_size = kJumbo});
  Open(1, {.receive_descriptors = 64, .max_frame_size = kJumbo});
  WaitForLinks();
  for (int round = 0; round < 3; ++round) {
    std::uint64_t received = 0;
    for (std::uint64_t number = 0; number < kFrames; number += 10) {
      std::array<PacketBuffer*, 10> frames;
      for (std::size_t i = 0; i < frames.size(); ++i) {
        frames[i] = Make(0, number + i, kJumbo - 700 * static_cast<std::uint32_t>(i));
      }
      ASSERT_NO_FATAL_FAILURE(SendAll(0, frames));
    }
    ASSERT_NO_FATAL_FAILURE(WaitUntilSent(0, kFrames * (round + 1)));
    for (const PacketBuffer* frame : CollectRest(1)) {
      const std::uint64_t number = Stream::NumberOf(*frame);
      EXPECT_TRUE(ChainBytes(*frame) == StreamFrom(0).Frame(number, kJumbo - 700 * (number % 10)));
      FreeChain(const_cast<PacketBuffer*>(frame));
      ++received;
    }
    EXPECT_GT(received, 0u);
    EXPECT_LT(received, kFrames);
    if (!can().counts_missed) continue;
    const Statistics statistics = port(1)->ReadStatistics();
    EXPECT_EQ(statistics.received_packets + statistics.missed_packets, kFrames * (round + 1));
    EXPECT_EQ(statistics.receive_errors, 0u);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace ixylab::conformance
