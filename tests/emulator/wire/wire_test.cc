#include "emulator/wire/wire.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "emulator/wire/fcs.h"

namespace ixylab::emulator {
namespace {

class Recorder final : public Endpoint {
 public:
  void OnFrame(const Frame& frame) override {
    sizes.push_back(frame.bytes.size());
    fcs = frame.fcs;
  }
  void OnCarrier(bool present) override { carriers.push_back(present); }
  std::vector<std::size_t> sizes;
  std::optional<std::uint32_t> fcs;
  std::vector<bool> carriers;
};

constexpr std::array<std::byte, 60> kFrame{};

TEST(Wire, CarriesFramesToTheOtherEndAndCounts) {
  Wire wire;
  Recorder left, right;
  wire.Attach(0, &left);
  wire.Attach(1, &right);
  wire.Send(0, {.bytes = kFrame});
  wire.Send(0, {.bytes = std::span(kFrame).first(20), .fcs = 7});
  wire.Send(1, {.bytes = kFrame});
  EXPECT_EQ(right.sizes, (std::vector<std::size_t>{60, 20}));
  EXPECT_EQ(right.fcs, 7u);
  EXPECT_EQ(left.sizes, (std::vector<std::size_t>{60}));
  EXPECT_EQ(wire.counters(0).frames, 2u);
  EXPECT_EQ(wire.counters(0).bytes, 80u);
  EXPECT_EQ(wire.counters(0).lost_frames, 0u);
}

TEST(Wire, LosesWhatNobodyIsThereFor) {
  Wire wire;
  Recorder left, right;
  wire.Attach(0, &left);
  wire.Send(0, {.bytes = kFrame});
  wire.Attach(1, &right);
  wire.SetPlugged(false);
  wire.Send(0, {.bytes = kFrame});
  wire.SetPlugged(true);
  wire.Send(0, {.bytes = kFrame});
  EXPECT_EQ(right.sizes.size(), 1u);
  EXPECT_EQ(wire.counters(0).frames, 3u);
  EXPECT_EQ(wire.counters(0).lost_frames, 2u);
}

TEST(Wire, TheSignalArrivesWhileTheCableIsIn) {
  Wire wire;
  Recorder left, right;
  wire.Attach(0, &left);
  wire.Attach(1, &right);
  EXPECT_FALSE(wire.Carrier(1));
  wire.SetSignal(0, true);
  wire.SetSignal(0, true);
  EXPECT_TRUE(wire.Carrier(1));
  EXPECT_FALSE(wire.Carrier(0));
  wire.SetPlugged(false);
  EXPECT_FALSE(wire.Carrier(1));
  wire.SetSignal(0, false);
  wire.SetSignal(0, true);
  wire.SetPlugged(true);
  EXPECT_EQ(right.carriers, (std::vector<bool>{true, false, true}));
  EXPECT_TRUE(left.carriers.empty());
}

TEST(Wire, AnEndpointThatComesLaterLearnsOfTheSignal) {
  Wire wire;
  Recorder left, right;
  wire.Attach(0, &left);
  wire.SetSignal(0, true);
  wire.Attach(1, &right);
  EXPECT_EQ(right.carriers, std::vector<bool>{true});
  wire.Attach(0, nullptr);
  EXPECT_EQ(right.carriers, (std::vector<bool>{true, false})) << "its signal goes with it";
}

TEST(Fcs, KnownValues) {
  const std::string_view check = "123456789";  // the check value of CRC-32/ISO-HDLC
  EXPECT_EQ(FrameCheckSequence(std::as_bytes(std::span(check))), 0xCBF43926u);
  EXPECT_EQ(FrameCheckSequence({}), 0u);
}

}  // namespace
}  // namespace ixylab::emulator
