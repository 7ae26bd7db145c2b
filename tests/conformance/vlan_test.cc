// 802.1Q tags, taken out of received frames and put into sent ones. A port without the option sees
// them in the frame, and so judges one with it.
#include <algorithm>
#include <optional>
#include <vector>

#include "tests/conformance/packets.h"
#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

using Tag = std::optional<std::uint16_t>;  // control information: priority, DEI, VID

// Every bit of it, and what has a meaning of its own: no VLAN, the default one, the reserved one.
constexpr std::uint16_t kTags[] = {0x0000, 0x0001, 0x0002, 0x0004, 0x0008, 0x0010, 0x0020,
                                   0x0040, 0x0080, 0x0100, 0x0200, 0x0400, 0x0800, 0x1000,
                                   0x2000, 0x4000, 0x8000, 0x0FFF, 0xE064, 0xFFFF};

class Vlan : public PortsTest {
 protected:
  void SetUp() override {
    if (!can().vlan_offload) GTEST_SKIP() << "the target does not move tags";
  }

  void Open(bool from_port_0, bool at_port_1) {
    PortsTest::Open(0, {.transmit_descriptors = 64, .vlan_offload = from_port_0});
    PortsTest::Open(1, {.receive_descriptors = 64, .vlan_offload = at_port_1});
    WaitForLinks();
  }

  Bytes Frame(std::uint64_t number, std::uint32_t length) {
    return StreamFrom(0).Frame(number, length);
  }

  /// A buffer with a tag that the device is to put in.
  PacketBuffer* MakeTagged(const Bytes& bytes, Tag tag) {
    PacketBuffer* buffer = MakeFrame(0, bytes);
    if (tag) {
      buffer->offloads.flags = Offloads::kVlan;
      buffer->offloads.vlan = *tag;
    }
    return buffer;
  }

  struct Arrival {
    Bytes bytes;
    Tag tag = {};  // of a port with the option
    friend bool operator==(const Arrival&, const Arrival&) = default;
  };
  /// What comes of `frames` of port 0 at port 1, which is opened with or without the option.
  std::vector<Arrival> Send(std::span<PacketBuffer* const> frames, bool option) {
    SendAll(0, frames);
    const std::vector<PacketBuffer*> received = Collect(1, frames.size());
    std::vector<Arrival> arrivals;
    for (const PacketBuffer* frame : received) {
      Arrival& arrival = arrivals.emplace_back(Arrival{.bytes = BytesIn(*frame)});
      if (option && (frame->offloads.flags & Offloads::kVlan) != 0)
        arrival.tag = frame->offloads.vlan;
    }
    MemoryPool::Free(received);
    return arrivals;
  }
  Arrival Send(PacketBuffer* frame, bool option) {
    const std::vector<Arrival> arrivals = Send({&frame, 1}, option);
    return arrivals.empty() ? Arrival{} : arrivals[0];
  }
};

TEST_F(Vlan, TagIsPutIn) {
  Open(true, false);
  for (const std::uint16_t tag : kTags) {
    const Bytes frame = Frame(tag, 100);
    ASSERT_EQ(Send(MakeTagged(frame, tag), false), (Arrival{.bytes = Tagged(frame, tag)}))
        << "tag " << tag;
  }
}

TEST_F(Vlan, TagIsTakenOut) {
  Open(false, true);
  for (const std::uint16_t tag : kTags) {
    const Bytes frame = Frame(tag, 100);
    ASSERT_EQ(Send(MakeFrame(0, Tagged(frame, tag)), true), (Arrival{frame, tag})) << "tag " << tag;
  }
}

TEST_F(Vlan, TagGoesFromBufferToBuffer) {
  Open(true, true);
  for (const std::uint16_t tag : kTags) {
    const Bytes frame = Frame(tag, 100);
    ASSERT_EQ(Send(MakeTagged(frame, tag), true), (Arrival{frame, tag})) << "tag " << tag;
  }
}

TEST_F(Vlan, WithoutTheOptionTagsStayWhereTheyAre) {
  Open(false, false);
  for (const std::uint16_t tag : kTags) {
    const Bytes frame = Tagged(Frame(tag, 100), tag);
    PacketBuffer* buffer = MakeTagged(frame, 0x0ABC);  // which is not to be looked at
    ASSERT_EQ(Send(buffer, false), (Arrival{.bytes = frame})) << "tag " << tag;
  }
}

// Each frame has its own tag or none, whatever the one before it or the last in its buffer had.
TEST_F(Vlan, TaggedAndOthersInTurn) {
  Open(true, true);
  for (int round = 0; round < 60; ++round) {
    std::vector<PacketBuffer*> frames;
    std::vector<Arrival> expected;
    for (std::uint64_t number = 0; number < 24; ++number) {
      // Runs of one tag, of different ones, and of none.
      const std::uint64_t choice = random()() % 4;
      const Tag tag = choice == 0                        ? Tag()
                      : choice == 1 && !expected.empty() ? expected.back().tag
                                                         : Tag(random()() & 0xFFFF);
      expected.push_back({Frame(24 * round + number, RandomLength()), tag});
      frames.push_back(MakeTagged(expected.back().bytes, tag));
    }
    ASSERT_EQ(Send(frames, true), expected);
  }
}

TEST_F(Vlan, OnlyTheOuterOfTwoTagsIsMoved) {
  Open(true, true);
  const Bytes inner = Tagged(Frame(1, 100), 0x0222);
  EXPECT_EQ(Send(MakeTagged(inner, 0x6111), true), (Arrival{inner, 0x6111}));
  Open(true, false);
  EXPECT_EQ(Send(MakeTagged(inner, 0x6111), false), (Arrival{.bytes = Tagged(inner, 0x6111)}));
}

TEST_F(Vlan, PassingOnKeepsTheTag) {
  OpenBoth({.checksum_offload = can().checksum_offload, .vlan_offload = true});
  for (const Tag tag : {Tag(0xE123), Tag(), Tag(0), Tag(), Tag(0x0005)}) {
    const Packet packet =
        MakePacket(port(1)->mac_address(), port(0)->mac_address(), {.number = tag.value_or(1)});
    PacketBuffer* frame = MakeTagged(packet.bytes, tag);
    ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
    const std::vector<PacketBuffer*> there = Collect(1, 1);
    ASSERT_EQ(there.size(), 1u);
    ASSERT_NO_FATAL_FAILURE(SendAll(1, there));
    const std::vector<PacketBuffer*> back = Collect(0, 1);
    ASSERT_EQ(back.size(), 1u);
    EXPECT_TRUE(BytesIn(*back[0]) == packet.bytes);
    EXPECT_EQ((back[0]->offloads.flags & Offloads::kVlan) != 0, tag.has_value());
    if (tag) {
      EXPECT_EQ(back[0]->offloads.vlan, *tag);
    }
    MemoryPool::Free(back);
  }
}

// The tag is no part of the longest frame's length.
TEST_F(Vlan, LongestFrame) {
  Open(true, true);
  for (const std::uint32_t length : {kLongestFrame - 5, kLongestFrame - 4, kLongestFrame - 3,
                                     kLongestFrame - 1, kLongestFrame}) {
    const Bytes frame = Frame(length, length);
    EXPECT_EQ(Send(MakeTagged(frame, 0x2345), true), (Arrival{frame, 0x2345}))
        << length << " bytes";
    EXPECT_EQ(Send(MakeTagged(frame, {}), true), (Arrival{.bytes = frame})) << length << " bytes";
  }
  PacketBuffer* longer = MakeTagged(Frame(0, kLongestFrame + 1), 0x2345);
  EXPECT_THROW(port(0)->Transmit(0, {&longer, 1}), FrameError);
  MemoryPool::Free(longer);
}

// Padding comes behind the tag; what is left of it when the tag is out is not the device's to know.
TEST_F(Vlan, ShortFrames) {
  Open(true, true);
  const Stream stream = StreamFrom(0);
  for (std::uint32_t length = Stream::kNumberAt; length < 70; ++length) {
    Bytes frame = Frame(length, length);
    PacketBuffer* buffer = MakeTagged(frame, 0x0111);
    const std::uint32_t tagged = length + kVlanTagSize;
    frame.resize(stream.SizeOnArrival(tagged) - kVlanTagSize);
    ASSERT_EQ(Send(buffer, true), (Arrival{frame, 0x0111})) << length << " bytes";
  }
}

// The device looks behind the tag, wherever that is.
TEST_F(Vlan, ChecksumsOfTaggedFrames) {
  if (!can().checksum_offload) GTEST_SKIP() << "the target does not check checksums";
  OpenBoth({.checksum_offload = true, .vlan_offload = true});
  for (const std::uint16_t tag : kTags) {
    const Packet packet =
        MakePacket(port(1)->mac_address(), port(0)->mac_address(),
                   {.transport = tag % 2 == 0 ? Transport::kTcp : Transport::kUdp, .number = tag});
    Packet blank = packet;
    PutNumber(blank.bytes, packet.ip_checksum_at(), 2, 0);
    PutNumber(blank.bytes, packet.checksum_at(), 2, packet.PseudoHeaderSum());
    PacketBuffer* frame = MakeTagged(blank.bytes, tag);
    frame->offloads.flags |=
        Offloads::kIpv4Checksum | (tag % 2 == 0 ? Offloads::kTcpChecksum : Offloads::kUdpChecksum);
    frame->offloads.network_at = static_cast<std::uint16_t>(packet.network_at);
    frame->offloads.transport_at = static_cast<std::uint16_t>(packet.transport_at);
    ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
    const std::vector<PacketBuffer*> received = Collect(1, 1);
    ASSERT_EQ(received.size(), 1u);
    EXPECT_TRUE(BytesIn(*received[0]) == packet.bytes);
    EXPECT_EQ(received[0]->offloads.vlan, tag);
    EXPECT_EQ(received[0]->offloads.flags,
              Offloads::kVlan | Offloads::kIpChecksumGood | Offloads::kL4ChecksumGood);
    MemoryPool::Free(received);
  }
}

}  // namespace
}  // namespace ixylab::conformance
