// The receive ring with offloads against descriptors that the test writes as the chip does, by the
// numbers of section 7.1.5.2.
#include "driver/ixgbe/offload_receive_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "driver/memory_pool.h"
#include "tests/driver/ixgbe/recorded_tail.h"
#include "tests/driver/scripted_dma.h"

namespace ixylab::ixgbe {
namespace {

using testing::ElementsAre;

constexpr std::uint32_t kEntries = 64;
// Status: DD, EOP, VP, UDPCS, L4CS, IPCS; errors: L4E, IPE.
constexpr std::uint64_t kDd = 1, kEop = 2, kVp = 8, kUdpcs = 0x10, kL4cs = 0x20, kIpcs = 0x40;
constexpr std::uint64_t kL4e = 0x4000'0000, kIpe = 0x8000'0000;
// Packet type, bits 4-16 of the first word: IPV4, IPV6, TCP, UDP.
constexpr std::uint64_t kIpv4 = 0x10, kIpv6 = 0x40, kTcp = 0x100, kUdp = 0x200;

class OffloadReceiveQueueTest : public testing::Test {
 protected:
  explicit OffloadReceiveQueueTest(const DeviceConfig& config = {.receive_descriptors = kEntries,
                                                                 .checksum_offload = true,
                                                                 .vlan_offload = true,
                                                                 .max_frame_size = 9000})
      : queue_(dma_, config, pool_, RecordedTail{&tails_}) {
    const std::span<std::byte> memory = dma_.last();
    words_ = {reinterpret_cast<std::uint64_t*>(memory.data()), 2 * kEntries};
  }
  ~OffloadReceiveQueueTest() override {
    queue_.Clear();
    EXPECT_EQ(pool_.available(), pool_.size()) << "buffers are lost";
  }

  std::uint64_t& low(std::size_t i) { return words_[2 * (i % kEntries)]; }
  std::uint64_t& high(std::size_t i) { return words_[2 * (i % kEntries) + 1]; }

  /// The chip has written `length` bytes to descriptor `i`'s buffer.
  void Complete(std::size_t i, std::uint64_t length, std::uint64_t status = kDd | kEop,
                std::uint64_t first = 0) {
    low(i) = first;
    high(i) = length << 32 | status;
  }
  /// A frame in descriptor `next_`, received: its offloads.
  Offloads ReceiveOffloads(std::uint64_t status, std::uint64_t type = kIpv4 | kUdp) {
    Complete(next_++, 100, kDd | kEop | status, type);
    PacketBuffer* packet = nullptr;
    EXPECT_EQ(queue_.Receive({&packet, 1}), 1u);
    const Offloads offloads = packet->offloads;
    MemoryPool::Free(packet);
    return offloads;
  }

  /// Sizes of the buffers of `frame`'s chain, which are given back.
  static std::vector<std::uint32_t> Consume(PacketBuffer* frame) {
    std::vector<std::uint32_t> sizes;
    while (frame != nullptr) {
      PacketBuffer* const next = frame->next;
      sizes.push_back(frame->size);
      MemoryPool::Free(frame);
      frame = next;
    }
    return sizes;
  }

  ScriptedDma dma_;
  MemoryPool pool_{dma_, kEntries + 8};
  std::vector<std::uint32_t> tails_;
  OffloadReceiveQueue<RecordedTail> queue_;
  std::span<std::uint64_t> words_;
  std::size_t next_ = 0;
};

TEST_F(OffloadReceiveQueueTest, StartsAndReceivesLikeThePlainOne) {
  queue_.Start();
  EXPECT_THAT(tails_, ElementsAre(63));
  std::vector<PacketBuffer*> packets(8);
  EXPECT_EQ(queue_.Receive(packets), 0u);
  EXPECT_EQ(queue_.Receive({}), 0u);
  EXPECT_THAT(tails_, ElementsAre(63)) << "nothing was received";
  const std::uint64_t iova = low(0);
  Complete(0, 1514);
  Complete(2, 60);  // 1 is not there yet: 2 must wait
  ASSERT_EQ(queue_.Receive(packets), 1u);
  EXPECT_EQ(packets[0]->iova, iova);
  EXPECT_NE(low(0), iova);
  EXPECT_EQ(high(0), 0u);
  EXPECT_THAT(tails_, ElementsAre(63, 0));
  EXPECT_THAT(Consume(packets[0]), ElementsAre(1514));
}

TEST_F(OffloadReceiveQueueTest, ChecksumsAsTheChipFoundThem) {
  EXPECT_EQ(ReceiveOffloads(0).flags, 0);
  EXPECT_EQ(ReceiveOffloads(kIpe | kL4e).flags, 0) << "errors of what was not checked";
  EXPECT_EQ(ReceiveOffloads(kIpcs).flags, Offloads::kIpChecksumGood);
  EXPECT_EQ(ReceiveOffloads(kIpcs | kIpe).flags, Offloads::kIpChecksumBad);
  EXPECT_EQ(ReceiveOffloads(kIpcs | kL4cs | kUdpcs).flags,
            Offloads::kIpChecksumGood | Offloads::kL4ChecksumGood);
  EXPECT_EQ(ReceiveOffloads(kIpcs | kL4cs | kL4e, kIpv4 | kTcp).flags,
            Offloads::kIpChecksumGood | Offloads::kL4ChecksumBad);
  EXPECT_EQ(ReceiveOffloads(kIpcs | kL4cs | kIpe, kIpv4 | kTcp).flags,
            Offloads::kIpChecksumBad | Offloads::kL4ChecksumGood);
  EXPECT_EQ(ReceiveOffloads(kL4cs | kL4e, kIpv6 | kUdp).flags, Offloads::kL4ChecksumBad);
}

TEST_F(OffloadReceiveQueueTest, TagsThatWereTakenOut) {
  const Offloads tagged = ReceiveOffloads(kVp | std::uint64_t{0xE123} << 48);
  EXPECT_EQ(tagged.flags, Offloads::kVlan);
  EXPECT_EQ(tagged.vlan, 0xE123);
  const Offloads untagged = ReceiveOffloads(std::uint64_t{0xE123} << 48);
  EXPECT_EQ(untagged.flags, 0) << "of the frame before, or without VP";
  EXPECT_EQ(untagged.vlan, 0);
}

TEST_F(OffloadReceiveQueueTest, RssHash) {
  Complete(0, 60, kDd | kEop, 0x1234'5678'0000'0011);
  PacketBuffer* packet = nullptr;
  ASSERT_EQ(queue_.Receive({&packet, 1}), 1u);
  EXPECT_EQ(packet->rss_hash, 0x1234'5678u);
  MemoryPool::Free(packet);
}

// UDP over IPv4 with checksum 0 has none, whatever the chip says (an erratum that Linux knows).
TEST_F(OffloadReceiveQueueTest, UdpWithoutAChecksumIsNotReportedAsWrong) {
  const auto receive = [&](std::size_t ip, std::uint8_t checksum, std::uint64_t type) {
    std::byte* const data = pool_.top()[0]->data();  // where the frame after the next lies
    Complete(next_++, 60);
    PacketBuffer* packet = nullptr;
    EXPECT_EQ(queue_.Receive({&packet, 1}), 1u);
    MemoryPool::Free(packet);
    // One lap on, that buffer is in turn.
    for (std::size_t i = 1; i < kEntries; ++i) {
      Complete(next_++, 60);
      EXPECT_EQ(queue_.Receive({&packet, 1}), 1u);
      MemoryPool::Free(packet);
    }
    std::fill_n(data, 60, std::byte{0x77});
    data[12] = std::byte{0x81};
    data[13] = ip == 18 ? std::byte{0x00} : std::byte{0x77};
    data[ip] = std::byte{0x46};  // six words
    data[ip + 24 + 6] = std::byte{0};
    data[ip + 24 + 7] = std::byte{checksum};
    Complete(next_++, 60, kDd | kEop | kL4cs | kL4e, type);
    EXPECT_EQ(queue_.Receive({&packet, 1}), 1u);
    EXPECT_EQ(packet->data(), data) << "the test looks at the wrong buffer";
    const std::uint16_t flags = packet->offloads.flags;
    MemoryPool::Free(packet);
    return flags;
  };
  for (const std::size_t ip : {14u, 18u}) {
    EXPECT_EQ(receive(ip, 0, kIpv4 | kUdp), 0);
    EXPECT_EQ(receive(ip, 1, kIpv4 | kUdp), Offloads::kL4ChecksumBad);
    EXPECT_EQ(receive(ip, 0, kIpv4 | kTcp), Offloads::kL4ChecksumBad);
    EXPECT_EQ(receive(ip, 0, kIpv6 | kUdp), Offloads::kL4ChecksumBad);
  }
}

TEST_F(OffloadReceiveQueueTest, FramesInSeveralDescriptors) {
  std::vector<std::uint64_t> iovas;
  for (std::size_t i = 0; i < 5; ++i) iovas.push_back(low(i));
  Complete(0, 2048, kDd | kVp | std::uint64_t{0xDEAD} << 48);  // what is not valid before EOP
  Complete(1, 2048, kDd);
  Complete(2, 7, kDd | kEop | kVp | std::uint64_t{5} << 48, 0xABCD'0000'0000'0000);
  Complete(3, 60);
  Complete(4, 2048, kDd);
  std::vector<PacketBuffer*> packets(8);
  ASSERT_EQ(queue_.Receive(packets), 2u);
  EXPECT_EQ(packets[0]->iova, iovas[0]);
  EXPECT_EQ(packets[0]->next->iova, iovas[1]);
  EXPECT_EQ(packets[0]->next->next->iova, iovas[2]);
  EXPECT_EQ(packets[0]->offloads.vlan, 5);
  EXPECT_EQ(packets[0]->rss_hash, 0xABCD'0000u);
  EXPECT_THAT(Consume(packets[0]), ElementsAre(2048, 2048, 7));
  EXPECT_THAT(Consume(packets[1]), ElementsAre(60));
  EXPECT_THAT(tails_, ElementsAre(4)) << "what the queue keeps is given to the chip again";
}

TEST_F(OffloadReceiveQueueTest, APartThatHasArrivedWaitsForTheRest) {
  std::vector<PacketBuffer*> packets(8);
  const std::uint64_t first = low(0);
  Complete(0, 2048, kDd);
  EXPECT_EQ(queue_.Receive(packets), 0u);
  EXPECT_EQ(queue_.Receive(packets), 0u);
  Complete(1, 100);
  Complete(2, 60);
  ASSERT_EQ(queue_.Receive(packets), 2u);
  EXPECT_EQ(packets[0]->iova, first);
  EXPECT_THAT(Consume(packets[0]), ElementsAre(2048, 100));
  EXPECT_THAT(Consume(packets[1]), ElementsAre(60));
}

TEST_F(OffloadReceiveQueueTest, AnEmptyPoolTearsNoFrame) {
  for (std::size_t i = 0; i < 6; ++i) Complete(i, 2000 + i, i == 5 ? kDd | kEop : kDd);
  Complete(6, 60);
  PacketBuffer* held[5];
  ASSERT_EQ(pool_.Allocate(held), 5u);
  std::vector<PacketBuffer*> packets(8);
  ASSERT_EQ(queue_.Receive(packets), 0u) << "three buffers for six parts";
  EXPECT_EQ(pool_.available(), 0u);
  EXPECT_EQ(high(3) & kDd, kDd) << "the rest waits in the ring";
  EXPECT_THAT(tails_, ElementsAre(2));
  MemoryPool::Free(held);
  ASSERT_EQ(queue_.Receive(packets), 2u);
  EXPECT_THAT(Consume(packets[0]), ElementsAre(2000, 2001, 2002, 2003, 2004, 2005));
  EXPECT_THAT(Consume(packets[1]), ElementsAre(60));
}

TEST_F(OffloadReceiveQueueTest, ClearGivesBackThePartsOfAFrameToo) {
  Complete(0, 2048, kDd);
  Complete(1, 2048, kDd);
  PacketBuffer* packet = nullptr;
  ASSERT_EQ(queue_.Receive({&packet, 1}), 0u);
  EXPECT_EQ(pool_.available(), 6u);
}  // and the destructor counts

TEST_F(OffloadReceiveQueueTest, RoundAndRoundInPartsOfBatches) {
  std::size_t at = 0;
  std::vector<PacketBuffer*> packets(3);
  for (std::size_t round = 0; round < 200; ++round) {
    const std::size_t parts = 1 + round % 5;
    for (std::size_t i = 1; i <= parts; ++i) Complete(at++, 10 * i, i == parts ? kDd | kEop : kDd);
    ASSERT_EQ(queue_.Receive(packets), 1u);
    ASSERT_EQ(tails_.back(), (at - 1) % kEntries);
    ASSERT_EQ(Consume(packets[0]).size(), parts);
  }
}

TEST_F(OffloadReceiveQueueTest, ABatchEndsWithItsSpace) {
  for (std::size_t i = 0; i < 6; i += 2) {
    Complete(i, 2048, kDd);
    Complete(i + 1, 1);
  }
  std::vector<PacketBuffer*> packets(2);
  ASSERT_EQ(queue_.Receive(packets), 2u);
  EXPECT_EQ(high(4) & kDd, kDd);
  Consume(packets[0]);
  Consume(packets[1]);
  ASSERT_EQ(queue_.Receive(packets), 1u);
  EXPECT_THAT(Consume(packets[0]), ElementsAre(2048, 1));
}

/// Nothing is asked for but longer frames.
class LongFramesOnlyTest : public OffloadReceiveQueueTest {
 protected:
  LongFramesOnlyTest()
      : OffloadReceiveQueueTest({.receive_descriptors = kEntries, .max_frame_size = 9000}) {}
};

TEST_F(LongFramesOnlyTest, OffloadsThatWereNotAskedForAreNotReported) {
  EXPECT_EQ(ReceiveOffloads(kVp | kIpcs | kL4cs).flags, 0);
}

}  // namespace
}  // namespace ixylab::ixgbe
