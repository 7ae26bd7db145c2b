// The machine around a fuzzed model: memory, time, interrupts and a cable, cheap to set back, and
// with an eye on what has to hold whatever the model is told.
#ifndef TESTS_FUZZ_MACHINE_H_
#define TESTS_FUZZ_MACHINE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emulator/host.h"
#include "emulator/wire/wire.h"
#include "tests/fuzz/input.h"

namespace ixylab::fuzz {

using emulator::Nanoseconds;

/// The other end of the cable.
class FarEnd final : public emulator::Endpoint {
 public:
  void OnFrame(const emulator::Frame& frame) override;

  std::uint64_t frames = 0;
  std::vector<std::byte> last;
  std::size_t longest = 0;  // that a model may send
};

/// Memory is two neighbouring windows, one that the device may only read, and the last page that
/// there is. Each is a block of its own on the heap, so that AddressSanitizer sees the first byte
/// behind it.
class Machine final : public emulator::Host {
 public:
  static constexpr std::uint64_t kWindowBytes = 16 << 10, kPage = 4096;
  static constexpr std::uint64_t kMemory = 0x123'4560'0000;  // two windows
  static constexpr std::uint64_t kReadOnly = kMemory + 4 * kWindowBytes;
  static constexpr std::uint64_t kLastPage = std::uint64_t{0} - kPage;
  /// An address near where there is memory: 16 bits reach over both windows and far beyond. With
  /// the highest bit, one of few that are hard.
  static std::uint64_t Address(std::uint16_t from);
  /// What a model can send for an input before the input is cut off: a packet to segment can be
  /// 262,143 frames, and hardware too sends them one after the other.
  static constexpr std::uint64_t kMostFrames = 4096;

  /// A model with one function and `vectors` MSI-X vectors is to be plugged in, which sends frames
  /// of at most `longest_frame` bytes.
  Machine(unsigned vectors, std::size_t longest_frame);
  ~Machine() override;

  void Plug(emulator::NicFunction& function) { function_ = &function; }
  /// Time 0, nothing pending, memory zeroed, all windows mapped, the cable in and lit.
  void Restart();

  // The CPU's side. Each takes a little time, as it does in emulator/host/in_process.h.
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes);
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value);
  void Sleep(Nanoseconds duration);
  /// Runs `work` as if it came from outside.
  void Inject(const std::function<void()>& work);
  /// What there is of `size` bytes of memory, as the CPU sees it: from the two windows on, then the
  /// others.
  std::span<std::byte> Memory(std::uint64_t iova, std::size_t size);
  /// Maps or unmaps one of the windows, 0 to 3.
  void SetMapped(unsigned window, bool mapped);
  void SetTracing(bool tracing);
  /// Too much has happened already.
  bool Exhausted() const { return far.frames >= kMostFrames; }
  std::uint64_t faults() const { return faults_; }
  /// Called before each write, and after each access.
  std::function<void(unsigned region, std::uint32_t offset, std::uint32_t value)> on_write;
  std::function<void(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value)>
      on_access;

  // Host
  emulator::DmaWindow Map(unsigned port, std::uint64_t iova) override;
  const std::atomic<std::uint64_t>& map_epoch() const override { return epoch_; }
  void ReportFault(const emulator::DmaFault& fault) override;
  bool traces_dma() const override { return tracing_; }
  void TraceDma(unsigned port, bool write, std::uint64_t iova,
                std::span<const std::byte> data) override;
  void RaiseVector(unsigned port, unsigned vector) override;
  void SetIntx(unsigned port, bool asserted) override;
  Nanoseconds Now() override { return now_; }
  void Schedule(Nanoseconds delay, std::function<void()> work) override;
  void Log(unsigned port, std::string line) override;

  emulator::Wire wire;  // the model has end 0
  FarEnd far;

 private:
  struct Window {
    std::uint64_t iova;
    std::uint64_t size;
    bool writable = true;
    bool mapped = true;
    std::byte* memory = nullptr;
  };
  static void Fill(const Window& window);
  void Settle();
  void AdvanceTo(Nanoseconds until);

  const unsigned vectors_;
  emulator::NicFunction* function_ = nullptr;
  std::array<Window, 4> windows_ = {{{kMemory, kWindowBytes},
                                     {kMemory + kWindowBytes, kWindowBytes},
                                     {kReadOnly, kPage, false},
                                     {kLastPage, kPage}}};
  std::atomic<std::uint64_t> epoch_ = 0;
  bool tracing_ = false;
  Nanoseconds now_{0};
  std::multimap<Nanoseconds, std::function<void()>> events_;
  std::uint64_t faults_ = 0, lines_ = 0;
};

/// What any driver and any cable can do to a model, as operations of an input; some of them for
/// registers, of which there are many, in few bytes. False at the end of the input.
bool Operate(Machine& machine, emulator::NicFunction& function, Input& input);

}  // namespace ixylab::fuzz

#endif  // TESTS_FUZZ_MACHINE_H_
