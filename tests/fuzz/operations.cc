// The operations of an input: a byte that says which, then what it needs. The format is for ever:
// the corpus is written in it.
#include <array>
#include <bit>

#include "tests/fuzz/machine.h"

namespace ixylab::fuzz {
namespace {

using emulator::NicFunction;

enum class Operation : std::uint8_t {
  kWriteRegister,  // 32 bits of BAR 0: word u16, value u32
  kReadRegister,   // word u16
  kWriteAnything,  // region u8, offset u32, value u32; the operation's upper bits: 1, 2 or 4 bytes
  kReadAnything,
  kWriteConfig,  // offset u16, value u32
  kSleep,        // 100 ns << u8
  kFrame,        // size u16, contents u8: how many bytes of it follow
  kStoreMemory,  // offset u16 (from kMemory on), u8: how many bytes follow
  kDoorbell,     // queue u8, tail u16: what a driver writes most
  kReset,        // of the function
  kCable,        // u8: plugged, signal, mapped windows
  kWriteModern,  // BAR 4: offset u16, value u16 or u32
  kReadModern,
  kLast = kReadModern,
};

void InjectFrame(Machine& machine, Input& input, bool bad_fcs) {
  std::array<std::byte, 16 << 10> frame;
  const std::size_t size = input.Take<std::uint16_t>() % (frame.size() + 1);
  const auto given = input.Bytes(input.Byte());
  // The rest repeats what was given, or is a broadcast.
  for (std::size_t i = 0; i < size; ++i) {
    frame[i] = given.empty() ? std::byte{0xFF} : given[i % given.size()];
  }
  emulator::Frame sent{.bytes = std::span(frame).first(size)};
  if (bad_fcs) sent.fcs = 0x12345678;
  machine.Inject([&] { machine.wire.Send(1, sent); });
}

void ChangeCable(Machine& machine, std::uint8_t what) {
  machine.Inject([&] {
    machine.wire.SetPlugged((what & 1) == 0);
    machine.wire.SetSignal(1, (what & 2) == 0);
  });
  for (unsigned window = 0; window < 4; ++window) {
    machine.SetMapped(window, (what >> (2 + window) & 1) == 0);
  }
  machine.SetTracing((what >> 6 & 1) != 0);
}

}  // namespace

bool Operate(Machine& machine, NicFunction& function, Input& input) {
  if (input.empty() || machine.Exhausted()) return false;
  const std::uint8_t byte = input.Byte();
  const unsigned width = 1u << (byte >> 4) % 3;  // 1, 2 or 4 bytes
  switch (static_cast<Operation>((byte & 0xF) % (static_cast<unsigned>(Operation::kLast) + 1))) {
    case Operation::kWriteRegister: {
      const std::uint32_t offset = 4u * input.Take<std::uint16_t>();
      machine.Write(0, offset, 4, input.Take<std::uint32_t>());
      break;
    }
    case Operation::kReadRegister:
      machine.Read(0, 4u * input.Take<std::uint16_t>(), 4);
      break;
    case Operation::kWriteAnything: {
      const unsigned region = input.Byte() % 16;
      const auto offset = input.Take<std::uint32_t>();
      machine.Write(region, offset, width, input.Take<std::uint32_t>());
      break;
    }
    case Operation::kReadAnything: {
      const unsigned region = input.Byte() % 16;
      machine.Read(region, input.Take<std::uint32_t>(), width);
      break;
    }
    case Operation::kWriteConfig: {
      const auto offset = input.Take<std::uint16_t>();
      machine.Write(NicFunction::kConfigSpace, offset, width, input.Take<std::uint32_t>());
      machine.Read(NicFunction::kConfigSpace, offset, width);
      break;
    }
    case Operation::kSleep:
      machine.Sleep(Nanoseconds{100} * (1 << input.Byte() % 20));
      break;
    case Operation::kFrame:
      InjectFrame(machine, input, (byte & 0x80) != 0);
      break;
    case Operation::kStoreMemory: {
      const std::uint64_t offset = input.Take<std::uint16_t>();
      const auto bytes = input.Bytes(input.Byte());
      const auto to = machine.Memory(Machine::kMemory + offset, bytes.size());
      std::copy_n(bytes.begin(), to.size(), to.begin());
      break;
    }
    case Operation::kDoorbell: {
      const std::uint32_t queue = input.Byte();
      const std::uint32_t value = input.Take<std::uint16_t>();
      machine.Write(0, ((queue & 0x80) != 0 ? 0x6018 : 0x1018) + (queue & 0x7F) * 0x40, 4, value);
      machine.Write(4, 0x3000 + 4 * (queue & 0x1F), 2, queue & 0x1F);
      break;
    }
    case Operation::kReset:
      machine.Inject([&] { function.ResetFunction(); });
      break;
    case Operation::kCable:
      ChangeCable(machine, input.Byte());
      break;
    case Operation::kWriteModern: {
      const auto offset = input.Take<std::uint16_t>();
      machine.Write(4, offset, width,
                    width == 4 ? input.Take<std::uint32_t>() : input.Take<std::uint16_t>());
      break;
    }
    case Operation::kReadModern:
      machine.Read(4, input.Take<std::uint16_t>(), width);
      break;
  }
  return true;
}

}  // namespace ixylab::fuzz
