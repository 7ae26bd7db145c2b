// A forwarder on two null devices: the driver alone, timed or counted.
#ifndef TOOLS_BENCH_DRIVER_RIG_H_
#define TOOLS_BENCH_DRIVER_RIG_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>

#include "driver/device.h"
#include "driver/ixgbe/queue.h"
#include "driver/memory_pool.h"
#include "driver/open.h"
#include "tools/bench/core_clock.h"
#include "tools/bench/null_device.h"
#include "tools/bench/null_virtio.h"

namespace ixylab::bench {

inline constexpr std::uint16_t kFrameSize = 60;  // 64 bytes on the wire, with the CRC
inline constexpr std::size_t kLargestBatch = 256;

inline std::size_t Receive(Device& device, std::span<PacketBuffer*> packets) {
  return device.Receive(0, packets);
}
inline std::size_t Transmit(Device& device, std::span<PacketBuffer* const> packets) {
  return device.Transmit(0, packets);
}
template <typename Queue>
std::size_t Receive(Queue& queue, std::span<PacketBuffer*> packets) {
  return queue.Receive(packets);
}
template <typename Queue>
std::size_t Transmit(Queue& queue, std::span<PacketBuffer* const> packets) {
  return queue.Transmit(packets);
}

/// Receives a batch at one port, touches one byte of each packet, sends the batch at the other
/// port: what is measured. Out of line and with a name of its own, so that callgrind can be told
/// to count it.
template <typename In, typename Out>
[[gnu::noinline]] std::size_t ForwardBatch(In& in, Out& out, std::span<PacketBuffer*> packets) {
  const auto received = packets.first(Receive(in, packets));
  for (PacketBuffer* packet : received) packet->data()[6] ^= std::byte{1};
  const std::size_t sent = Transmit(out, received);
  if (sent < received.size()) [[unlikely]]
    MemoryPool::Free(received.subspan(sent));
  return sent;
}

struct RigOptions {
  std::uint32_t entries = 512;
  std::size_t stride = MemoryPool::kDefaultStride;
  std::size_t page_size = 2 << 20;
  bool huge = true;
  bool offloads = false;  // of checksums and VLAN tags, and frames of up to 9,014 bytes
};

/// The 82599 as a null device.
struct NullIxgbePort : NullBus {
  using NullBus::NullBus;
  using ReceiveRing = NullReceiveRing;
  using TransmitRing = NullTransmitRing;
};

/// Two null devices and a pool for both.
template <typename Port>
struct NullMachine {
  explicit NullMachine(const RigOptions& options)
      : memory(options.page_size, options.huge),
        pool(memory, std::size_t{2} * options.entries + 1024, options.stride),
        in_bus(memory),
        out_bus(memory) {}

  PlainMemory memory;
  MemoryPool pool;
  Port in_bus;
  Port out_bus;
};

/// Forwards through Device, as an application does.
template <typename Port>
class DeviceRig {
 public:
  explicit DeviceRig(const RigOptions& options)
      : machine_(options),
        in_(OpenOn(machine_.in_bus, options)),
        out_(OpenOn(machine_.out_bus, options)) {}

  std::size_t Forward(std::span<PacketBuffer*> packets) {
    return ForwardBatch(*in_, *out_, packets);
  }

 private:
  std::unique_ptr<Device> OpenOn(Bus& bus, const RigOptions& options) {
    return Open(bus, {.pools = {&machine_.pool},
                      .receive_descriptors = options.entries,
                      .transmit_descriptors = options.entries,
                      .checksum_offload = options.offloads,
                      .vlan_offload = options.offloads,
                      .max_frame_size = options.offloads ? 9014u : 1514u});
  }

  NullMachine<Port> machine_;
  std::unique_ptr<Device> in_;
  std::unique_ptr<Device> out_;

 public:
  typename Port::ReceiveRing receive_ring{machine_.in_bus};
  typename Port::TransmitRing transmit_ring{machine_.out_bus};
};
using IxgbeRig = DeviceRig<NullIxgbePort>;
using SplitRig = DeviceRig<NullSplitPort>;
using PackedRig = DeviceRig<NullPackedPort>;

/// Forwards through the queues themselves, with a clean batch other than the driver's.
template <std::uint32_t kCleanBatch>
class QueueRig {
 public:
  explicit QueueRig(const RigOptions& options)
      : machine_(options),
        in_(machine_.memory, {.receive_descriptors = options.entries}, machine_.pool,
            Doorbell(machine_.in_bus, kTail)),
        out_(machine_.memory, {.transmit_descriptors = options.entries},
             Doorbell(machine_.out_bus, kTail)) {
    in_.Start();
  }
  ~QueueRig() {
    in_.Clear();
    out_.Clear();
  }

  std::size_t Forward(std::span<PacketBuffer*> packets) { return ForwardBatch(in_, out_, packets); }

 private:
  static constexpr std::uint32_t kTail = 0;  // any register will do

  NullMachine<NullIxgbePort> machine_;
  ixgbe::ReceiveQueue<Doorbell> in_;
  ixgbe::TransmitQueue<Doorbell, kCleanBatch> out_;

 public:
  NullReceiveRing receive_ring{{in_.ring().descriptors, in_.ring().mask + 1}};
  NullTransmitRing transmit_ring{{out_.ring().descriptors, out_.ring().mask + 1},
                                 machine_.out_bus.Register(kTail)};
};

/// Ticks of forwarding `rounds` times as many packets as the stub completes at once, in batches.
/// Throws if one is lost: then the figure means nothing.
template <typename Rig>
std::uint64_t TicksOfForwarding(Rig& rig, std::size_t batch, std::size_t at_once, int rounds) {
  static const std::uint64_t overhead = TicksOverhead();
  std::array<PacketBuffer*, kLargestBatch> packets;
  std::uint64_t ticks = 0;
  for (int round = 0; round < rounds; ++round) {
    rig.receive_ring.Complete(at_once, kFrameSize);
    std::size_t forwarded = 0;
    const std::uint64_t begin = Ticks();
    for (std::size_t n = 0; n < at_once; n += batch) {
      forwarded += rig.Forward(std::span(packets).first(batch));
    }
    ticks += Ticks() - begin - overhead;
    if (forwarded != at_once || rig.transmit_ring.Complete() != at_once) {
      throw std::runtime_error("the driver lost packets on the null device");
    }
  }
  return ticks;
}

}  // namespace ixylab::bench

#endif  // TOOLS_BENCH_DRIVER_RIG_H_
