// What the seam costs on the hot path: forwards packets from one ring to another, with the tail
// registers behind a Doorbell, as the driver has them, or behind a bare pointer.
//
//   seam_cost doorbell|pointer BATCH PACKETS   forwards, for a count of Forward's instructions
//   seam_cost cycles BATCH PACKETS             prints doorbell's time divided by pointer's
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <span>
#include <string_view>

#include "driver/ixgbe/queue.h"
#include "driver/memory_pool.h"
#include "tools/bench/null_device.h"

namespace ixylab::ixgbe {
namespace {

constexpr std::uint32_t kEntries = 512;
const DeviceConfig kConfig{.receive_descriptors = kEntries, .transmit_descriptors = kEntries};
constexpr std::uint32_t kRdt = 0x01018;
constexpr std::uint32_t kTdt = 0x06018;

/// The direct pointer that the seam is measured against.
struct PointerTail {
  std::uint32_t* tail;
  std::size_t Ring(std::uint32_t value, std::size_t result) const {
    std::atomic_ref(*tail).store(value, std::memory_order_release);
    return result;
  }
};
static_assert(TailRegister<PointerTail>);

template <TailRegister Tail>
[[gnu::noinline]] std::size_t Forward(ReceiveQueue<Tail>& receive, TransmitQueue<Tail>& transmit,
                                      std::span<PacketBuffer*> packets) {
  const std::size_t received = receive.Receive(packets);
  for (PacketBuffer* packet : packets.first(received)) packet->data()[6] ^= std::byte{1};
  return transmit.Transmit(packets.first(received));
}

template <TailRegister Tail>
class Rig {
 public:
  Rig(Tail receive_tail, Tail transmit_tail, const std::uint32_t& tdt)
      : receive_(memory_, kConfig, pool_, receive_tail),
        transmit_(memory_, kConfig, transmit_tail),
        receive_ring_({receive_.ring().descriptors, kEntries}),
        transmit_ring_({transmit_.ring().descriptors, kEntries}, tdt) {
    receive_.Start();
  }

  /// Nanoseconds of Forward alone, but for the clock's own cost, the same for both. Exits if a
  /// packet is lost: then the figures mean nothing.
  double Run(std::size_t batch, std::size_t packets) {
    using Clock = std::chrono::steady_clock;
    std::array<PacketBuffer*, kEntries> buffers;
    Clock::duration spent{0};
    for (std::size_t done = 0; done < packets; done += batch) {
      receive_ring_.Complete(batch, 60);
      const Clock::time_point begin = Clock::now();
      const std::size_t forwarded = Forward(receive_, transmit_, std::span(buffers).first(batch));
      spent += Clock::now() - begin;
      if (forwarded != batch || transmit_ring_.Complete() != batch) {
        std::fprintf(stderr, "seam_cost: forwarded %zu packets of %zu\n", forwarded, batch);
        std::exit(1);
      }
    }
    return std::chrono::duration<double, std::nano>(spent).count();
  }

 private:
  bench::PlainMemory memory_{2 << 20};
  MemoryPool pool_{memory_, 2048};
  ReceiveQueue<Tail> receive_;
  TransmitQueue<Tail> transmit_;
  bench::NullReceiveRing receive_ring_;
  bench::NullTransmitRing transmit_ring_;
};

int Main(std::string_view what, std::size_t batch, std::size_t packets) {
  bench::PlainMemory memory(2 << 20);
  bench::NullBus bus(memory);
  std::uint32_t& rdt = bus.Register(kRdt);
  std::uint32_t& tdt = bus.Register(kTdt);
  const auto doorbell = [&] {
    return Rig<Doorbell>(Doorbell(bus, kRdt), Doorbell(bus, kTdt), tdt);
  };
  const auto pointer = [&] { return Rig<PointerTail>({&rdt}, {&tdt}, tdt); };
  if (what == "doorbell") {
    doorbell().Run(batch, packets);
  } else if (what == "pointer") {
    pointer().Run(batch, packets);
  } else {
    // Both by turns, and the best of each: others may be using the machine.
    constexpr int kRounds = 15;
    double best_doorbell = std::numeric_limits<double>::max();
    double best_pointer = best_doorbell;
    for (int i = 0; i < kRounds; ++i) {
      tdt = 0;
      best_doorbell = std::min(best_doorbell, doorbell().Run(batch, packets));
      tdt = 0;
      best_pointer = std::min(best_pointer, pointer().Run(batch, packets));
    }
    std::printf("%.3f\n", best_doorbell / best_pointer);
  }
  return 0;
}

}  // namespace
}  // namespace ixylab::ixgbe

int main(int argc, char** argv) {
  const std::size_t batch = argc == 4 ? std::strtoul(argv[2], nullptr, 10) : 0;
  const std::size_t packets = argc == 4 ? std::strtoul(argv[3], nullptr, 10) : 0;
  if (batch == 0 || batch >= ixylab::ixgbe::kEntries || packets == 0) {
    std::fprintf(stderr, "usage: seam_cost doorbell|pointer|cycles BATCH PACKETS\n");
    return 2;
  }
  return ixylab::ixgbe::Main(argv[1], batch, packets);
}
