// The filter and the flow hash on their own.
#include <gtest/gtest.h>

#include <set>

#include "emulator/virtio_net/filter.h"
#include "tests/emulator/virtio_net/rig.h"

namespace ixylab::emulator::virtio_net {
namespace {

TEST(Filter, FramesThatAreCutOff) {
  Filter filter;
  filter.promiscuous = false;
  filter.vlan_filter = true;
  for (std::size_t size = 1; size < 20; ++size) {
    EXPECT_EQ(filter.Passes(MakeFrame(size, "00:00:00:00:00:00", 0x8100)), size >= 14 && size < 18)
        << size << ": to its own address, with a VLAN tag from 18 bytes on";
  }
}

Bytes Ipv4(std::uint8_t protocol, std::uint8_t last, std::uint16_t port,
           std::uint16_t fragment = 0) {
  Bytes frame = MakeFrame(60, "ff:ff:ff:ff:ff:ff", 0x0800);
  frame[14] = std::byte{0x45};
  frame[20] = std::byte(fragment >> 8);
  frame[21] = std::byte(fragment);
  frame[23] = std::byte{protocol};
  frame[33] = std::byte{last};
  frame[36] = std::byte(port >> 8);
  frame[37] = std::byte(port);
  return frame;
}

TEST(FlowHash, AddressesAndPorts) {
  const std::uint32_t hash = FlowHash(Ipv4(6, 1, 80));
  EXPECT_NE(hash, 0u);
  Bytes longer = Ipv4(6, 1, 80);
  longer[50] = std::byte{99};
  longer.resize(200);
  EXPECT_EQ(FlowHash(longer), hash) << "the payload does not count";
  EXPECT_NE(FlowHash(Ipv4(6, 2, 80)), hash) << "another address";
  EXPECT_NE(FlowHash(Ipv4(6, 1, 81)), hash) << "another port";
  EXPECT_EQ(FlowHash(Ipv4(1, 1, 80)), FlowHash(Ipv4(1, 1, 81))) << "ICMP has no ports";
  EXPECT_EQ(FlowHash(Ipv4(17, 1, 80, 0x2000)), FlowHash(Ipv4(17, 1, 81, 0x0001)))
      << "all fragments of a datagram";
}

TEST(FlowHash, Ipv6AndVlan) {
  Bytes frame = MakeFrame(80, "ff:ff:ff:ff:ff:ff", 0x86DD);
  frame[20] = std::byte{17};
  const std::uint32_t hash = FlowHash(frame);
  frame[56] ^= std::byte{1};
  EXPECT_NE(FlowHash(frame), hash) << "a port";
  frame[20] = std::byte{58};
  const std::uint32_t icmp = FlowHash(frame);
  frame[56] ^= std::byte{1};
  EXPECT_EQ(FlowHash(frame), icmp);

  Bytes plain = Ipv4(6, 1, 80);
  Bytes tagged = plain;
  const std::vector<std::byte> tag = {std::byte{0x81}, std::byte{0}, std::byte{0}, std::byte{5}};
  tagged.insert(tagged.begin() + 12, tag.begin(), tag.end());
  EXPECT_EQ(FlowHash(tagged), FlowHash(plain));
}

TEST(FlowHash, WithoutAFlow) {
  EXPECT_EQ(FlowHash(MakeFrame(60)), 0u);
  EXPECT_EQ(FlowHash({}), 0u);
  for (std::size_t size = 0; size < 34; ++size) {
    Bytes frame = Ipv4(6, 1, 80);
    frame.resize(size);
    EXPECT_EQ(FlowHash(frame), 0u) << size;
  }
}

TEST(FlowHash, SpreadsNeighbours) {
  std::set<std::uint32_t> of_four, of_three;
  for (std::uint8_t last = 0; last < 16; ++last) {
    of_four.insert(FlowHash(Ipv4(6, last, 80)) % 4);
    of_three.insert(FlowHash(Ipv4(6, last, 80)) % 3);
  }
  EXPECT_EQ(of_four.size(), 4u);
  EXPECT_EQ(of_three.size(), 3u);
}

}  // namespace
}  // namespace ixylab::emulator::virtio_net
