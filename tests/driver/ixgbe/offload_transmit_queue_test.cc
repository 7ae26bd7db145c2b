// The transmit ring with offloads against what the chip reads and writes, by the numbers of
// sections 7.2.3.2.3 (context descriptor) and 7.2.3.2.4 (data descriptor).
#include "driver/ixgbe/offload_transmit_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "driver/memory_pool.h"
#include "tests/driver/ixgbe/recorded_tail.h"
#include "tests/driver/scripted_dma.h"

namespace ixylab::ixgbe {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kEntries = 64;
constexpr std::uint32_t kMaxFrameSize = 15868;

// Data: DTYP 3 (bits 20-23), EOP (24), IFCS (25), RS (27), DEXT (29), VLE (30); DD (32), CC (39),
// IXSM (40), TXSM (41), PAYLEN (46-63).
constexpr std::uint64_t kData = 0x2230'0000, kEop = 0x0100'0000, kRs = 0x0800'0000;
constexpr std::uint64_t kVle = 0x4000'0000, kDd = 0x1'0000'0000, kCc = 0x80'0000'0000;
constexpr std::uint64_t kIxsm = 0x100'0000'0000, kTxsm = 0x200'0000'0000;
// Context: DTYP 2, DEXT; TUCMD: IPV4 (10), L4T 1, TCP (11).
constexpr std::uint64_t kContext = 0x2020'0000, kIpv4 = 0x400, kTcp = 0x800;

constexpr std::uint64_t Payload(std::uint64_t size) { return size << 46; }

class OffloadTransmitQueueTest : public testing::Test {
 protected:
  explicit OffloadTransmitQueueTest(const DeviceConfig& config = {.transmit_descriptors = kEntries,
                                                                  .checksum_offload = true,
                                                                  .vlan_offload = true,
                                                                  .max_frame_size = kMaxFrameSize})
      : queue_(dma_, config, RecordedTail{&tails_}) {
    const std::span<std::byte> memory = dma_.last();
    words_ = {reinterpret_cast<std::uint64_t*>(memory.data()), 2 * kEntries};
  }
  ~OffloadTransmitQueueTest() override {
    queue_.Clear();
    EXPECT_EQ(pool_.available(), pool_.size()) << "buffers are lost";
  }

  std::uint64_t& low(std::size_t i) { return words_[2 * (i % kEntries)]; }
  std::uint64_t& high(std::size_t i) { return words_[2 * (i % kEntries) + 1]; }

  PacketBuffer* Frame(const Offloads& offloads, std::uint32_t size = 100) {
    PacketBuffer* const frame = Chain({size});
    frame->offloads = offloads;
    return frame;
  }
  PacketBuffer* Chain(const std::vector<std::uint32_t>& sizes) {
    PacketBuffer* first = nullptr;
    PacketBuffer** link = &first;
    for (const std::uint32_t size : sizes) {
      *link = pool_.Allocate();
      (*link)->size = size;
      link = &(*link)->next;
    }
    return first;
  }
  static void FreeChain(PacketBuffer* part) {
    while (part != nullptr) {
      PacketBuffer* const next = part->next;
      MemoryPool::Free(part);
      part = next;
    }
  }
  bool Send(PacketBuffer* frame) { return queue_.Transmit({&frame, 1}) == 1; }

  /// The error that `frame` meets behind a good one, of which it is the second.
  std::string Refused(PacketBuffer* frame) {
    PacketBuffer* const frames[] = {Chain({60}), frame, Chain({60})};
    const std::uint32_t sent = tails_.empty() ? 0 : tails_.back();
    std::string message;
    try {
      queue_.Transmit(frames);
      ADD_FAILURE() << "the frame was taken";
    } catch (const FrameError& error) {
      EXPECT_EQ(error.accepted, 1u);
      EXPECT_EQ(tails_.back(), sent + 1) << "the frame before is sent";
      message = error.what();
    }
    FreeChain(frames[1]);
    FreeChain(frames[2]);
    return message;
  }

  /// The chip sends everything up to the tail: DD in each descriptor that asks for a report.
  void CompleteAll() {
    const std::size_t tail = tails_.empty() ? 0 : tails_.back();
    for (; head_ != tail; head_ = (head_ + 1) % kEntries) {
      if ((high(head_) & kRs) != 0) high(head_) |= kDd;
    }
  }
  std::size_t in_flight() const { return pool_.size() - pool_.available(); }

  ScriptedDma dma_;
  MemoryPool pool_{dma_, 300};
  std::vector<std::uint32_t> tails_;
  OffloadTransmitQueue<RecordedTail> queue_;
  std::span<std::uint64_t> words_;
  std::size_t head_ = 0;
};

TEST_F(OffloadTransmitQueueTest, AFrameThatAsksForNothing) {
  PacketBuffer* const frame =
      Frame({.flags = Offloads::kIpChecksumGood | Offloads::kL4ChecksumBad});
  ASSERT_TRUE(Send(frame));
  EXPECT_EQ(low(0), frame->iova);
  EXPECT_EQ(high(0), kData | kEop | 100 | Payload(100)) << "what was received asks for nothing";
  EXPECT_EQ(tails_.back(), 1u);
}

TEST_F(OffloadTransmitQueueTest, VlanTag) {
  ASSERT_TRUE(Send(Frame({.flags = Offloads::kVlan, .vlan = 0xE123})));
  EXPECT_EQ(low(0), 0xE123'0000u | 14 << 9);  // VLAN, MACLEN
  EXPECT_EQ(high(0), kContext);
  EXPECT_EQ(high(1), kData | kEop | kVle | kCc | 100 | Payload(100));
  EXPECT_EQ(tails_.back(), 2u);
}

TEST_F(OffloadTransmitQueueTest, Checksums) {
  struct Case {
    std::uint16_t flags;
    std::uint64_t context, data;
  };
  std::size_t at = 0;
  for (const Case& c :
       {Case{Offloads::kIpv4Checksum, kIpv4, kIxsm}, Case{Offloads::kTcpChecksum, kTcp, kTxsm},
        Case{Offloads::kUdpChecksum, 0, kTxsm},
        Case{Offloads::kIpv4Checksum | Offloads::kTcpChecksum, kIpv4 | kTcp, kIxsm | kTxsm},
        Case{Offloads::kIpv4Checksum | Offloads::kUdpChecksum, kIpv4, kIxsm | kTxsm}}) {
    ASSERT_TRUE(Send(Frame({.flags = c.flags, .network_at = 18, .transport_at = 42})));
    EXPECT_EQ(low(at), 18u << 9 | 24) << "MACLEN, IPLEN";
    EXPECT_EQ(high(at++), kContext | c.context);
    EXPECT_EQ(high(at++), kData | kEop | kCc | c.data | 100 | Payload(100));
  }
}

TEST_F(OffloadTransmitQueueTest, AContextIsWrittenOnlyWhenItChanges) {
  const Offloads tcp = {.flags = Offloads::kTcpChecksum, .network_at = 14, .transport_at = 34};
  const Offloads tagged = {.flags = Offloads::kVlan, .vlan = 7};
  const auto descriptors = [&](const Offloads& offloads) {
    const std::uint32_t before = tails_.empty() ? 0 : tails_.back();
    EXPECT_TRUE(Send(Frame(offloads)));
    return tails_.back() - before;
  };
  EXPECT_EQ(descriptors(tcp), 2u);
  EXPECT_EQ(descriptors(tcp), 1u);
  EXPECT_EQ(descriptors({}), 1u);
  EXPECT_EQ(descriptors(tcp), 1u) << "a frame without offloads changes no context";
  EXPECT_EQ(descriptors(tagged), 2u);
  EXPECT_EQ(descriptors({.flags = Offloads::kVlan, .vlan = 8}), 2u);
  EXPECT_EQ(descriptors(tcp), 2u);
}

TEST_F(OffloadTransmitQueueTest, AChain) {
  PacketBuffer* const frame = Chain({2048, 1, 500});
  frame->offloads = {.flags = Offloads::kVlan, .vlan = 1};
  ASSERT_TRUE(Send(frame));
  const std::uint64_t all = kData | kVle | kCc | Payload(2549);
  EXPECT_EQ(high(1), all | 2048);
  EXPECT_EQ(high(2), all | 1);
  EXPECT_EQ(high(3), all | kEop | 500);
  EXPECT_EQ(low(1), frame->iova);
  EXPECT_EQ(low(2), frame->next->iova);
  EXPECT_EQ(low(3), frame->next->next->iova);
  EXPECT_EQ(in_flight(), 3u);
}

TEST_F(OffloadTransmitQueueTest, TheFirstFrameThatEndsSixteenDescriptorsReports) {
  for (std::size_t i = 0; i < 15; ++i) ASSERT_TRUE(Send(Frame({})));
  ASSERT_TRUE(Send(Chain({100, 100, 100})));
  for (std::size_t i = 0; i < 18; ++i) EXPECT_EQ((high(i) & kRs) != 0, i == 17) << i;
  queue_.Transmit({});
  EXPECT_EQ(in_flight(), 18u);
  CompleteAll();
  queue_.Transmit({});
  EXPECT_EQ(in_flight(), 0u);
  // And from there anew; a context counts, but does not report.
  for (std::size_t i = 0; i < 14; ++i) ASSERT_TRUE(Send(Frame({})));
  ASSERT_TRUE(Send(Frame({.flags = Offloads::kVlan, .vlan = 3})));
  EXPECT_EQ(high(18 + 14), kContext);
  for (std::size_t i = 18; i < 18 + 16; ++i) EXPECT_EQ((high(i) & kRs) != 0, i == 33) << i;
}

TEST_F(OffloadTransmitQueueTest, FullRing) {
  std::size_t sent = 0;
  for (PacketBuffer* frame = Frame({});; frame = Frame({})) {
    if (!Send(frame)) {
      MemoryPool::Free(frame);
      break;
    }
    ++sent;
  }
  EXPECT_EQ(sent, kEntries - 1) << "tail = head would be an empty ring";
  EXPECT_EQ(tails_.back(), kEntries - 1);
}

// A context is not left behind without its frame, nor is a part of a frame.
TEST_F(OffloadTransmitQueueTest, AFrameGoesInAsAWholeOrStaysTheCallers) {
  for (std::size_t i = 0; i < kEntries - 3; ++i) ASSERT_TRUE(Send(Frame({})));
  PacketBuffer* const chain = Chain({2048, 60});
  chain->offloads = {.flags = Offloads::kVlan, .vlan = 3};
  EXPECT_FALSE(Send(chain)) << "three descriptors, two are free";
  EXPECT_EQ(tails_.back(), kEntries - 3);
  CompleteAll();
  ASSERT_TRUE(Send(chain));
  EXPECT_EQ(high(kEntries - 3), kContext) << "it was not taken for written before";
  EXPECT_EQ(tails_.back(), 0u);
}

// However the ring is filled: nothing that stays unreported keeps the longest frame out for ever.
TEST_F(OffloadTransmitQueueTest, TheLongestChainFitsTheSmallestRing) {
  for (std::size_t small = 0; small < 40; ++small) {
    for (std::size_t i = 0; i < small; ++i) ASSERT_TRUE(Send(Frame({})));
    CompleteAll();
    PacketBuffer* const chain = Chain(std::vector<std::uint32_t>(40, 300));
    chain->offloads = {.flags = Offloads::kVlan, .vlan = static_cast<std::uint16_t>(small)};
    ASSERT_TRUE(Send(chain)) << "behind " << small;
    CompleteAll();
    queue_.Transmit({});
    ASSERT_LT(in_flight(), 16u);
  }
}

TEST_F(OffloadTransmitQueueTest, RoundAndRound) {
  for (std::size_t i = 0; i < 1000; ++i) {
    PacketBuffer* const frame = Chain(std::vector<std::uint32_t>(1 + i % 7, 64));
    if (i % 3 == 0) frame->offloads = {.flags = Offloads::kVlan, .vlan = 5};
    ASSERT_TRUE(Send(frame));
    CompleteAll();
  }
}

TEST_F(OffloadTransmitQueueTest, FramesOfTheWrongSizeAreRefused) {
  EXPECT_EQ(Refused(Chain({0})), "transmit: frame 2 of 3 has 0 bytes, 1 to 15868 are possible");
  EXPECT_EQ(Refused(Chain({2049})),
            "transmit: frame 2 of 3 has a part of 2049 bytes, 1 to 2048 are possible");
  EXPECT_EQ(Refused(Chain({60, 0})),
            "transmit: frame 2 of 3 has a part of 0 bytes, 1 to 2048 are possible");
  EXPECT_EQ(Refused(Chain({2048, 2048, 2048, 2048, 2048, 2048, 2048, 1533})),
            "transmit: frame 2 of 3 has 15869 bytes, 1 to 15868 are possible");
  EXPECT_EQ(Refused(Chain(std::vector<std::uint32_t>(41, 60))),
            "transmit: frame 2 of 3 has more than 40 parts");
  PacketBuffer* const circle = Chain({60, 60});
  circle->next->next = circle;
  PacketBuffer* const frames[] = {circle};
  EXPECT_THROW(queue_.Transmit(frames), FrameError);
  circle->next->next = nullptr;
  FreeChain(circle);
  // What just fits:
  EXPECT_TRUE(Send(Chain({2048, 2048, 2048, 2048, 2048, 2048, 2048, 1532})));
}

TEST_F(OffloadTransmitQueueTest, HeadersThatCannotBeThereAreRefused) {
  constexpr auto kIp = Offloads::kIpv4Checksum, kTcpSum = Offloads::kTcpChecksum,
                 kUdpSum = Offloads::kUdpChecksum;
  EXPECT_EQ(
      Refused(Frame({.flags = kIp, .network_at = 13, .transport_at = 34})),
      "transmit: frame 2 of 3 asks for offloads with network_at 13 and transport_at 34, which "
      "cannot be in its 100 bytes");
  const auto refused = [&](const Offloads& offloads, std::uint32_t size) {
    EXPECT_THAT(Refused(Frame(offloads, size)), HasSubstr("asks for offloads with network_at"));
  };
  refused({.flags = kTcpSum, .network_at = 128, .transport_at = 148}, 1000);  // MACLEN: 7 bits
  refused({.flags = kTcpSum, .network_at = 14, .transport_at = 526}, 1000);   // IPLEN: 9 bits
  refused({.flags = kTcpSum, .network_at = 34, .transport_at = 34}, 1000);
  refused({.flags = kTcpSum, .network_at = 34, .transport_at = 14}, 1000);
  refused({.flags = kIp, .network_at = 14, .transport_at = 33},
          1000);  // no IPv4 header is so short
  refused({.flags = kIp}, 1000);
  refused({.flags = kTcpSum, .network_at = 14, .transport_at = 34}, 34 + 17);
  refused({.flags = kUdpSum, .network_at = 14, .transport_at = 34}, 34 + 7);
  refused({.flags = kIp, .network_at = 14, .transport_at = 34}, 33);
  refused({.flags = Offloads::kVlan}, 13);
  // What just fits:
  EXPECT_TRUE(Send(Frame({.flags = kTcpSum, .network_at = 127, .transport_at = 638}, 638 + 18)));
  EXPECT_TRUE(Send(Frame({.flags = kUdpSum, .network_at = 14, .transport_at = 34}, 34 + 8)));
  EXPECT_TRUE(Send(Frame({.flags = kIp, .network_at = 14, .transport_at = 34}, 34)));
  EXPECT_TRUE(Send(Frame({.flags = Offloads::kVlan}, 14)));
}

TEST_F(OffloadTransmitQueueTest, BuffersGoBackToTheirOwnPools) {
  MemoryPool other(dma_, 20);
  for (std::size_t i = 0; i < 8; ++i) {
    PacketBuffer* const frame = Chain({60});
    frame->next = other.Allocate();
    frame->next->size = 60;
    ASSERT_TRUE(Send(frame));
  }
  EXPECT_EQ(other.available(), 12u);
  CompleteAll();
  queue_.Transmit({});
  EXPECT_EQ(other.available(), 20u);
  EXPECT_EQ(in_flight(), 0u);
}

/// Only VLAN tags are asked for, and no frame is a chain.
class VlanOnlyTest : public OffloadTransmitQueueTest {
 protected:
  VlanOnlyTest()
      : OffloadTransmitQueueTest({.transmit_descriptors = kEntries, .vlan_offload = true}) {}
};

TEST_F(VlanOnlyTest, WhatWasNotAskedForIsNeitherReadNorDone) {
  PacketBuffer* const frame = Frame({.flags = Offloads::kTcpChecksum});
  PacketBuffer* const stray = Frame({});
  frame->next = stray;
  ASSERT_TRUE(Send(frame));
  EXPECT_EQ(high(0), kData | kEop | 100 | Payload(100));
  MemoryPool::Free(stray);
  EXPECT_EQ(Refused(Frame({}, 1515)),
            "transmit: frame 2 of 3 has 1515 bytes, 1 to 1514 are possible");
}

}  // namespace
}  // namespace ixylab::ixgbe
