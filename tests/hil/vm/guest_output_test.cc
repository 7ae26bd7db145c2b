#include "hil/vm/guest_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ixylab::hil {
namespace {

using testing::ElementsAre;

constexpr std::string_view kStream = "\1ready\none\ntwo\nlast\1exit 3 6\nab\1\ncd";

struct Read {
  std::vector<std::string> lines;
  GuestOutput output{[this](std::string_view line) { lines.emplace_back(line); }};
};

TEST(GuestOutputTest, LinesExitCodeAndResult) {
  Read read;
  read.output.Add(kStream);
  EXPECT_TRUE(read.output.ready());
  EXPECT_TRUE(read.output.complete());
  EXPECT_EQ(read.output.code(), 3);
  EXPECT_EQ(read.output.result(), "ab\1\ncd");
  EXPECT_THAT(read.lines, ElementsAre("one", "two", "last"));
}

TEST(GuestOutputTest, HoweverItIsCut) {
  for (std::size_t size = 1; size < kStream.size(); ++size) {
    Read read;
    for (std::string_view rest = kStream; !rest.empty();) {
      EXPECT_FALSE(read.output.complete());
      read.output.Add(rest.substr(0, size));
      rest.remove_prefix(std::min(size, rest.size()));
    }
    EXPECT_TRUE(read.output.complete()) << size;
    EXPECT_EQ(read.output.result(), "ab\1\ncd") << size;
    EXPECT_THAT(read.lines, ElementsAre("one", "two", "last")) << size;
  }
}

TEST(GuestOutputTest, NotReadyBeforeItSaysSo) {
  Read read;
  read.output.Add("\1read");
  EXPECT_FALSE(read.output.ready());
}

TEST(GuestOutputTest, NoResult) {
  Read read;
  read.output.Add("\1ready\n\1exit 0 0\n");
  EXPECT_TRUE(read.output.complete());
  EXPECT_EQ(read.output.code(), 0);
  EXPECT_THAT(read.lines, ElementsAre());
}

TEST(GuestOutputTest, EndInTheMiddle) {
  Read read;
  read.output.Add("\1ready\none\ntw");
  read.output.End();
  EXPECT_FALSE(read.output.complete());
  EXPECT_EQ(read.output.code(), std::nullopt);
  EXPECT_THAT(read.lines, ElementsAre("one", "tw"));
}

TEST(GuestOutputTest, TheMarkInWhatAProgramPrints) {
  Read read;
  read.output.Add("a\1b\n\1exit x\n\1exit 0 0\n");
  EXPECT_THAT(read.lines, ElementsAre("a\1b", "\1exit x"));
  EXPECT_TRUE(read.output.complete());
}

}  // namespace
}  // namespace ixylab::hil
