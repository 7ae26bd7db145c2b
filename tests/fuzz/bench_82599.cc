#include "tests/fuzz/bench_82599.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

namespace ixylab::fuzz {
namespace {

using emulator::NicFunction;
using std::chrono::microseconds;

constexpr unsigned kVectors = 64;
constexpr std::size_t kLongestFrame = 15'872;  // 15.5 KiB without CRC, with a VLAN tag
constexpr std::uint32_t kIoBar = 2, kIoData = 4;
constexpr std::uint32_t kEnable = 1u << 25;  // RXDCTL, TXDCTL
constexpr std::uint32_t kLinkUp = 1u << 30;  // LINKS
constexpr std::uint64_t kDone = 1, kEnd = 2;

std::array<std::byte, 60> MakeFrame(std::uint8_t first) {
  std::array<std::byte, 60> frame;
  for (std::size_t i = 0; i < frame.size(); ++i) {
    frame[i] = i < 6 ? std::byte{0xFF} : static_cast<std::byte>(first + i);
  }
  return frame;
}

}  // namespace

Bench82599::Bench82599() : machine(kVectors, kLongestFrame) {
  machine.on_write = [this](unsigned region, std::uint32_t offset, std::uint32_t value) {
    constexpr std::uint32_t kStart = 1, kRequest = 1u << 6;  // EEWR, EEC
    const bool writes =
        (offset == kEewr && (value & kStart) != 0) || (offset == kEec && (value & kRequest) != 0);
    if ((region == 0 && writes) || (region == kIoBar && offset >= kIoData)) eeprom_written_ = true;
  };
  BringUp();
}

void Bench82599::MakeChip() {
  chip.reset();
  chip = std::make_unique<emulator::intel82599::Chip>(
      emulator::intel82599::ChipConfig{.ports = 1, .link_up_time = microseconds(1)}, machine);
  machine.Plug(function());
  chip->Connect(0, machine.wire, 0);
  eeprom_written_ = false;
}

std::uint64_t& Bench82599::Word(std::uint64_t ring, std::uint32_t index, unsigned word) {
  const auto bytes = machine.Memory(ring + 16 * std::uint64_t{index} + 8 * word, 8);
  return *reinterpret_cast<std::uint64_t*>(bytes.data());
}

void Bench82599::BringUp() {
  // The configuration space answers whatever the driver has switched off; registers that are on do
  // not look like those of a card that is gone.
  if (chip != nullptr) {
    constexpr unsigned kConfig = NicFunction::kConfigSpace;
    Require(machine.Read(kConfig, 0, 4) == 0x10FB8086, "the device is still there");
    const bool on = (machine.Read(kConfig, 0x04, 2) & 2) != 0;     // Memory Space Enable
    const bool awake = (machine.Read(kConfig, 0x44, 1) & 3) == 0;  // D0
    Require(!on || !awake || Read(kStatus) != 0xFFFFFFFF, "STATUS is not all ones");
  }
  machine.Restart();
  if (eeprom_written_) MakeChip();
  function().ResetFunction();
  machine.Write(NicFunction::kConfigSpace, 0x04, 2, 7);
  machine.Sleep(microseconds(1500));
  Require((Read(kLinks) & kLinkUp) != 0, "after a reset the link comes up");
  StartRings();
  ExchangeFrames();
}

void Bench82599::StartRings() {
  for (std::uint32_t i = 0; i < kDescriptors; ++i) {
    Word(kRxRing, i, 0) = kBuffers + 2048 * (i % 8);
    Word(kRxRing, i, 1) = 0;
  }
  Write(kRdrxctl, 1u << 1);  // CRCSTRIP, as HLREG0 has it after reset
  Write(kFctrl, 1u << 10);   // BAM
  Write(kRdbal, static_cast<std::uint32_t>(kRxRing));
  Write(kRdbah, static_cast<std::uint32_t>(kRxRing >> 32));
  Write(kRdlen, kDescriptors * 16);
  Write(kSrrctl, 0x12000002);  // advanced, 2 KiB, DROP_EN
  Write(kRxctrl, 1);
  Write(kTdbal, static_cast<std::uint32_t>(kTxRing));
  Write(kTdbah, static_cast<std::uint32_t>(kTxRing >> 32));
  Write(kTdlen, kDescriptors * 16);
  Write(kDmatxctl, 1);
  Write(kRxdctl, kEnable);
  Write(kTxdctl, kEnable);
  machine.Sleep(microseconds(20));
  Require((Read(kRxdctl) & Read(kTxdctl) & kEnable) != 0, "after a reset queues can be enabled");
  Write(kRdt, kDescriptors - 1);
}

void Bench82599::ExchangeFrames() {
  const auto sent = MakeFrame(1), received = MakeFrame(2);
  std::ranges::copy(sent, machine.Memory(kBuffers, sent.size()).begin());
  Word(kTxRing, 0, 0) = kBuffers;
  Word(kTxRing, 0, 1) = 0x2B300000 | sent.size() | sent.size() << 46;  // data, EOP, IFCS, RS
  Write(kTdt, 1);
  Require((Word(kTxRing, 0, 1) >> 32 & kDone) != 0, "after a reset a descriptor is done");
  Require(machine.far.frames == 1 && std::ranges::equal(machine.far.last, sent),
          "after a reset a frame goes out");

  machine.Inject([&] { machine.wire.Send(1, {.bytes = received}); });
  const std::uint64_t status = Word(kRxRing, 0, 1);
  Require((status & 3) == (kDone | kEnd) && (status >> 32 & 0xFFFF) == received.size() &&
              std::ranges::equal(machine.Memory(kBuffers, received.size()), received),
          "after a reset a frame comes in");
}

}  // namespace ixylab::fuzz
