#include "driver/memory_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/driver/scripted_dma.h"

namespace ixylab {
namespace {

using testing::HasSubstr;

constexpr std::size_t kPage = 8192;
constexpr std::size_t kHeader = 64;  // of a PacketBuffer

std::vector<PacketBuffer*> TakeAll(MemoryPool& pool) {
  std::vector<PacketBuffer*> buffers;
  while (PacketBuffer* buffer = pool.Allocate()) buffers.push_back(buffer);
  return buffers;
}

std::string Error(DmaSpace& dma, std::size_t count, std::size_t stride) {
  try {
    MemoryPool pool(dma, count, stride);
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "";
}

TEST(MemoryPoolTest, EachBufferKnowsItsDeviceAddress) {
  ScriptedDma dma(kPage);
  dma.Script({0x1'0000'0000, 0x7'7654'2000, 0x3'0000'4000});
  MemoryPool pool(dma, 7, 2112 + 128);  // three in a page
  const std::vector<PacketBuffer*> buffers = TakeAll(pool);
  ASSERT_EQ(buffers.size(), 7u);
  std::vector<std::uint64_t> iovas;
  for (const PacketBuffer* buffer : buffers) iovas.push_back(buffer->iova);
  EXPECT_THAT(iovas, testing::UnorderedElementsAre(
                         0x1'0000'0000 + kHeader, 0x1'0000'0000 + kHeader + 2240,
                         0x1'0000'0000 + kHeader + 4480, 0x7'7654'2000 + kHeader,
                         0x7'7654'2000 + kHeader + 2240, 0x7'7654'2000 + kHeader + 4480,
                         0x3'0000'4000 + kHeader));
  for (const PacketBuffer* buffer : buffers) EXPECT_EQ(buffer->pool, &pool);
  MemoryPool::Free(buffers);
}

TEST(MemoryPoolTest, BuffersStayInsideTheirPageAndApart) {
  // Capacity and header exactly, the default, the largest that fits once, and a power of two.
  for (const std::size_t stride :
       {std::size_t{2112}, MemoryPool::kDefaultStride, kPage, std::size_t{4096}}) {
    SCOPED_TRACE(stride);
    ScriptedDma dma(kPage);
    MemoryPool pool(dma, 50, stride);
    std::set<std::uint64_t> starts;
    for (PacketBuffer* buffer : TakeAll(pool)) {
      const std::uint64_t first = buffer->iova - kHeader;
      EXPECT_EQ(first / kPage, (buffer->iova + PacketBuffer::kCapacity - 1) / kPage);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer) % 64, 0u);
      EXPECT_EQ(reinterpret_cast<std::byte*>(buffer) + kHeader, buffer->data());
      const auto next = starts.lower_bound(first);
      if (next != starts.end()) {
        EXPECT_GE(*next - first, stride);
      }
      if (next != starts.begin()) {
        EXPECT_GE(first - *std::prev(next), stride);
      }
      starts.insert(first);
      // All of it is ours to write.
      std::fill_n(buffer->data(), PacketBuffer::kCapacity, std::byte{0xFF});
      MemoryPool::Free(buffer);
      ASSERT_EQ(pool.Allocate(), buffer);
    }
    EXPECT_EQ(starts.size(), 50u);
  }
}

TEST(MemoryPoolTest, DeviceAddressAndMemoryAgree) {
  ScriptedDma dma(kPage);
  const std::uint64_t page = 0x12'3456'0000;
  dma.Script({page});
  MemoryPool pool(dma, 3, 2112);
  for (const PacketBuffer* buffer : TakeAll(pool)) {
    EXPECT_EQ(buffer->data() - dma.last().data(), static_cast<std::ptrdiff_t>(buffer->iova - page));
  }
}

TEST(MemoryPoolTest, BadSizesAreRefused) {
  ScriptedDma dma(kPage);
  EXPECT_THAT(Error(dma, 0, 2112), HasSubstr("0 buffers"));
  EXPECT_THAT(Error(dma, 1, 0), HasSubstr("stride of 0 bytes"));
  EXPECT_THAT(Error(dma, 1, 2048), HasSubstr("a multiple of 64 from 2112"));
  EXPECT_THAT(Error(dma, 1, 2112 + 32), HasSubstr("a multiple of 64 from 2112"));
  EXPECT_THAT(Error(dma, 1, kPage + 64), HasSubstr("to the DMA page's 8192 is needed"));
  EXPECT_EQ(dma.live(), 0u);
}

TEST(MemoryPoolTest, MemoryGoesBack) {
  ScriptedDma dma(kPage);
  { MemoryPool pool(dma, 10); }
  EXPECT_EQ(dma.live(), 0u);
}

TEST(MemoryPoolTest, AllocateUntilEmptyAndFree) {
  ScriptedDma dma(kPage);
  MemoryPool pool(dma, 5);
  EXPECT_EQ(&pool.dma(), &dma);
  const std::vector<PacketBuffer*> buffers = TakeAll(pool);
  EXPECT_EQ(std::set(buffers.begin(), buffers.end()).size(), 5u);
  EXPECT_EQ(pool.size(), 5u);
  EXPECT_EQ(pool.available(), 0u);
  EXPECT_EQ(pool.Allocate(), nullptr);
  buffers[3]->size = 99;
  MemoryPool::Free(buffers[3]);
  EXPECT_EQ(pool.available(), 1u);
  EXPECT_EQ(pool.Allocate(), buffers[3]);
  EXPECT_EQ(buffers[3]->size, 0u) << "a fresh buffer is empty";
}

TEST(MemoryPoolTest, AllocateABatch) {
  ScriptedDma dma(kPage);
  MemoryPool pool(dma, 5);
  std::array<PacketBuffer*, 4> batch{};
  EXPECT_EQ(pool.Allocate(batch), 4u);
  for (PacketBuffer* buffer : batch) buffer->size = 1;
  std::array<PacketBuffer*, 4> rest{};
  EXPECT_EQ(pool.Allocate(rest), 1u);
  EXPECT_NE(rest[0], nullptr);
  EXPECT_EQ(rest[1], nullptr);
  EXPECT_EQ(pool.Allocate(rest), 0u);
  MemoryPool::Free(batch);
  EXPECT_EQ(pool.Allocate(batch), 4u);
  for (const PacketBuffer* buffer : batch) EXPECT_EQ(buffer->size, 0u);
}

TEST(MemoryPoolTest, TakeAndPut) {
  ScriptedDma dma(kPage);
  MemoryPool pool(dma, 6);
  const std::span<PacketBuffer* const> taken = pool.Take(4);
  EXPECT_EQ(pool.available(), 2u);
  const std::vector<PacketBuffer*> buffers(taken.begin(), taken.end());
  EXPECT_EQ(std::set(buffers.begin(), buffers.end()).size(), 4u);
  pool.Put(buffers[0]);
  pool.Put(std::span(buffers).subspan(1));
  EXPECT_EQ(pool.available(), 6u);
  const std::vector<PacketBuffer*> all = TakeAll(pool);
  EXPECT_EQ(std::set(all.begin(), all.end()).size(), 6u);
}

TEST(MemoryPoolTest, FreeSortsBuffersByTheirPools) {
  ScriptedDma dma(kPage);
  MemoryPool a(dma, 8);
  MemoryPool b(dma, 8);
  std::vector<PacketBuffer*> mixed;
  for (const char pool : {'a', 'b', 'b', 'a', 'a', 'a', 'b'}) {
    mixed.push_back((pool == 'a' ? a : b).Allocate());
  }
  MemoryPool::Free(mixed);
  EXPECT_EQ(a.available(), 8u);
  EXPECT_EQ(b.available(), 8u);
  for (MemoryPool* pool : {&a, &b}) {
    for (const PacketBuffer* buffer : TakeAll(*pool)) EXPECT_EQ(buffer->pool, pool);
  }
}

}  // namespace
}  // namespace ixylab
