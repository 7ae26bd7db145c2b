#include "driver/memory_pool.h"

#include <algorithm>
#include <new>

namespace ixylab {

MemoryPool::MemoryPool(DmaSpace& dma, std::size_t count, std::size_t stride)
    : dma_(dma), count_(count) {
  constexpr std::size_t kSmallest = sizeof(PacketBuffer) + PacketBuffer::kCapacity;
  if (count == 0) throw DeviceError("memory pool: 0 buffers asked for, at least 1 is needed");
  const std::size_t page = dma.page_size();
  if (stride < kSmallest || stride > page || stride % alignof(PacketBuffer) != 0) {
    throw DeviceError("memory pool: stride of " + std::to_string(stride) +
                      " bytes: a multiple of 64 from " + std::to_string(kSmallest) +
                      " to the DMA page's " + std::to_string(page) + " is needed");
  }
  const std::size_t per_page = page / stride;
  memory_ = dma.Allocate((count + per_page - 1) / per_page * page);

  free_ = std::make_unique<PacketBuffer*[]>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t offset = i / per_page * page + i % per_page * stride;
    auto* buffer = new (memory_.bytes().data() + offset) PacketBuffer;
    buffer->iova = memory_.iova(offset) + sizeof(PacketBuffer);
    buffer->pool = this;
    free_[i] = buffer;
  }
  top_ = free_.get();
  end_ = top_ + count;
}

std::size_t MemoryPool::Allocate(std::span<PacketBuffer*> buffers) {
  const std::size_t n = std::min(buffers.size(), available());
  std::ranges::copy(Take(n), buffers.begin());
  for (PacketBuffer* buffer : buffers.first(n)) {
    buffer->size = 0;
    buffer->offloads = {};
    buffer->next = nullptr;
  }
  return n;
}

}  // namespace ixylab
