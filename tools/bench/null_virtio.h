// A modern virtio-net device that is not there: its registers are what bring-up needs, and its
// queues move only when a stub is told to use buffers.
#ifndef TOOLS_BENCH_NULL_VIRTIO_H_
#define TOOLS_BENCH_NULL_VIRTIO_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "driver/bus.h"
#include "driver/virtio/packed_ring.h"
#include "driver/virtio/split_ring.h"

namespace ixylab::bench {

/// Where the driver put a queue. Device addresses are virtual ones.
struct NullQueue {
  std::uint32_t size = 0;
  std::array<std::uint64_t, 3> areas{};  // descriptors, driver, device
};

/// The bus of a device that offers VERSION_1, MAC and MRG_RXBUF, and always wants to be notified.
class NullVirtioBus : public Bus {
 public:
  NullVirtioBus(DmaSpace& dma, bool packed);

  PciId id() const override { return {0x1AF4, 0x1041}; }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override;
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override;
  void* MapRegister(unsigned, std::uint32_t) override { return &doorbell_; }
  DmaSpace& dma() override { return dma_; }
  Interrupts EnableInterrupts(std::uint32_t) override { return Interrupts::kNone; }
  bool WaitForInterrupt(std::uint32_t, Nanoseconds) override { return false; }
  Nanoseconds Now() override { return now_ += Nanoseconds(1); }
  void Sleep(Nanoseconds duration) override { now_ += duration; }

  const NullQueue& queue(std::uint32_t number) { return queues_[number]; }

 private:
  DmaSpace& dma_;
  std::uint64_t features_;
  std::map<std::uint32_t, std::uint32_t> registers_;
  std::map<std::uint32_t, NullQueue> queues_;
  std::uint32_t doorbell_ = 0;
  Nanoseconds now_{0};
};

/// The device's side of a queue of either format: of a receive queue, or of a transmit queue.
class NullSplitQueue {
 public:
  explicit NullSplitQueue(const NullQueue& queue);

  /// Receives `packets` frames (fewer than the queue has buffers) of `size` bytes.
  void Complete(std::size_t packets, std::uint16_t size);
  /// Sends all that is there. Returns how many packets.
  std::size_t Complete();

 private:
  void Use(std::uint32_t length);

  std::uint32_t size_;
  const virtio::SplitDescriptor* descriptors_;
  const std::uint16_t* available_;  // flags, index, ring
  std::uint16_t* used_index_;
  virtio::UsedElement* used_;
  std::uint16_t next_ = 0;
};

class NullPackedQueue {
 public:
  explicit NullPackedQueue(const NullQueue& queue);

  void Complete(std::size_t packets, std::uint16_t size);
  std::size_t Complete();

 private:
  bool IsAvailable() const;
  void Use(std::uint32_t length);

  std::uint32_t size_;
  virtio::PackedDescriptor* descriptors_;
  std::uint32_t next_ = 0;
  bool wrap_ = true;
};

/// What a rig needs of a bus: queue 0 of port 0 receives, queue 1 of port 1 sends.
template <typename Queue, bool kPacked>
struct NullVirtioPort final : NullVirtioBus {
  explicit NullVirtioPort(DmaSpace& dma) : NullVirtioBus(dma, kPacked) {}
  struct ReceiveRing : Queue {
    explicit ReceiveRing(NullVirtioPort& bus) : Queue(bus.queue(0)) {}
  };
  struct TransmitRing : Queue {
    explicit TransmitRing(NullVirtioPort& bus) : Queue(bus.queue(1)) {}
  };
};
using NullSplitPort = NullVirtioPort<NullSplitQueue, false>;
using NullPackedPort = NullVirtioPort<NullPackedQueue, true>;

}  // namespace ixylab::bench

#endif  // TOOLS_BENCH_NULL_VIRTIO_H_
