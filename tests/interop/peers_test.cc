// This repository's driver and Linux's ixgbe at the two ends of a modelled cable: guest/peers.sh
// says what they see of each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "tests/interop/network_run.h"

namespace ixylab::hil {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string Value(const std::string& section, const std::string& name) {
  return NetworkRun().Value(section, name);
}

void ExpectLinkAndReturn(const std::string& section) {
  EXPECT_EQ(Value(section, "peer"), "ready");
  EXPECT_EQ(Value(section, "link"), "yes");
  EXPECT_EQ(Value(section, "ended"), "0");
  EXPECT_EQ(Value(section, "link with the kernel's"), "yes");
  EXPECT_THAT(Value(section, "kernel's"), StartsWith("5 packets transmitted, 5 received, 0%"));
}

TEST(PeersTest, OursAnswersLinux) {
  ExpectLinkAndReturn("peer");
  EXPECT_THAT(Value("peer", "flood"), StartsWith("1000 packets transmitted, 1000 received, 0%"));
  EXPECT_THAT(Value("peer", "flood of 1472"),
              StartsWith("200 packets transmitted, 200 received, 0%"));
  for (const int size : {0, 1, 17, 18, 19, 64, 511, 1471}) {
    EXPECT_THAT(Value("peer", "size " + std::to_string(size)),
                StartsWith("3 packets transmitted, 3 received, 0%"));
  }
  EXPECT_EQ(Value("peer", "datagrams from the kernel"), "sent 1473, back 1473");
}

/// All are answered in the end. What had to be asked again is what the kernel refused, or its
/// answer came late.
void ExpectAnswers(const std::string& pings, unsigned count) {
  unsigned sent = 0, back = 0, again = 0, twice = 0, refused = 0;
  const char* format = "sent %u, back %u, again %u, twice %u, refused %u";
  ASSERT_EQ(std::sscanf(pings.c_str(), format, &sent, &back, &again, &twice, &refused), 5) << pings;
  EXPECT_EQ(sent, count);
  EXPECT_EQ(back, count);
  EXPECT_EQ(again, twice + refused) << pings;
}

TEST(PeersTest, LinuxAnswersOurs) {
  ExpectAnswers(Value("peer", "pings to the kernel"), 1473);
  EXPECT_EQ(Value("peer", "datagrams to the kernel"), "sent 1473, arrived 1473, errors 0");
}

TEST(PeersTest, OursFoundNothingWrong) {
  const std::string seen = Value("peer", "peer has seen");
  EXPECT_THAT(seen, HasSubstr("udp 1473"));
  EXPECT_THAT(seen, Not(HasSubstr("bad")));
}

TEST(PeersTest, OursSurvivesAResetOfTheOtherEnd) {
  EXPECT_THAT(Value("peer", "after a reset of the other end"),
              StartsWith("3 packets transmitted, 3 received, 0%"));
}

TEST(PeersTest, ChecksumsTagsAndJumboFramesByTheCard) {
  ExpectLinkAndReturn("peer_offloads");
  for (const std::string vid : {"VID 0", "VID 10"}) {
    EXPECT_THAT(Value("peer_offloads", vid + ", flood"),
                StartsWith("100 packets transmitted, 100 received, 0%"));
    EXPECT_EQ(Value("peer_offloads", vid + ", datagrams from the kernel"), "sent 1000, back 1000");
    ExpectAnswers(Value("peer_offloads", vid + ", pings to the kernel"), 1000);
    // Each of the checksums that the card filled in was found right.
    EXPECT_EQ(Value("peer_offloads", vid + ", datagrams to the kernel"),
              "sent 1000, arrived 1000, errors 0");
    const std::string seen = Value("peer_offloads", vid + ", peer has seen");
    EXPECT_THAT(seen, Not(AnyOf(HasSubstr("bad"), HasSubstr("unverified"), HasSubstr("tagged"))));
    EXPECT_EQ(seen.find("tags ") != seen.npos, vid != "VID 0") << seen;
  }
}

}  // namespace
}  // namespace ixylab::hil
