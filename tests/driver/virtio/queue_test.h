// A queue under test with a scripted device on its other side, for either format.
#ifndef TESTS_DRIVER_VIRTIO_QUEUE_TEST_H_
#define TESTS_DRIVER_VIRTIO_QUEUE_TEST_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "driver/memory_pool.h"
#include "driver/virtio/packed_ring.h"
#include "driver/virtio/queue.h"
#include "driver/virtio/split_ring.h"
#include "tests/driver/mock_bus.h"
#include "tests/driver/scripted_dma.h"
#include "tests/driver/virtio/device_side.h"

namespace ixylab::virtio {

struct Split {
  using Ring = SplitRing;
  using Side = SplitSide;
};
struct Packed {
  using Ring = PackedRing;
  using Side = PackedSide;
};

using Formats = testing::Types<Split, Packed>;

class FormatNames {
 public:
  template <typename T>
  static std::string GetName(int) {
    return std::is_same_v<T, Split> ? "Split" : "Packed";
  }
};

template <typename Format>
class QueueTest : public testing::Test {
 protected:
  using Ring = typename Format::Ring;
  using Side = typename Format::Side;
  static constexpr std::uint32_t kSize = 64;
  static constexpr std::uint16_t kQueue = 6;
  static constexpr std::uint16_t kSilent = 0xFFFF;

  QueueTest() {
    bus_.Map(4, 0x3018, &doorbell_);
    while (PacketBuffer* buffer = pool_.Allocate()) buffers_[buffer->iova] = buffer;
    for (const auto& [iova, buffer] : buffers_) MemoryPool::Free(buffer);
  }

  /// A ring of `kSize`, and the device's side of it.
  Ring MakeRing(RingOptions options) {
    Ring ring(dma_, options);
    memory_.emplace(dma_.last(), ring.addresses().descriptors);
    side_.emplace(*memory_, options.entries, ring.addresses().descriptors, ring.addresses().driver,
                  ring.addresses().device);
    return ring;
  }
  QueueMemory& memory() { return *memory_; }
  Side& side() { return *side_; }
  Notifier notifier() { return Notifier(bus_, 4, 0x3018, kQueue); }
  /// Whether the doorbell was rung since the last call.
  bool Rung() {
    EXPECT_TRUE(doorbell_ == kSilent || doorbell_ == kQueue);
    return std::exchange(doorbell_, kSilent) == kQueue;
  }

  /// The buffer whose data, less `lead`, is at the device address.
  PacketBuffer& BufferAt(std::uint64_t iova, std::uint32_t lead) {
    return *buffers_.at(iova + lead);
  }
  std::size_t in_use() const { return pool_.size() - pool_.available(); }

  ScriptedDma dma_;
  testing::StrictMock<MockBus> bus_{dma_};
  MemoryPool pool_{dma_, 4 * kSize};
  std::map<std::uint64_t, PacketBuffer*> buffers_;
  std::uint16_t doorbell_ = kSilent;
  std::optional<QueueMemory> memory_;
  std::optional<Side> side_;
};

}  // namespace ixylab::virtio

#endif  // TESTS_DRIVER_VIRTIO_QUEUE_TEST_H_
