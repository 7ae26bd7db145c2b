#include "tests/conformance/chains.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace ixylab::conformance {

namespace {

constexpr std::size_t kLongestChain = 65536;  // bytes

}  // namespace

PacketBuffer* MakeChain(MemoryPool& pool, std::span<const std::byte> frame,
                        std::span<const std::uint32_t> pieces) {
  PacketBuffer* first = nullptr;
  PacketBuffer** end = &first;
  std::size_t piece = 0;
  do {
    PacketBuffer* const buffer = pool.Allocate();
    if (buffer == nullptr) throw std::logic_error("a test has used up its pool");
    buffer->size = static_cast<std::uint32_t>(
        std::min<std::size_t>(frame.size(), pieces[piece++ % pieces.size()]));
    std::ranges::copy(frame.first(buffer->size), buffer->data());
    frame = frame.subspan(buffer->size);
    *end = buffer;
    end = &buffer->next;
  } while (!frame.empty());
  return first;
}

PacketBuffer* MakeChain(MemoryPool& pool, std::span<const std::byte> frame) {
  constexpr std::uint32_t kFull = PacketBuffer::kCapacity;
  return MakeChain(pool, frame, {&kFull, 1});
}

Bytes ChainBytes(const PacketBuffer& first) {
  Bytes bytes;
  const PacketBuffer* buffer = &first;
  // A chain that goes in a circle is longer than any frame.
  for (; buffer != nullptr && bytes.size() < kLongestChain; buffer = buffer->next)
    bytes.insert(bytes.end(), buffer->data(), buffer->data() + buffer->size);
  EXPECT_EQ(buffer, nullptr) << "a chain without an end";
  return bytes;
}

std::size_t PiecesOf(const PacketBuffer& first) {
  std::size_t pieces = 0;
  const PacketBuffer* buffer = &first;
  for (; buffer != nullptr && pieces < kLongestChain; buffer = buffer->next) ++pieces;
  return pieces;
}

void FreeChain(PacketBuffer* first) {
  while (first != nullptr) {
    PacketBuffer* const next = first->next;
    MemoryPool::Free(first);
    first = next;
  }
}

void FreeChains(std::span<PacketBuffer* const> frames) {
  for (PacketBuffer* frame : frames) FreeChain(frame);
}

}  // namespace ixylab::conformance
