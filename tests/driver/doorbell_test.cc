// Doorbells on the bus of each model of the 82599: through a mapped register or a write, the tail
// arrives.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "driver/bus.h"
#include "hil/target/target.h"

namespace ixylab {
namespace {

class DoorbellOnTarget : public testing::TestWithParam<hil::TargetInfo> {};

TEST_P(DoorbellOnTarget, ReachesTheTail) {
  constexpr std::uint32_t kTdt0 = 0x06018;
  const std::unique_ptr<hil::Target> target = hil::OpenTarget(GetParam().name, 1);
  for (unsigned port : {0u, 1u}) {
    Bus& bus = target->bus(port);
    EXPECT_EQ(bus.MapRegister(0, kTdt0) != nullptr, target->capabilities().threads);
    const Doorbell doorbell(bus, kTdt0);
    for (const std::uint32_t tail : {7u, 0u, 63u}) {
      EXPECT_EQ(doorbell.Ring(tail, 3), 3u);
      EXPECT_EQ(bus.Read32(kTdt0), tail);
    }
  }
}

std::vector<hil::TargetInfo> TargetsOf82599() {
  std::vector<hil::TargetInfo> targets(hil::Targets().begin(), hil::Targets().end());
  std::erase_if(targets, [](const auto& info) { return !info.name.starts_with("model:82599"); });
  return targets;
}

INSTANTIATE_TEST_SUITE_P(Of, DoorbellOnTarget, testing::ValuesIn(TargetsOf82599()),
                         [](const auto& info) {
                           std::string name(info.param.name);
                           for (char& c : name) {
                             if (c == ':' || c == ',') c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace ixylab
