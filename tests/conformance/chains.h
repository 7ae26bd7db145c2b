// Frames in several buffers.
#ifndef TESTS_CONFORMANCE_CHAINS_H_
#define TESTS_CONFORMANCE_CHAINS_H_

#include <cstdint>
#include <span>

#include "driver/memory_pool.h"
#include "tests/conformance/packets.h"

namespace ixylab::conformance {

/// `frame` in buffers of `pool`: each takes the next of `pieces` bytes, the last what is left;
/// after the last piece comes the first again. Throws std::logic_error if the pool has too few.
PacketBuffer* MakeChain(MemoryPool& pool, std::span<const std::byte> frame,
                        std::span<const std::uint32_t> pieces);
/// In buffers as full as they can be.
PacketBuffer* MakeChain(MemoryPool& pool, std::span<const std::byte> frame);

/// Both for devices opened for frames of more than one buffer: others do not set `next`.
Bytes ChainBytes(const PacketBuffer& first);
std::size_t PiecesOf(const PacketBuffer& first);
void FreeChain(PacketBuffer* first);
void FreeChains(std::span<PacketBuffer* const> frames);

}  // namespace ixylab::conformance

#endif  // TESTS_CONFORMANCE_CHAINS_H_
