#include "hil/target/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "hil/target/model_target.h"

namespace ixylab::hil {
namespace {

using namespace std::chrono_literals;  // NOLINT
using testing::HasSubstr;

constexpr std::uint32_t kStatus = 0x8;

TEST(TargetTest, EveryListedModelOpensUnderItsName) {
  for (const TargetInfo& info : Targets()) {
    if (!info.name.starts_with("model:82599")) continue;
    EXPECT_EQ(OpenTarget(info.name, 1)->name(), info.name);
  }
}

TEST(TargetTest, OthersAreRefusedInOneLine) {
  for (const auto& [name, why] :
       {std::pair("model:82598", "unknown target"),
        std::pair("vm:virtio-net,packed", "hil run --target=vm:virtio")}) {
    try {
      OpenTarget(name, 1);
      ADD_FAILURE() << name;
    } catch (const TargetError& error) {
      EXPECT_THAT(error.what(), HasSubstr(why));
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
}

TEST(TargetTest, UntilSeesTheConditionOrTheDeadline) {
  const auto target = OpenTarget("model:82599", 1);
  int polls = 0;
  EXPECT_TRUE(target->Until([&] { return ++polls == 5; }, 1s));
  EXPECT_EQ(polls, 5);
  const Nanoseconds start = target->bus(0).Now();
  EXPECT_FALSE(target->Until([] { return false; }, 10ms));
  EXPECT_GE(target->bus(0).Now() - start, 10ms);
  EXPECT_TRUE(target->Until([] { return true; }, 0ms)) << "one look is for free";
}

TEST(ModelTargetTest, PortsShareAMemoryOfScatteredPages) {
  const auto target = OpenTarget("model:82599", 1);
  EXPECT_EQ(&target->bus(0).dma(), &target->bus(1).dma());
  const DmaMemory memory = target->dma().Allocate(8 << 20);
  ASSERT_GE(memory.bytes().size(), std::size_t{8} << 20);
  EXPECT_TRUE(std::ranges::all_of(memory.bytes(), [](std::byte b) { return b == std::byte{0}; }));
  std::set<std::uint64_t> pages;
  for (std::size_t at = 0; at < memory.bytes().size(); at += memory.page_size()) {
    EXPECT_GE(memory.iova(at), std::uint64_t{1} << 32);
    EXPECT_EQ(memory.iova(at) % memory.page_size(), 0u);
    EXPECT_EQ(memory.iova(at + 5), memory.iova(at) + 5);
    pages.insert(memory.iova(at));
  }
  EXPECT_EQ(pages.size(), memory.bytes().size() / memory.page_size());
}

TEST(ModelTargetTest, SeedDecidesTheAddresses) {
  const auto address = [](std::uint64_t seed) {
    return OpenTarget("model:82599", seed)->dma().Allocate(1).iova(0);
  };
  EXPECT_EQ(address(1), address(1));
  EXPECT_NE(address(1), address(2));
}

TEST(ModelTargetTest, AccessesAreDecoded) {
  const auto target = OpenTarget("model:82599", 1);
  target->bus(1).Read32(kStatus);
  ASSERT_EQ(target->last_accesses().size(), 1u);
  EXPECT_THAT(target->last_accesses()[0], HasSubstr("port 1  R  STATUS 0x00008 = 0x"));
  std::string trace;
  target->SetTrace([&](std::string_view line) { trace += line; });
  target->bus(0).Read32(kStatus);
  EXPECT_THAT(trace, HasSubstr("port 0  R  STATUS"));
}

TEST(ModelTargetTest, WithoutLogNothingIsKept) {
  const auto target = OpenModelTarget({.log_accesses = false});
  EXPECT_NE(target->bus(0).Read32(kStatus), 0xFFFFFFFFu);
  EXPECT_TRUE(target->last_accesses().empty());
}

TEST(ModelTargetTest, EndpointsHaveAWireEach) {
  struct Far : emulator::Endpoint {
    void OnFrame(const emulator::Frame&) override {}
  } first, second;
  const auto joined = OpenModelTarget({});
  EXPECT_EQ(&joined->wire(0), &joined->wire(1));
  EXPECT_TRUE(joined->capabilities().can_unplug);
  const auto apart = OpenModelTarget({.endpoints = {&first, &second}});
  EXPECT_NE(&apart->wire(0), &apart->wire(1));
  for (unsigned port : {0u, 1u}) {
    EXPECT_TRUE(apart->wire(port).Carrier(apart->wire_end(port))) << "no light at port " << port;
  }
}

}  // namespace
}  // namespace ixylab::hil
