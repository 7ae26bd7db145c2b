#include "emulator/host/in_process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace ixylab::emulator {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// A function with a script in place of behaviour.
class ScriptedFunction final : public NicFunction {
 public:
  std::uint32_t Read(unsigned, std::uint32_t offset, unsigned) override {
    return on_read ? on_read(offset) : offset;
  }
  void Write(unsigned, std::uint32_t offset, unsigned, std::uint32_t value) override {
    if (on_write) on_write(offset, value);
  }
  void* MapRegister(unsigned, std::uint32_t) override { return &word; }
  std::uint32_t RegionBytes(unsigned) const override { return 4096; }
  void ResetFunction() override {}
  bool Run() override {
    ++runs;
    if (pending == 0) return false;
    --pending;
    return true;
  }

  std::function<std::uint32_t(std::uint32_t)> on_read;
  std::function<void(std::uint32_t, std::uint32_t)> on_write;
  std::uint32_t word = 0;
  unsigned pending = 0;
  unsigned runs = 0;
};

class VirtualTime : public testing::Test {
 protected:
  VirtualTime() {
    host_.Plug(first_);
    host_.Plug(second_);
  }
  InProcessHost host_{{}};
  ScriptedFunction first_, second_;
};

TEST_F(VirtualTime, NowAndAccessesCostTime) {
  const Nanoseconds start = host_.Now();
  const Nanoseconds each = host_.Now() - start;
  EXPECT_GT(each, Nanoseconds{0});
  host_.Read32(0, 0);
  EXPECT_EQ(host_.Now() - start, 3 * each);
  host_.Write32(0, 0, 0);
  const Nanoseconds write = host_.Now() - start - 4 * each;
  EXPECT_GT(write, Nanoseconds{0});
  EXPECT_LT(write, each) << "a write is posted";
}

TEST_F(VirtualTime, ADriverThatOnlyWritesPilesUpNoDelayedWork) {
  constexpr unsigned kWrites = 100'000;
  unsigned waiting = 0;
  unsigned most = 0;
  first_.on_write = [&](std::uint32_t, std::uint32_t) {
    most = std::max(most, ++waiting);
    host_.Schedule(microseconds(1), [&] { --waiting; });
  };
  for (unsigned i = 0; i < kWrites; ++i) host_.Write32(0, 0, 0);
  EXPECT_LT(most, kWrites / 100);
}

TEST_F(VirtualTime, ALoopThatOnlyPollsEnds) {
  const Nanoseconds end = host_.Now() + milliseconds(1);
  unsigned polls = 0;
  while (host_.Now() < end) ++polls;
  EXPECT_GT(polls, 100u);
}

TEST_F(VirtualTime, SleepingRunsWhatIsDueInOrder) {
  std::string order;
  host_.Schedule(microseconds(30), [&] { order += 'c'; });
  host_.Schedule(microseconds(10), [&] {
    order += 'a';
    host_.Schedule(microseconds(10), [&] { order += 'b'; });
  });
  host_.Schedule(microseconds(30), [&] { order += 'd'; });
  host_.Schedule(microseconds(50), [&] { order += 'e'; });
  host_.Sleep(microseconds(40));
  EXPECT_EQ(order, "abcd");
  host_.Sleep(microseconds(10));
  EXPECT_EQ(order, "abcde");
}

TEST_F(VirtualTime, WorkSeesTheTimeItWasDueAt) {
  const Nanoseconds start = host_.Now();
  Nanoseconds seen{0};
  host_.Schedule(milliseconds(2), [&] { seen = host_.Now(); });
  host_.Sleep(milliseconds(10));
  EXPECT_EQ(seen - start, milliseconds(2)) << "and Now costs a model nothing";
}

TEST_F(VirtualTime, AWriteRunsAllFunctionsUntilNothingIsPending) {
  first_.on_write = [&](std::uint32_t, std::uint32_t) { second_.pending = 5; };
  host_.Write32(0, 0, 0);
  EXPECT_EQ(second_.pending, 0u);
}

TEST_F(VirtualTime, WorkFromOutsideIsFollowedByWhatComesOfIt) {
  host_.Inject([&] { first_.pending = 3; });
  EXPECT_EQ(first_.pending, 0u);
}

TEST_F(VirtualTime, VectorsAreSeenOnce) {
  EXPECT_FALSE(host_.WaitForVector(0, 3, milliseconds(1)));
  host_.Inject([&] { host_.RaiseVector(0, 3); });
  EXPECT_FALSE(host_.WaitForVector(0, 4, Nanoseconds{0}));
  EXPECT_FALSE(host_.WaitForVector(1, 3, Nanoseconds{0}));
  EXPECT_TRUE(host_.WaitForVector(0, 3, Nanoseconds{0}));
  EXPECT_FALSE(host_.WaitForVector(0, 3, Nanoseconds{0}));
}

TEST_F(VirtualTime, WaitingGoesOnUntilTheVectorOrTheTimeout) {
  const Nanoseconds start = host_.Now();
  host_.Schedule(milliseconds(2), [&] { host_.RaiseVector(1, 0); });
  EXPECT_TRUE(host_.WaitForVector(1, 0, milliseconds(10)));
  EXPECT_LT(host_.Now() - start, milliseconds(3));
  EXPECT_FALSE(host_.WaitForVector(1, 0, milliseconds(10)));
  EXPECT_GE(host_.Now() - start, milliseconds(12));
}

TEST_F(VirtualTime, VectorsThatDoNotExistAreLogged) {
  host_.RaiseVector(0, 64);
  host_.RaiseVector(7, 0);
  EXPECT_EQ(host_.log().size(), 2u);
  EXPECT_FALSE(host_.WaitForVector(7, 0, Nanoseconds{0}));
}

TEST_F(VirtualTime, TailsAreNotMapped) { EXPECT_EQ(host_.MapRegister(0, 0), nullptr); }

TEST_F(VirtualTime, FaultsAndLogAreBounded) {
  for (int i = 0; i < 2000; ++i) {
    host_.ReportFault({.port = 1, .iova = 5, .size = 6, .write = true, .what = "RX"});
    host_.Log(1, "line");
  }
  EXPECT_EQ(host_.fault_count(), 2000u);
  EXPECT_EQ(host_.faults().size(), 1000u);
  EXPECT_EQ(host_.faults()[0].what, "RX");
  EXPECT_EQ(host_.log().size(), 1000u);
  EXPECT_EQ(host_.log()[0], "port 1: line");
}

TEST_F(VirtualTime, ReleaseAndTraceMoveTheEpoch) {
  const auto mapping = host_.Allocate(1);
  EXPECT_EQ(host_.Map(0, mapping.pages[0]).size, InProcessHost::kPageSize);
  std::uint64_t before = host_.map_epoch();
  host_.Release(mapping);
  EXPECT_NE(host_.map_epoch(), before);
  EXPECT_EQ(host_.Map(0, mapping.pages[0]).size, 0u);
  before = host_.map_epoch();
  EXPECT_FALSE(host_.traces_dma());
  host_.SetTrace([](std::string_view) {});
  EXPECT_TRUE(host_.traces_dma());
  EXPECT_NE(host_.map_epoch(), before);
}

TEST_F(VirtualTime, TraceLines) {
  std::vector<std::string> lines;
  host_.SetTrace([&](std::string_view line) { lines.emplace_back(line); });
  host_.Write32(1, 0x06018, 0x20);
  host_.Read32(0, 0x00008);
  const std::byte data[] = {std::byte{'a'}};
  host_.TraceDma(0, true, 0x100000000, data);
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "10 port 1 W 0x06018 0x00000020", "110 port 0 R 0x00008 0x00000008",
                       "110 port 0 dma write 0x100000000 1 af63dc4c8601ec8c",  // FNV-1a of "a"
                   }));
}

TEST(Threaded, RunsFunctionsAndEventsByTheWallClock) {
  ScriptedFunction function;
  InProcessHost host({.seed = 1, .threaded = true});
  host.Plug(function);
  host.Inject([&] {
    function.pending = 1000;
    host.Schedule(milliseconds(2), [&] { host.RaiseVector(0, 1); });
  });
  host.Start();
  EXPECT_TRUE(host.WaitForVector(0, 1, std::chrono::seconds(10)));
  EXPECT_GE(host.Now(), milliseconds(2));
  EXPECT_EQ(host.MapRegister(0, 0), &function.word);
  const Nanoseconds deadline = host.Now() + std::chrono::seconds(10);
  bool all_ran = false;
  while (!all_ran && host.Now() < deadline) {
    host.Inject([&] { all_ran = function.pending == 0; });
  }
  EXPECT_TRUE(all_ran);
  host.Stop();
  host.Start();  // and again
  host.Stop();
}

}  // namespace
}  // namespace ixylab::emulator
