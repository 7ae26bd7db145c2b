// Card::counters: what became of each frame, whatever a driver reads or resets.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

constexpr std::string_view kOwn = "02:1b:21:00:00:00", kStrange = "02:1b:21:00:00:77";

class Counters : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(rig_.WaitForLink());
    rig_.StartReceiver();
    rig_.StartRx(rx_, 7);
    rig_.StartTx(tx_);
  }
  /// Those that are not 0.
  std::map<std::string, std::uint64_t> Counts(unsigned port = 0) const {
    std::map<std::string, std::uint64_t> counts;
    for (const NamedCounter& counter : rig_.chip.counters(port)) {
      if (counter.value != 0) counts[std::string(counter.name)] = counter.value;
    }
    return counts;
  }
  using Expected = std::map<std::string, std::uint64_t>;

  Rig rig_;
  TestRing rx_{rig_.host, 8};
  TestRing tx_{rig_.host, 8};
};

TEST_F(Counters, EveryFrameIsOneOfThem) {
  EXPECT_EQ(Counts(), Expected{});
  for (int i = 0; i < 9; ++i) rig_.Send(MakeFrame(100, kOwn));  // 7 descriptors
  rig_.Send(MakeFrame(100, kStrange));
  rig_.Send(MakeFrame(100, kStrange));
  rig_.Send(MakeFrame(40, kOwn));
  rig_.Send(MakeFrame(100, kOwn), 0x12345678);
  rig_.Write(0x03000, 0);  // RXCTRL
  rig_.Send(MakeFrame(100, kOwn));
  const Expected expected = {{"received", 7}, {"received bytes", 700},
                             {"dropped", 2},  {"filtered", 2},
                             {"bad", 2},      {"receiver off", 1}};
  EXPECT_EQ(Counts(), expected);
  EXPECT_EQ(Counts(1), Expected{});
}

TEST_F(Counters, SurviveReadsAndResets) {
  rig_.PutTx(tx_, 0, MakeFrame(100));
  rig_.PutTx(tx_, 1, MakeFrame(1000));
  rig_.Write(kTdt, 2);
  rig_.Send(MakeFrame(100, kOwn));
  const Expected before = {
      {"sent", 2}, {"sent bytes", 1108}, {"received", 1}, {"received bytes", 100}};
  EXPECT_EQ(Counts(), before);
  EXPECT_EQ(rig_.Read(kGptc), 2u);
  EXPECT_EQ(rig_.Read(kGptc), 0u);
  EXPECT_EQ(rig_.Read(kQprc), 1u);
  EXPECT_EQ(Counts(), before);
  rig_.Send(MakeFrame(100, kStrange));
  rig_.Reset();
  Expected after = before;
  after["filtered"] = 1;
  EXPECT_EQ(Counts(), after);
  rig_.chip.function(0).ResetFunction();
  EXPECT_EQ(Counts(), after);
}

// An upper half that is read on its own, or behind its lower half, moves nothing twice.
TEST_F(Counters, HalvesOfOctetCounters) {
  rig_.Send(MakeFrame(100, kOwn));
  EXPECT_EQ(rig_.ReadPair(kQbrcL), 100u);
  rig_.Read(kQbrcL + 4);
  rig_.Read(kQbrcL);
  rig_.Send(MakeFrame(200, kOwn));
  rig_.Read(kQbrcL + 4);
  const Expected expected = {{"received", 2}, {"received bytes", 300}};
  EXPECT_EQ(Counts(), expected);
}

TEST_F(Counters, NoSuchPort) { EXPECT_THROW(rig_.chip.counters(2), std::out_of_range); }

}  // namespace
}  // namespace ixylab::emulator::intel82599
