// Which frames a port lets in: its own address, others, groups and all.
#include <vector>

#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

constexpr MacAddress kOther = {0x02, 0x12, 0x34, 0x56, 0x78, 0x9A};
constexpr MacAddress kAllNodes = {0x33, 0x33, 0x00, 0x00, 0x00, 0x01};  // RFC 2464, section 7
constexpr MacAddress kAllHosts = {0x01, 0x00, 0x5E, 0x00, 0x00, 0x01};  // RFC 1112, section 6.4
constexpr MacAddress kSpanningTree = {0x01, 0x80, 0xC2, 0x00, 0x00, 0x00};

class Filters : public PortsTest {
 protected:
  /// Port 0 sends a frame to `destination` and then one to everybody; whether the first arrives at
  /// port 1 is known once the second does.
  bool Arrives(const MacAddress& destination) {
    const std::uint64_t number = number_ += 2;
    const Stream stream(7, destination, port(0)->mac_address());
    const Stream marker(8, kBroadcast, port(0)->mac_address());
    const std::array<PacketBuffer*, 2> frames = {Make(0, stream, number, 100),
                                                 Make(0, marker, number + 1, 100)};
    SendAll(0, frames);

    bool arrived = false;
    bool ended = false;
    while (!ended) {
      const std::vector<PacketBuffer*> received = Collect(1, 1);
      if (received.empty()) {
        ADD_FAILURE() << "the broadcast after the frame to " << ToString(destination)
                      << " did not arrive";
        return false;
      }
      ended = Stream::NumberOf(*received[0]) == number + 1;
      if (ended) {
        EXPECT_TRUE(marker.Matches(*received[0], number + 1, 100));
      } else {
        EXPECT_FALSE(arrived) << "twice";
        EXPECT_TRUE(stream.Matches(*received[0], number, 100));
        arrived = true;
      }
      MemoryPool::Free(received);
    }
    return arrived;
  }

 private:
  std::uint64_t number_ = 0;
};

TEST_F(Filters, OwnAddressArrives) {
  OpenBoth({.promiscuous = false});
  EXPECT_TRUE(Arrives(port(1)->mac_address()));
}

TEST_F(Filters, BroadcastArrives) {
  OpenBoth({.promiscuous = false});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Arrives(kBroadcast));
}

TEST_F(Filters, OtherUnicastDoesNotArrive) {
  OpenBoth({.promiscuous = false});
  EXPECT_FALSE(Arrives(kOther));
  EXPECT_FALSE(Arrives(port(0)->mac_address()));
  EXPECT_FALSE(Arrives({}));
}

TEST_F(Filters, AddressesOneBitOffDoNotArrive) {
  OpenBoth({.promiscuous = false});
  for (unsigned bit = 0; bit < 48; ++bit) {
    MacAddress address = port(1)->mac_address();
    address[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(Arrives(address)) << ToString(address);
    MacAddress all_but_one = kBroadcast;
    all_but_one[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(Arrives(all_but_one)) << ToString(all_but_one);
  }
}

TEST_F(Filters, MulticastNobodyAskedForDoesNotArrive) {
  OpenBoth({.promiscuous = false});
  for (const MacAddress& group : {kAllNodes, kAllHosts, kSpanningTree}) {
    EXPECT_FALSE(Arrives(group)) << ToString(group);
  }
}

TEST_F(Filters, PromiscuousTakesAll) {
  OpenBoth({.promiscuous = true});
  for (const MacAddress& address :
       {port(1)->mac_address(), port(0)->mac_address(), kOther, kAllNodes, kAllHosts, kBroadcast}) {
    EXPECT_TRUE(Arrives(address)) << ToString(address);
  }
}

TEST_F(Filters, PromiscuousIsSwitchedWhileOpen) {
  OpenBoth({.promiscuous = false});
  for (int i = 0; i < 3; ++i) {
    port(1)->SetPromiscuous(true);
    EXPECT_TRUE(Arrives(kOther));
    EXPECT_TRUE(Arrives(kAllNodes));
    EXPECT_TRUE(Arrives(port(1)->mac_address()));
    port(1)->SetPromiscuous(false);
    EXPECT_FALSE(Arrives(kOther));
    EXPECT_FALSE(Arrives(kAllNodes));
    EXPECT_TRUE(Arrives(port(1)->mac_address()));
    EXPECT_TRUE(Arrives(kBroadcast));
  }
}

// More often than any ring of commands is long.
TEST_F(Filters, PromiscuousIsSwitchedVeryOften) {
  OpenBoth({.promiscuous = false});
  for (int i = 0; i < 300; ++i) {
    const bool on = i % 3 != 0;
    port(1)->SetPromiscuous(on);
    if (i % 17 == 0) {
      ASSERT_EQ(Arrives(kOther), on) << "after " << i << " times";
      ASSERT_FALSE(HasFailure());
    }
  }
  port(1)->SetPromiscuous(false);
  EXPECT_FALSE(Arrives(kOther));
}

TEST_F(Filters, AddressChangesVeryOften) {
  OpenBoth({.promiscuous = false});
  const MacAddress own = port(1)->mac_address();
  MacAddress address = kOther;
  for (int i = 0; i < 150; ++i) {
    const MacAddress before = port(1)->mac_address();
    address[5] = static_cast<std::uint8_t>(i);
    port(1)->SetMacAddress(address);
    if (i % 13 == 0) {
      ASSERT_TRUE(Arrives(address)) << "after " << i << " times";
      ASSERT_FALSE(Arrives(before)) << "after " << i << " times";
    }
  }
  port(1)->SetMacAddress(own);
  EXPECT_TRUE(Arrives(own));
  EXPECT_FALSE(Arrives(address));
}

TEST_F(Filters, PromiscuousEndsWithReopening) {
  OpenBoth({.promiscuous = false});
  port(1)->SetPromiscuous(true);
  EXPECT_TRUE(Arrives(kOther));
  Reopen(1);
  WaitForLinks();
  EXPECT_FALSE(Arrives(kOther));
}

TEST_F(Filters, NewAddressTakesThePlaceOfTheOld) {
  OpenBoth({.promiscuous = false});
  const MacAddress old = port(1)->mac_address();
  port(1)->SetMacAddress(kOther);
  EXPECT_EQ(port(1)->mac_address(), kOther);
  EXPECT_TRUE(Arrives(kOther));
  EXPECT_FALSE(Arrives(old));
  EXPECT_TRUE(Arrives(kBroadcast));
  port(1)->SetMacAddress(old);
  EXPECT_EQ(port(1)->mac_address(), old);
  EXPECT_FALSE(Arrives(kOther));
  EXPECT_TRUE(Arrives(old));
}

// The address comes from the EEPROM with every reset (82599: RAL0 and RAH0 are loaded from there).
TEST_F(Filters, NewAddressEndsWithReopening) {
  OpenBoth({.promiscuous = false});
  const MacAddress old = port(1)->mac_address();
  port(1)->SetMacAddress(kOther);
  Reopen(1);
  WaitForLinks();
  EXPECT_EQ(port(1)->mac_address(), old);
  EXPECT_TRUE(Arrives(old));
  EXPECT_FALSE(Arrives(kOther));
}

}  // namespace
}  // namespace ixylab::conformance
