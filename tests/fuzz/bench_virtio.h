// Modelled virtio-net devices as a fuzzer has them: a driver negotiates, sets up rings and
// exchanges frames, before and after each input.
#ifndef TESTS_FUZZ_BENCH_VIRTIO_H_
#define TESTS_FUZZ_BENCH_VIRTIO_H_

#include <cstdint>

#include "emulator/virtio_net/card.h"
#include "tests/fuzz/machine.h"

namespace ixylab::fuzz {

/// How the driver goes about it.
enum class Mode : std::uint8_t { kLegacy, kModern, kPacked };

class BenchVirtio {
 public:
  static constexpr std::uint16_t kQueueSize = 16;
  // The queues' areas, laid out as legacy devices need it, which suits the others; then buffers.
  static constexpr std::uint64_t kQueueBytes = 0x2000, kDriverArea = 0x100, kDeviceArea = 0x1000;
  static constexpr std::uint64_t kBuffers = Machine::kMemory + 3 * kQueueBytes;
  static constexpr unsigned kReceive = 0, kTransmit = 1, kControl = 2;  // in memory

  explicit BenchVirtio(Mode mode);

  /// After an input: function reset, then `features` and three queues. Whether the device took the
  /// features.
  bool BringUp(std::uint64_t features);
  /// BringUp with a driver's usual features, and a frame each way.
  void ExpectTraffic();

  static std::uint64_t QueueAddress(unsigned queue) {
    return Machine::kMemory + queue * kQueueBytes;
  }
  void StoreDescriptor(unsigned queue, unsigned index, std::uint64_t address, std::uint32_t length,
                       std::uint16_t flags, std::uint16_t next_or_id);
  /// Split: `head` is the next entry of the available ring, whose index goes on by `step`.
  void MakeAvailable(unsigned queue, std::uint16_t head, std::uint16_t step);
  void Notify(unsigned queue);
  std::uint8_t Status();
  Mode mode() const { return mode_; }
  emulator::NicFunction& function() { return card_.function(0); }

  Machine machine;

 private:
  void SetStatus(std::uint8_t status);
  void Enable(unsigned queue);
  /// The index of one of the three for the device.
  std::uint16_t IndexOf(unsigned queue) const;
  bool Used(unsigned queue, std::uint32_t& written);
  std::uint16_t& Word16(std::uint64_t iova);

  const Mode mode_;
  emulator::virtio_net::NetCard card_;
  std::uint64_t features_ = 0;
};

}  // namespace ixylab::fuzz

#endif  // TESTS_FUZZ_BENCH_VIRTIO_H_
