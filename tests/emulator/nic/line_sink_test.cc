#include "emulator/nic/line_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

namespace ixylab::emulator::nic {
namespace {

using namespace std::chrono_literals;

/// A pipe that blocks who writes to it when it is full.
class LineSinkTest : public ::testing::Test {
 protected:
  LineSinkTest() {
    std::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    reader_ = ends[0];
    writer_ = ends[1];
    fcntl(reader_, F_SETFL, O_NONBLOCK);
  }
  ~LineSinkTest() override {
    close(reader_);
    close(writer_);
  }
  std::string Read() {
    std::string all, piece(65536, '\0');
    for (ssize_t n; (n = read(reader_, piece.data(), piece.size())) > 0;) {
      all.append(piece, 0, static_cast<std::size_t>(n));
    }
    return all;
  }

  int reader_ = -1, writer_ = -1;
};

TEST_F(LineSinkTest, KeepsLinesUntilFlush) {
  LineSink sink(writer_);
  sink.Add("one");
  sink.Add("two");
  EXPECT_EQ(Read(), "");
  EXPECT_FALSE(sink.empty());
  sink.Flush();
  EXPECT_TRUE(sink.empty());
  EXPECT_EQ(Read(), "one\ntwo\n");
}

TEST_F(LineSinkTest, DropsAndCountsWhereNobodyReadsAndGoesOn) {
  LineSink sink(writer_);
  const std::string line(999, 'x');
  // Would block for ever if it wrote to a full pipe.
  for (int i = 0; i < 10'000; ++i) sink.Add(line);
  EXPECT_GT(sink.dropped(), 0u);
  const std::uint64_t dropped = sink.dropped();
  std::string all;
  const auto read_all = [&] {
    while (!sink.empty()) {
      all += Read();
      sink.Flush();
    }
    all += Read();
  };
  read_all();
  sink.Add("after");
  read_all();
  EXPECT_EQ(sink.dropped(), dropped);
  const std::size_t told = all.find("... " + std::to_string(dropped) + " lines dropped");
  ASSERT_NE(told, std::string::npos);
  EXPECT_TRUE(all.ends_with("\nafter\n"));
  // Whole lines, all that were not dropped.
  EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(all, '\n')), 10'000 - dropped + 2);
}

TEST_F(LineSinkTest, EndGivesUpOnWhoDoesNotRead) {
  LineSink sink(writer_);
  for (int i = 0; i < 1000; ++i) sink.Add(std::string(999, 'x'));
  const auto begin = std::chrono::steady_clock::now();
  sink.End(50ms);
  EXPECT_FALSE(sink.empty());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(LineSinkTest, WhoHasGoneIsNoTrouble) {
  LineSink sink(writer_);
  close(reader_);
  reader_ = -1;
  sink.Add("one");
  sink.Flush();
  sink.Add("two");
  EXPECT_TRUE(sink.empty());
  EXPECT_EQ(sink.dropped(), 1u);
}

}  // namespace
}  // namespace ixylab::emulator::nic
