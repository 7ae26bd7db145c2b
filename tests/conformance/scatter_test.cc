// Frames in several buffers: sent in pieces of every size, received in pieces, passed on as they
// are; and what happens where buffers or descriptors are short.
#include <algorithm>
#include <array>
#include <vector>

#include "tests/conformance/chains.h"
#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

constexpr std::uint32_t kJumbo = 9018;
// What a frame can be sent in (82599: DPDK, IXGBE_TX_MAX_SEG).
constexpr std::uint32_t kMostPieces = 40;

using Pieces = std::vector<std::uint32_t>;

class Scatter : public PortsTest {
 protected:
  void SetUp() override {
    if (can().max_frame_size <= PacketBuffer::kCapacity)
      GTEST_SKIP() << "the target has no frames of several buffers";
  }

  void OpenForChains(PortOptions options = {}) {
    options.max_frame_size = kJumbo;
    if (options.buffers == 0) options.buffers = 4096;
    OpenBoth(options);
  }

  PacketBuffer* Make(unsigned from, std::uint64_t number, std::uint32_t length,
                     const Pieces& pieces) {
    return MakeChain(port(from).pool(), StreamFrom(from).Frame(number, length), pieces);
  }

  /// Random pieces: some single bytes, some full buffers, no more than there may be.
  Pieces RandomPieces(std::uint32_t length) {
    Pieces pieces;
    for (std::uint32_t left = length; left > 0; left -= pieces.back()) {
      const std::size_t more = kMostPieces - pieces.size() - 1;
      // What must be in this piece, so that the others can take the rest.
      const std::uint32_t least =
          left > more * PacketBuffer::kCapacity
              ? left - static_cast<std::uint32_t>(more) * PacketBuffer::kCapacity
              : 1;
      const std::uint32_t most = std::min(left, PacketBuffer::kCapacity);
      const std::uint32_t wish[] = {1, 2, static_cast<std::uint32_t>(random()() % 64),
                                    static_cast<std::uint32_t>(random()() % 2048), most};
      pieces.push_back(std::clamp(wish[random()() % 5], least, most));
    }
    return pieces;
  }
};

TEST_F(Scatter, PiecesOfEverySize) {
  OpenForChains();
  const std::vector<Pieces> kinds = {
      {1},       {2},       {3},    {7},     {13, 1}, {14, 20, 8}, {6, 6, 2, 500},
      {1, 2048}, {2047, 1}, {2048}, {63, 65}};
  for (const Pieces& pieces : kinds) {
    std::uint32_t sum = 0;
    for (const std::uint32_t piece : pieces) sum += piece;
    // As many pieces as there may be, or as many bytes.
    const std::uint32_t most = std::min<std::uint32_t>(
        kJumbo, kMostPieces / static_cast<std::uint32_t>(pieces.size()) * sum);
    for (const std::uint32_t length : {most, most - 1, std::min(60u, most)}) {
      for (const unsigned from : {0u, 1u}) {
        PacketBuffer* frame = Make(from, length, length, pieces);
        ASSERT_NO_FATAL_FAILURE(SendChains(from, {&frame, 1}));
        ASSERT_FALSE(HasFailure()) << "pieces " << testing::PrintToString(pieces);
      }
    }
  }
}

TEST_F(Scatter, ChainsAndSingleBuffersInOneBatch) {
  OpenForChains();
  for (int round = 0; round < 60; ++round) {
    std::array<PacketBuffer*, 12> frames;
    for (std::uint64_t number = 0; number < frames.size(); ++number) {
      const bool single = random()() % 3 == 0;
      const auto length = static_cast<std::uint32_t>(60 + random()() % (single ? 1900 : 8900));
      frames[number] = Make(0, number, length, single ? Pieces{2048} : RandomPieces(length));
    }
    ASSERT_NO_FATAL_FAILURE(SendChains(0, frames));
    ASSERT_FALSE(HasFailure());
  }
}

// The ring has room for one such chain at a time, at every place of it.
TEST_F(Scatter, LongChainsThroughASmallRing) {
  OpenForChains({.receive_descriptors = 64, .transmit_descriptors = 64});
  for (std::uint64_t number = 0; number < 200; ++number) {
    const std::uint32_t pieces = number % 2 == 0 ? kMostPieces : 1 + number % kMostPieces;
    std::array<PacketBuffer*, 3> frames;
    for (PacketBuffer*& frame : frames) frame = Make(0, number, 100 * pieces, {100});
    ASSERT_NO_FATAL_FAILURE(SendChains(0, frames));
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(Scatter, MorePiecesThanCanBeSentAreRefused) {
  OpenForChains();
  const std::array<PacketBuffer*, 3> frames = {
      Make(0, 0, kMostPieces, {1}), Make(0, 1, kMostPieces + 1, {1}), Make(0, 2, 100, {2048})};
  try {
    port(0)->Transmit(0, frames);
    ADD_FAILURE() << "Transmit took it";
  } catch (const FrameError& error) {
    EXPECT_EQ(error.accepted, 1u);
    FreeChains(std::span(frames).subspan(error.accepted));
  }
  FreeChains(Collect(1, 1));
  // An empty piece is none either.
  PacketBuffer* frame = Make(0, 3, 100, {50});
  frame->next->size = 0;
  EXPECT_THROW(port(0)->Transmit(0, {&frame, 1}), FrameError);
  FreeChain(frame);
  ExpectQuiet(1);
  frame = Make(0, 4, 1000, {10, 50});
  SendChains(0, {&frame, 1});
}

// What does not fit stays the caller's, whole.
TEST_F(Scatter, FullRingTakesWholeChains) {
  if (!can().can_unplug || !can().holds_frames)
    GTEST_SKIP() << "the target cannot hold frames back";
  OpenForChains({.transmit_descriptors = 64});
  target().SetCable(false);
  ASSERT_TRUE(target().Until([&] { return !port(0)->Link().up; }, kDeadline));
  std::vector<PacketBuffer*> frames(20);
  for (std::uint64_t number = 0; number < frames.size(); ++number)
    frames[number] = Make(0, number, 700, {100});
  const std::size_t taken = Offer(0, frames);
  EXPECT_GE(taken, 32u / 7);
  EXPECT_LE(taken, 63u / 7);
  for (const PacketBuffer* frame : std::span(frames).subspan(taken))
    EXPECT_EQ(PiecesOf(*frame), 7u);
  target().SetCable(true);
  WaitForLinks();
  const std::vector<PacketBuffer*> first = Collect(1, taken);
  for (std::size_t i = 0; i < first.size(); ++i)
    EXPECT_TRUE(ChainBytes(*first[i]) == StreamFrom(0).Frame(i, 700));
  EXPECT_EQ(first.size(), taken);
  FreeChains(first);
  SendChains(0, std::span(frames).subspan(taken));
}

TEST_F(Scatter, ReceivedChainIsPassedOn) {
  OpenForChains();
  for (const std::uint32_t length : {60u, 2048u, 2049u, 4096u, 6000u, kJumbo}) {
    PacketBuffer* frame = Make(0, length, length, {2048});
    const Bytes bytes = ChainBytes(*frame);
    ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
    const std::vector<PacketBuffer*> there = Collect(1, 1);
    ASSERT_EQ(there.size(), 1u);
    EXPECT_TRUE(ChainBytes(*there[0]) == bytes);
    ASSERT_NO_FATAL_FAILURE(SendChains(1, there));
    ASSERT_FALSE(HasFailure());
  }
}

// With few buffers free only whole frames come, in their order, and the rest when there are more.
TEST_F(Scatter, PoolIsNearlyEmpty) {
  constexpr std::uint32_t kRing = 64;
  constexpr std::uint64_t kFrames = 10;
  for (const std::size_t spare : {5u, 6u, 7u, 11u}) {
    SCOPED_TRACE(std::to_string(spare) + " buffers to spare");
    Open(0, {.buffers = 1024, .max_frame_size = kJumbo});
    Open(1, {.receive_descriptors = kRing, .buffers = kRing + spare, .max_frame_size = kJumbo});
    WaitForLinks();
    std::array<PacketBuffer*, kFrames> frames;
    for (std::uint64_t number = 0; number < kFrames; ++number)
      frames[number] = Make(0, number, 9000 - 2000 * (number % 4), {2048});  // 5, 4, 3, 2 buffers
    ASSERT_NO_FATAL_FAILURE(SendAll(0, frames));
    std::uint64_t number = 0;
    while (number < kFrames) {
      std::vector<PacketBuffer*> some = Collect(1, 1);
      ASSERT_EQ(some.size(), 1u) << "after " << number << " frames";
      some.resize(kFrames);
      some.resize(1 + port(1)->Receive(0, std::span(some).subspan(1)));
      std::size_t pieces = 0;
      for (const PacketBuffer* frame : some) {
        EXPECT_TRUE(ChainBytes(*frame) == StreamFrom(0).Frame(number, 9000 - 2000 * (number % 4)))
            << "frame " << number;
        pieces += PiecesOf(*frame);
        ++number;
      }
      EXPECT_LE(pieces, spare);
      FreeChains(some);
      ASSERT_FALSE(HasFailure());
    }
    EXPECT_EQ(number, kFrames);
    ExpectQuiet(1);
  }
}

// Buffers of chains under way, and of frames that are not received yet, come back; TearDown counts.
TEST_F(Scatter, ClosingReturnsChains) {
  for (int round = 0; round < 5; ++round) {
    OpenForChains();
    std::array<PacketBuffer*, 8> frames;
    for (PacketBuffer*& frame : frames) frame = Make(0, 1, kJumbo, RandomPieces(kJumbo));
    const std::size_t taken = Offer(0, frames);
    FreeChains(std::span(frames).subspan(taken));
    FreeChains(Collect(1, 3));
    for (const unsigned number : {0u, 1u}) {
      Close(number);
      EXPECT_EQ(port(number).pool().available(), port(number).pool().size());
    }
  }
}

TEST_F(Scatter, ClosingReturnsAFrameReceivedInPart) {
  constexpr std::uint32_t kRing = 64;
  Open(0, {.buffers = 1024, .max_frame_size = kJumbo});
  Open(1, {.receive_descriptors = kRing, .buffers = kRing + 3, .max_frame_size = kJumbo});
  WaitForLinks();
  PacketBuffer* frame = Make(0, 0, kJumbo, {2048});  // five buffers
  ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
  ASSERT_NO_FATAL_FAILURE(WaitUntilSent(0, 1));
  EXPECT_TRUE(CollectRest(1).empty());
  Close(1);
  EXPECT_EQ(port(1).pool().available(), kRing + 3);
}

// The device adds up over all pieces, wherever a header is cut.
TEST_F(Scatter, ChecksumOverAChain) {
  if (!can().checksum_offload) GTEST_SKIP() << "the target has no checksum offload";
  OpenBoth({.buffers = 4096, .checksum_offload = true, .max_frame_size = kJumbo});
  for (const Pieces& pieces :
       {Pieces{14, 20, 8, 2048}, Pieces{1, 60, 301}, Pieces{333}, Pieces{2048}}) {
    for (const Transport transport : {Transport::kTcp, Transport::kUdp}) {
      const Packet right = MakePacket(port(1)->mac_address(), port(0)->mac_address(),
                                      {.transport = transport, .payload = 4001});
      Bytes blank = right.bytes;
      PutNumber(blank, right.ip_checksum_at(), 2, 0);
      PutNumber(blank, right.checksum_at(), 2, right.PseudoHeaderSum());
      PacketBuffer* frame = MakeChain(port(0).pool(), blank, pieces);
      frame->offloads = {
          .flags = static_cast<std::uint16_t>(
              Offloads::kIpv4Checksum |
              (transport == Transport::kTcp ? Offloads::kTcpChecksum : Offloads::kUdpChecksum)),
          .network_at = static_cast<std::uint16_t>(right.network_at),
          .transport_at = static_cast<std::uint16_t>(right.transport_at)};
      ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
      const std::vector<PacketBuffer*> received = Collect(1, 1);
      ASSERT_EQ(received.size(), 1u);
      EXPECT_TRUE(ChainBytes(*received[0]) == right.bytes);
      EXPECT_EQ(received[0]->offloads.flags, Offloads::kIpChecksumGood | Offloads::kL4ChecksumGood);
      FreeChains(received);
    }
  }
}

}  // namespace
}  // namespace ixylab::conformance
