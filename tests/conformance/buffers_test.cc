// What a device does with the memory that it is given: only what it was told.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "tests/conformance/opener.h"
#include "tests/conformance/ports_fixture.h"

namespace ixylab::conformance {
namespace {

using Buffers = PortsTest;

constexpr std::byte kCanary{0xC7};

/// A buffer's memory from `from` to the next buffer's header.
std::span<std::byte> Behind(PacketBuffer& buffer, std::uint32_t from) {
  const std::size_t room = MemoryPool::kDefaultStride - sizeof(PacketBuffer);
  return {buffer.data() + from, room - from};
}

TEST_F(Buffers, DeviceWritesTheFrameAndNothingBehindIt) {
  OpenBoth({.receive_descriptors = 64, .buffers = 256});
  MemoryPool& pool = port(1).pool();
  Close(1);
  std::vector<PacketBuffer*> all(pool.size());
  ASSERT_EQ(pool.Allocate(all), all.size());
  for (PacketBuffer* buffer : all) std::ranges::fill(Behind(*buffer, 0), kCanary);
  MemoryPool::Free(all);
  Reopen(1);
  WaitForLinks();

  const Stream stream = StreamFrom(0);
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const std::uint32_t length = number % 3 == 0 ? kLongestFrame : RandomLength();
    PacketBuffer* frame = Make(0, stream, number, length);
    ASSERT_NO_FATAL_FAILURE(SendAll(0, {&frame, 1}));
    const std::vector<PacketBuffer*> received = Collect(1, 1);
    ASSERT_EQ(received.size(), 1u);
    EXPECT_TRUE(stream.Matches(*received[0], number, length));
    const std::span<std::byte> behind = Behind(*received[0], length);
    EXPECT_TRUE(std::ranges::all_of(behind, [](std::byte b) { return b == kCanary; }))
        << "behind frame " << number << " of " << length << " bytes";
    std::ranges::fill(Behind(*received[0], 0), kCanary);
    MemoryPool::Free(received);
    ASSERT_FALSE(HasFailure());
  }
  Close(1);
  ASSERT_EQ(pool.Allocate(all), all.size());
  for (PacketBuffer* buffer : all) {
    const std::span<std::byte> behind = Behind(*buffer, PacketBuffer::kCapacity);
    EXPECT_TRUE(std::ranges::all_of(behind, [](std::byte b) { return b == kCanary; }));
  }
  MemoryPool::Free(all);
}

TEST_F(Buffers, EachHasItsCapacityToItself) {
  MemoryPool pool(target().dma(), 3000);
  std::vector<PacketBuffer*> all(pool.size());
  ASSERT_EQ(pool.Allocate(all), all.size());
  // In the CPU's order of addresses and in the device's: up to the next buffer's header.
  constexpr std::size_t kNeeded = PacketBuffer::kCapacity + sizeof(PacketBuffer);
  std::ranges::sort(all);
  for (std::size_t i = 1; i < all.size(); ++i) {
    ASSERT_GE(reinterpret_cast<std::uintptr_t>(all[i]),
              reinterpret_cast<std::uintptr_t>(all[i - 1]) + kNeeded);
  }
  std::ranges::sort(all, {}, &PacketBuffer::iova);
  for (std::size_t i = 1; i < all.size(); ++i) {
    ASSERT_GE(all[i]->iova, all[i - 1]->iova + kNeeded);
  }
  MemoryPool::Free(all);
}

TEST_F(Buffers, DeviceOnlyReadsWhatItTransmits) {
  OpenBoth();
  const Stream stream = StreamFrom(0);
  std::vector<PacketBuffer*> frames(100);
  std::vector<std::vector<std::byte>> before;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    frames[i] = Make(0, stream, i, RandomLength());
    before.emplace_back(frames[i]->data(), frames[i]->data() + PacketBuffer::kCapacity);
  }
  const std::vector<PacketBuffer*> looked_at = frames;
  ASSERT_NO_FATAL_FAILURE(SendAll(0, frames));
  const std::vector<PacketBuffer*> received = Collect(1, frames.size());
  EXPECT_EQ(received.size(), frames.size());
  MemoryPool::Free(received);
  Close(0);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(before[i], std::span(looked_at[i]->data(), before[i].size())))
        << "frame " << i;
  }
}

TEST_F(Buffers, ReceivedBufferIsTheCallersUntilFreed) {
  OpenBoth({.receive_descriptors = 64, .buffers = 2048});
  const Stream stream = StreamFrom(0);
  std::vector<PacketBuffer*> held;
  // More than ten rings' worth, all kept.
  for (std::uint64_t number = 0; number < 700; number += 20) {
    std::vector<PacketBuffer*> frames(20);
    for (std::size_t i = 0; i < frames.size(); ++i) frames[i] = Make(0, stream, number + i, 400);
    ASSERT_NO_FATAL_FAILURE(SendAll(0, frames));
    const std::vector<PacketBuffer*> received = Collect(1, frames.size());
    held.insert(held.end(), received.begin(), received.end());
  }
  ASSERT_EQ(held.size(), 700u);
  for (std::size_t i = 0; i < held.size(); ++i) {
    EXPECT_TRUE(stream.Matches(*held[i], i, 400));
  }
  std::ranges::sort(held);
  EXPECT_EQ(std::ranges::adjacent_find(held), held.end()) << "a buffer was handed out twice";
  MemoryPool::Free(held);
}

TEST_F(Buffers, OneDeviceSendsWhatTheOtherReceived) {
  // Both on one pool, as in a forwarder: frames go from port 0 to port 1, and the very buffers
  // back.
  constexpr std::size_t kBuffers = 2048;
  MemoryPool pool(target().dma(), kBuffers);
  {
    DeviceConfig config = Config();
    config.pools = {&pool};
    const std::unique_ptr<Device> near = OpenDevice(target().bus(0), config);
    const std::unique_ptr<Device> far = OpenDevice(target().bus(1), config);
    ASSERT_TRUE(near->WaitForLink(kDeadline));
    ASSERT_TRUE(far->WaitForLink(kDeadline));
    const Stream stream(1, far->mac_address(), near->mac_address());
    constexpr std::uint64_t kFrames = 20'000;
    const std::uint64_t window = std::min(200u, RingSize(config.receive_descriptors) / 2);
    const auto length = [](std::uint64_t number) {
      return static_cast<std::uint32_t>(kShortestFrame + number * 7 % 1400);
    };
    std::uint64_t sent = 0;
    std::uint64_t back = 0;
    ASSERT_TRUE(target().Until(
        [&] {
          std::array<PacketBuffer*, 32> batch;
          while (sent < kFrames && sent - back < window) {
            PacketBuffer* frame = pool.Allocate();
            if (frame == nullptr) break;
            stream.Fill(*frame, sent, length(sent));
            if (near->Transmit(0, {&frame, 1}) == 0) {
              MemoryPool::Free(frame);
              break;
            }
            ++sent;
          }
          const std::size_t there = far->Receive(0, batch);
          const std::size_t taken = far->Transmit(0, std::span(batch).first(there));
          EXPECT_EQ(taken, there);
          MemoryPool::Free(std::span(batch).first(there).subspan(taken));
          const std::size_t n = near->Receive(0, batch);
          for (std::size_t i = 0; i < n; ++i) {
            EXPECT_TRUE(stream.Matches(*batch[i], back, length(back)));
            ++back;
          }
          MemoryPool::Free(std::span(batch).first(n));
          return back == kFrames || HasFailure();
        },
        kDeadline))
        << back << " of " << sent << " frames came back";
  }
  EXPECT_EQ(pool.available(), kBuffers);
}

TEST_F(Buffers, DevicesWithPoolsOfDifferentSizes) {
  Open(0, {.receive_descriptors = 64, .buffers = 256});
  Open(1, {.receive_descriptors = 1024, .buffers = 3000});
  WaitForLinks();
  ASSERT_NO_FATAL_FAILURE(ExpectTraffic(1000));
}

}  // namespace
}  // namespace ixylab::conformance
