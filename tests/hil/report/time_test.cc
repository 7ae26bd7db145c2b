#include "hil/report/time.h"

#include <gtest/gtest.h>

namespace ixylab::hil {
namespace {

using std::chrono::milliseconds;

std::chrono::system_clock::time_point At(long since_1970) {
  return std::chrono::system_clock::time_point(milliseconds(since_1970));
}

TEST(ReportTimeTest, PointsComeBackAsTheyWere) {
  EXPECT_EQ(UtcTime(At(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(UtcTime(At(1'772'373'909'123)), "2026-03-01T14:05:09.123Z");
  EXPECT_EQ(ParseUtcTime("2026-03-01T14:05:09.123Z"), At(1'772'373'909'123));
  EXPECT_EQ(ParseUtcTime(UtcTime(At(-1))), At(-1));
}

TEST(ReportTimeTest, WhatIsNoPointInTime) {
  for (const char* text :
       {"", "2026", "2026-03-01T14:05:09Z", "2026-03-01T14:05:09.123", "2026-03-01T14:05:09.123Z ",
        " 2026-03-01T14:05:09.123Z", "2026-02-30T14:05:09.123Z", "2026-03-01T25:05:09.123Z",
        "2026-03-01T14:-5:09.123Z", "2026-3-01T14:05:09.123Z"}) {
    EXPECT_EQ(ParseUtcTime(text), std::nullopt) << text;
  }
}

TEST(ReportTimeTest, LengthsForPeople) {
  EXPECT_EQ(Length(milliseconds(0)), "0 ms");
  EXPECT_EQ(Length(milliseconds(999)), "999 ms");
  EXPECT_EQ(Length(milliseconds(1999)), "1.9 s");
  EXPECT_EQ(Length(milliseconds(60'000)), "1 min 0 s");
  EXPECT_EQ(Length(milliseconds(3'725'000)), "62 min 5 s");
}

}  // namespace
}  // namespace ixylab::hil
