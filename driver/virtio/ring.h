// What split and packed rings have in common.
#ifndef DRIVER_VIRTIO_RING_H_
#define DRIVER_VIRTIO_RING_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "driver/bus.h"

namespace ixylab::virtio {

// Flags of a descriptor, in both formats (virtio 1.2, 2.7.5 and 2.8.13).
inline constexpr std::uint16_t kDescriptorNext = 1;
inline constexpr std::uint16_t kDescriptorWrite = 2;  // the device writes the buffer

struct RingOptions {
  std::uint32_t entries;              // the queue's size: a power of two
  std::uint32_t buffers;              // as many at most are in use at a time: a power of two
  bool event_index;                   // VIRTIO_F_EVENT_IDX
  std::uint32_t receive_bytes = 0;    // of each receive buffer; 0: the driver writes the buffers
  std::uint32_t separate_header = 0;  // bytes of a header in a descriptor of its own; 0: none
};

/// A buffer that the device has used.
struct UsedBuffer {
  std::uint32_t id;      // below the ring's size, whatever the device wrote
  std::uint32_t length;  // bytes that it wrote
};

/// One part of a request of several.
struct ChainElement {
  std::uint64_t iova;
  std::uint32_t length;
  bool device_writes;
};

/// Bytes beside a ring, in its memory: the control queue's command.
inline constexpr std::size_t kRingExtra = 64;

constexpr std::size_t AlignedUp(std::size_t value, std::size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// A queue is contiguous for the device, so it must fit into a page.
inline DmaMemory AllocateRing(DmaSpace& dma, std::size_t bytes) {
  if (bytes > dma.page_size()) {
    throw DeviceError("virtio: a queue of " + std::to_string(bytes) +
                      " bytes does not fit into a DMA page of " + std::to_string(dma.page_size()));
  }
  return dma.Allocate(bytes);
}

}  // namespace ixylab::virtio

#endif  // DRIVER_VIRTIO_RING_H_
