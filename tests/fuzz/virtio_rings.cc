// virtio-net's queues, split and packed, under any descriptors over any memory: receive, transmit
// and control queue, with any features.
#include <algorithm>
#include <array>

#include "emulator/virtio_net/features.h"
#include "tests/fuzz/bench_virtio.h"

namespace ixylab::fuzz {
namespace {

enum class Step : std::uint8_t {
  kStore,       // into a queue's areas: queue u8, offset u16, u8: how many bytes follow
  kDescriptor,  // queue and index u8, address u16, length u16, flags u16, next or id u8
  kAvailable,   // split: queue u8, head u8, step u8
  kNotify,      // queue u8
  kCommand,     // a chain of the control queue: u8: how many bytes follow: class, command, data
  kBuffers,     // receive buffers: how many u8, of how many bytes u16
  kPacket,      // to transmit: size u16
  kOperation,   // of those that all models have (operations.cc)
  kLast = kOperation,
};

constexpr std::uint16_t kNext = 1, kWrite = 2;

class Driver {
 public:
  explicit Driver(BenchVirtio& bench) : bench_(bench) {}

  bool Do(Input& input) {
    if (input.empty() || bench_.machine.Exhausted()) return false;
    switch (static_cast<Step>(input.Byte() % (static_cast<unsigned>(Step::kLast) + 1))) {
      case Step::kStore: {
        const std::uint64_t queue = BenchVirtio::QueueAddress(input.Byte() % 3);
        const std::uint64_t at = queue + input.Take<std::uint16_t>() % BenchVirtio::kQueueBytes;
        const auto bytes = input.Bytes(input.Byte());
        const auto to = bench_.machine.Memory(at, bytes.size());
        std::copy_n(bytes.begin(), to.size(), to.begin());
        break;
      }
      case Step::kDescriptor: {
        const std::uint8_t where = input.Byte();
        const std::uint64_t address = Machine::Address(input.Take<std::uint16_t>());
        const std::uint32_t length = input.Take<std::uint16_t>();
        const auto flags = input.Take<std::uint16_t>();
        bench_.StoreDescriptor(where % 3, where / 3, address, length == 0xFFFF ? ~0u : length,
                               flags, input.Byte());
        break;
      }
      case Step::kAvailable: {
        const unsigned queue = input.Byte() % 3;
        const std::uint8_t head = input.Byte();
        bench_.MakeAvailable(queue, head, input.Byte());
        break;
      }
      case Step::kNotify:
        bench_.Notify(input.Byte() % 3);
        break;
      case Step::kCommand:
        Command(input);
        break;
      case Step::kBuffers: {
        const unsigned count = input.Byte() % BenchVirtio::kQueueSize;
        const std::uint32_t size = input.Take<std::uint16_t>() % 0x1000;
        for (unsigned i = 0; i < count; ++i) {
          const Buffer buffer{BenchVirtio::kBuffers + 0x400 * (i % 8), size, kWrite};
          Put(BenchVirtio::kReceive, std::span(&buffer, 1));
        }
        break;
      }
      case Step::kPacket: {
        const Buffer buffer{BenchVirtio::kBuffers, input.Take<std::uint16_t>() % 0x4000u, 0};
        Put(BenchVirtio::kTransmit, std::span(&buffer, 1));
        break;
      }
      case Step::kOperation:
        return Operate(bench_.machine, bench_.function(), input);
    }
    return true;
  }

 private:
  struct Buffer {
    std::uint64_t address;
    std::uint32_t length;
    std::uint16_t flags;
  };
  /// Where the driver is in a queue.
  struct Place {
    unsigned index = 0;
    bool wrap = true;
  };

  /// A chain in a ring that has gone well so far.
  void Put(unsigned queue, std::span<const Buffer> chain) {
    Place& place = places_[queue];
    const unsigned head = place.index;
    for (std::size_t i = 0; i < chain.size(); ++i) {
      std::uint16_t flags = chain[i].flags | (i + 1 < chain.size() ? kNext : 0);
      if (bench_.mode() == Mode::kPacked) flags |= place.wrap ? 1 << 7 : 1 << 15;
      const unsigned at = place.index;
      if (++place.index == BenchVirtio::kQueueSize) {
        place.index = 0;
        place.wrap = !place.wrap;
      }
      bench_.StoreDescriptor(
          queue, at, chain[i].address, chain[i].length, flags,
          static_cast<std::uint16_t>(bench_.mode() == Mode::kPacked ? head : place.index));
    }
    if (bench_.mode() != Mode::kPacked) {
      bench_.MakeAvailable(queue, static_cast<std::uint16_t>(head), 1);
    }
    bench_.Notify(queue);
  }

  /// 5.1.6.5: class and command, data, and a byte for the answer.
  void Command(Input& input) {
    const std::uint64_t at = BenchVirtio::kBuffers + 0x1000;
    const auto bytes = input.Bytes(input.Byte());
    const auto to = bench_.machine.Memory(at, bytes.size());
    std::copy_n(bytes.begin(), to.size(), to.begin());
    const std::uint64_t answer = at + 0x800;
    bench_.machine.Memory(answer, 1)[0] = std::byte{0xEE};
    const std::array<Buffer, 2> chain = {
        {{at, static_cast<std::uint32_t>(bytes.size()), 0}, {answer, 1, kWrite}}};
    Put(BenchVirtio::kControl, chain);
  }

  BenchVirtio& bench_;
  std::array<Place, 3> places_;
};

}  // namespace
}  // namespace ixylab::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ixylab::fuzz;
  namespace virtio = ixylab::emulator::virtio_net;
  static std::array<BenchVirtio, 3> benches{BenchVirtio(Mode::kLegacy), BenchVirtio(Mode::kModern),
                                            BenchVirtio(Mode::kPacked)};
  Input input(data, size);
  BenchVirtio& bench = benches[input.Byte() % benches.size()];
  // Of those up to bit 31, and one byte for those above that matter to queues.
  std::uint64_t features = input.Take<std::uint32_t>();
  if ((input.Byte() & 1) != 0) features |= virtio::VIRTIO_F_RING_RESET;
  if (!bench.BringUp(features & virtio::kAllFeatures & ~virtio::VIRTIO_F_RING_PACKED)) return 0;
  Driver driver(bench);
  while (driver.Do(input)) {
  }
  bench.ExpectTraffic();
  return 0;
}
