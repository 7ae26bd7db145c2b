// The same seed gives the same run.
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "tests/conformance/opener.h"
#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

using Determinism = PortsTest;

/// Opens both ports of a target of its own, sends frames, and closes them: all register accesses
/// and the device address of every received buffer, as text.
std::string Trace(std::uint64_t seed) {
  std::string trace;
  const std::unique_ptr<hil::Target> target = hil::OpenTarget(CurrentSession().target, seed);
  target->SetTrace([&](std::string_view line) { trace.append(line).append("\n"); });
  MemoryPool pool(target->dma(), 4096);
  const DeviceConfig config{.pools = {&pool},
                            .virtio_legacy = target->capabilities().virtio_legacy};
  {
    const std::unique_ptr<Device> near = OpenDevice(target->bus(0), config);
    const std::unique_ptr<Device> far = OpenDevice(target->bus(1), config);
    EXPECT_TRUE(near->WaitForLink(kDeadline));
    EXPECT_TRUE(far->WaitForLink(kDeadline));
    const Stream stream(1, far->mac_address(), near->mac_address());
    for (std::uint64_t number = 0; number < 500; ++number) {
      PacketBuffer* frame = pool.Allocate();
      stream.Fill(*frame, number, static_cast<std::uint32_t>(kShortestFrame + number));
      EXPECT_EQ(near->Transmit(0, {&frame, 1}), 1u);
      std::array<PacketBuffer*, 8> batch;
      const std::size_t n = far->Receive(0, batch);
      for (std::size_t i = 0; i < n; ++i) {
        trace += "received at " + std::to_string(batch[i]->iova) + "\n";
      }
      MemoryPool::Free(std::span(batch).first(n));
    }
    near->ReadStatistics();
  }
  target->SetTrace(nullptr);
  return trace;
}

TEST_F(Determinism, SameSeedSameTrace) {
  if (!can().virtual_time) GTEST_SKIP() << "the target runs against the wall clock";
  const std::uint64_t seed = CurrentSession().seed;
  const std::string first = Trace(seed);
  EXPECT_GT(first.size(), 10'000u);
  EXPECT_NE(first.find("received at"), std::string::npos);
  EXPECT_TRUE(first == Trace(seed)) << "two runs with seed " << seed << " differ";
  EXPECT_FALSE(first == Trace(seed + 1)) << "the seed changes nothing";
}

}  // namespace
}  // namespace ixylab::conformance
