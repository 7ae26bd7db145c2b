// In virtual time the same seed gives the same run, down to what the models do in memory.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "driver/memory_pool.h"
#include "driver/open.h"
#include "hil/target/model_target.h"

namespace ixylab::hil {
namespace {

using namespace std::chrono_literals;  // NOLINT

/// Register accesses and DMA of both ports while frames go from one to the other.
std::string Trace(std::uint64_t seed) {
  std::string trace;
  ModelTarget target({.seed = seed});
  target.host().SetTrace([&](std::string_view line) { trace.append(line).append("\n"); });
  MemoryPool pool(target.dma(), 2048);
  const std::unique_ptr<Device> near = Open(target.bus(0), {.pools = {&pool}});
  const std::unique_ptr<Device> far = Open(target.bus(1), {.pools = {&pool}});
  EXPECT_TRUE(near->WaitForLink(1s));
  EXPECT_TRUE(far->WaitForLink(1s));
  for (std::uint32_t i = 0; i < 200; ++i) {
    PacketBuffer* frame = pool.Allocate();
    frame->size = 60 + i;
    frame->data()[59] = static_cast<std::byte>(i);
    EXPECT_EQ(near->Transmit(0, {&frame, 1}), 1u);
    EXPECT_EQ(far->Receive(0, {&frame, 1}), 1u);
    MemoryPool::Free(frame);
  }
  target.host().SetTrace(nullptr);
  return trace;
}

TEST(DmaTraceTest, SameSeedSameBytes) {
  const std::string first = Trace(1);
  EXPECT_NE(first.find(" dma read "), first.npos);
  EXPECT_NE(first.find(" dma write "), first.npos);
  EXPECT_TRUE(first == Trace(1)) << "two runs with one seed differ";
  EXPECT_FALSE(first == Trace(2)) << "the seed changes nothing";
}

}  // namespace
}  // namespace ixylab::hil
