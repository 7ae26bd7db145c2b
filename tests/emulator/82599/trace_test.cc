// The same seed gives the same register and DMA trace, byte by byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/emulator/82599/rig.h"

namespace ixylab::emulator::intel82599 {
namespace {

std::vector<std::string> RunWithSeed(std::uint64_t seed) {
  std::vector<std::string> lines;
  Rig rig({.seed = seed});
  rig.EnableMsix();
  rig.host.SetTrace([&](std::string_view line) { lines.emplace_back(line); });
  TestRing tx(rig.host, 8);
  TestRing rx(rig.host, 8);
  EXPECT_TRUE(rig.WaitForLink());
  rig.StartReceiver();
  rig.StartRx(rx, 7);
  rig.StartTx(tx);
  rig.Write(kGpie, 1u << 4);
  rig.Write(kIvar, 0x00000083);
  rig.Write(kEims, 1u << 3);
  for (std::uint32_t i = 0; i < 4; ++i) {
    rig.PutTx(tx, i, MakeFrame(60 + i));
    rig.Send(MakeFrame(200 + i));
  }
  rig.Write(kTdt, 4);
  EXPECT_EQ(rig.partner.frames.size(), 4u);
  EXPECT_EQ(rig.Read(kRdh), 4u);
  rig.host.SetTrace(nullptr);
  rig.Read(kRdh);
  return lines;
}

TEST(Trace, TheSameSeedGivesTheSameBytes) {
  const auto first = RunWithSeed(42);
  EXPECT_EQ(first, RunWithSeed(42));
  EXPECT_NE(first, RunWithSeed(43)) << "other device addresses";
}

TEST(Trace, HasRegistersDmaAndInterrupts) {
  const auto lines = RunWithSeed(1);
  const auto count = [&](std::string_view what) {
    return std::ranges::count_if(
        lines, [&](const std::string& line) { return line.find(what) != std::string::npos; });
  };
  EXPECT_EQ(count(" port 0 W 0x06018 0x00000004"), 1) << "the tail";
  EXPECT_EQ(count(" dma read "), 4 + 4 + 4) << "descriptors of both rings, frames that were sent";
  EXPECT_EQ(count(" dma write "), 4 + 4 + 4) << "the other way round";
  EXPECT_EQ(count(" vector 3"), 1);
  EXPECT_EQ(lines.back().substr(lines.back().find("port")), "port 0 R 0x01010 0x00000004");
}

}  // namespace
}  // namespace ixylab::emulator::intel82599
