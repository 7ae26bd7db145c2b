#include "hil/regs/record.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <utility>

#include "driver/bus.h"
#include "hil/regs/dump.h"
#include "hil/target/two_ports.h"

namespace ixylab::hil {

namespace {

constexpr unsigned kFrames = 8;
constexpr Nanoseconds kPauseUnit = std::chrono::microseconds(100);

constexpr std::string_view kFormat =
    "# Accesses to BAR0: R|W offset value, hexadecimal. \". n\": n * 100 us passed before the next "
    "one.\n";
constexpr std::string_view kPort1 = "# ---\n";  // between the traces of one file

/// Passes all on to `bus` and writes down what goes to BAR 0.
///
/// Once it runs it asks nobody for the time, as LoggingBus, but goes by what the driver saw or
/// slept.
class RecordingBus final : public Bus {
 public:
  explicit RecordingBus(Bus& bus) : bus_(bus), now_(bus.Now()), written_at_(now_) {}

  /// So far.
  const std::string& trace() {
    Flush();
    return trace_;
  }

  PciId id() const override { return bus_.id(); }
  std::uint32_t Read(unsigned region, std::uint32_t offset, unsigned bytes) override {
    const std::uint32_t value = bus_.Read(region, offset, bytes);
    Add(false, region, offset, value);
    return value;
  }
  void Write(unsigned region, std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
    Add(true, region, offset, value);
    bus_.Write(region, offset, bytes, value);
  }
  // Doorbells are written down too.
  void* MapRegister(unsigned, std::uint32_t) override { return nullptr; }
  DmaSpace& dma() override { return bus_.dma(); }
  Interrupts EnableInterrupts(std::uint32_t vectors) override {
    return bus_.EnableInterrupts(vectors);
  }
  bool WaitForInterrupt(std::uint32_t vector, Nanoseconds timeout) override {
    return bus_.WaitForInterrupt(vector, timeout);
  }
  Nanoseconds Now() override { return now_ = bus_.Now(); }
  void Sleep(Nanoseconds duration) override {
    bus_.Sleep(duration);
    now_ += duration;
  }

 private:
  struct Access {
    bool write;
    std::uint32_t offset;
    std::uint32_t value;
    Nanoseconds time;
  };

  void Add(bool write, unsigned region, std::uint32_t offset, std::uint32_t value) {
    if (region != 0) return;
    const bool polled = !write && last_ && !last_->write && last_->offset == offset;
    if (!polled) Flush();
    last_ = {write, offset, value, now_};
  }

  void Flush() {
    if (!last_) return;
    std::array<char, 64> line;
    if (last_->time - written_at_ >= kPauseUnit && !trace_.empty()) {
      std::snprintf(line.data(), line.size(), ". %lld\n",
                    static_cast<long long>((last_->time - written_at_) / kPauseUnit));
      trace_ += line.data();
    }
    std::snprintf(line.data(), line.size(), "%c %x %x\n", last_->write ? 'W' : 'R', last_->offset,
                  last_->value);
    trace_ += line.data();
    written_at_ = last_->time;
    last_.reset();
  }

  Bus& bus_;
  std::string trace_;           // without last_
  std::optional<Access> last_;  // of reads of one register in a row, a poll, the last one counts
  Nanoseconds now_, written_at_;
};

void Exercise(Target& target, const std::array<Bus*, 2>& buses) {
  const std::string name = "target \"" + std::string(target.name()) + "\": ";
  TwoPorts ports(target, buses);
  if (ports.device(0).driver_name() != "ixgbe") {
    throw RegsError(name + "not an 82599, whose registers these are");
  }
  if (const auto down = ports.WaitForLinks()) {
    throw RegsError(name + "port " + std::to_string(*down) +
                    " has no link within 10 s; is its cable in?");
  }
  for (unsigned frame = 0; frame < kFrames; ++frame) {
    for (unsigned from : {0u, 1u}) {
      if (ports.SendAcross(from)) continue;
      throw RegsError(name + "a frame from port " + std::to_string(from) +
                      " does not arrive within 1 s; are they cabled to each other?");
    }
  }
}

}  // namespace

std::array<std::string, 2> Record(Target& target) {
  RecordingBus bus0(target.bus(0)), bus1(target.bus(1));
  Exercise(target, {&bus0, &bus1});
  return {std::string(kFormat) + bus0.trace(), std::string(kFormat) + bus1.trace()};
}

std::string JoinTraces(const std::array<std::string, 2>& traces) {
  return traces[0] + std::string(kPort1) + traces[1];
}

std::array<std::string, 2> SplitTraces(std::string_view text) {
  const std::size_t at = text.find(kPort1);
  if (!text.starts_with(kFormat) || at == text.npos) throw RegsError("not the traces of two ports");
  return {std::string(text.substr(0, at)), std::string(text.substr(at + kPort1.size()))};
}

}  // namespace ixylab::hil
