// The 82599's rings under any descriptors, legacy and advanced, contexts and segmentation, over any
// memory, in both directions and with whatever is offloaded.
#include <algorithm>
#include <array>
#include <cstring>

#include "tests/fuzz/bench_82599.h"

namespace ixylab::fuzz {
namespace {

enum class Step : std::uint8_t {
  kTxRaw,      // address u16, command u64
  kTxContext,  // first u32, second u64: the fields of a context
  kTxData,     // address u16, length u16, flags u8, offloads u8, payload u16
  kTransmit,   // all that was put so far
  kRx,         // address u16, what else u8; RDT follows
  kFrame,      // kind u8, size u16, header: u8 bytes of it follow
  kPacket,     // a packet with headers into memory: address u16, kind u8, u8 bytes of it follow
  kRegister,   // which u8, value u32
  kOperation,  // of those that all models have (operations.cc)
  kLast = kOperation,
};

/// The start of a packet: Ethernet, VLAN tags, IPv4 or IPv6, TCP, UDP or SCTP.
std::size_t PutHeaders(std::uint8_t kind, std::span<std::byte> to) {
  static constexpr std::uint8_t kEthernet[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                               0x02, 0x1B, 0x21, 0,    0,    1};
  static constexpr std::uint8_t kTag[] = {0x81, 0x00, 0x20, 0x05};
  static constexpr std::uint8_t kIpv4[] = {8, 0, 0x45, 0,  1, 0, 0, 1,  0x40, 0, 64,
                                           0, 0, 0,    10, 0, 0, 1, 10, 0,    0, 2};
  static constexpr std::uint8_t kIpv6[] = {0x86, 0xDD, 0x60, 0, 0, 0, 1, 0, 0, 64, 0xFE, 0x80, 0, 0,
                                           0,    0,    0,    0, 0, 0, 0, 0, 0, 1,  0xFE, 0x80, 0, 0,
                                           0,    0,    0,    0, 0, 0, 0, 0, 0, 0,  0,    0,    2};
  static constexpr std::uint8_t kTcp[] = {0x1F, 0x90, 0xC0, 0x00, 0, 0,    0, 1, 0, 0,
                                          0,    2,    0x50, 0x18, 1, 0xF6, 0, 0, 0, 0};
  static constexpr std::uint8_t kUdp[] = {0x1F, 0x90, 0xC0, 0x00, 1, 0, 0, 0};
  static constexpr std::uint8_t kProtocols[] = {6, 17, 132, 0};
  std::size_t size = 0;
  const auto put = [&](std::span<const std::uint8_t> bytes) {
    const auto copied = std::as_bytes(bytes).first(std::min(bytes.size(), to.size() - size));
    std::ranges::copy(copied, to.begin() + static_cast<std::ptrdiff_t>(size));
    size += copied.size();
  };
  const auto set = [&](std::size_t at, std::uint8_t value) {
    if (at < size) to[at] = static_cast<std::byte>(value);
  };
  put(kEthernet);
  for (unsigned tags = kind >> 6; tags != 0; --tags) put(kTag);
  const std::size_t ip = size + 2;
  const std::uint8_t protocol = kProtocols[kind >> 2 & 3];
  switch (kind & 3) {
    case 0:
      return size;
    case 1:
    case 2:
      put(kIpv4);
      set(ip + 9, protocol);
      if ((kind & 0x10) != 0) set(ip + 6, 0x20);  // more fragments
      break;
    default:
      put(kIpv6);
      set(ip + 6, protocol);
  }
  put(protocol == 6 ? std::span<const std::uint8_t>(kTcp) : kUdp);
  return size;
}

/// The registers that change what becomes of descriptors and frames.
constexpr std::uint32_t kRegisters[] = {
    0x01000, 0x01008, 0x01010, 0x01014, 0x01018, 0x01028, 0x0102C, 0x02300, 0x02F00, 0x03000,
    0x03C00, 0x04240, 0x04268, 0x04A80, 0x04A88, 0x04A8C, 0x05000, 0x05008, 0x05078, 0x05080,
    0x05088, 0x05200, 0x05400, 0x05480, 0x05818, 0x05C00, 0x05C80, 0x0A000, 0x06000, 0x06008,
    0x06010, 0x06018, 0x06028, 0x06038, 0x0603C, 0x0EE00, 0x0EE2C, 0x0EC00, 0x0E600, 0x08600,
    0x00898, 0x00900, 0x00880, 0x00820, 0x04294, 0x03008, 0x05128, 0x0CD00, 0x03D00, 0x04248};
constexpr std::uint32_t kTdwbalRow = 0x06038;

class Driver {
 public:
  explicit Driver(Bench82599& bench) : bench_(bench), before_(Counted()) {}

  bool Do(Input& input) {
    if (input.empty() || bench_.machine.Exhausted()) return false;
    const std::uint8_t byte = input.Byte();
    switch (static_cast<Step>(byte % (static_cast<unsigned>(Step::kLast) + 1))) {
      case Step::kTxRaw: {
        const std::uint64_t address = Machine::Address(input.Take<std::uint16_t>());
        Put(address, input.Take<std::uint64_t>());
        break;
      }
      case Step::kTxContext: {
        const auto first = input.Take<std::uint32_t>();
        const auto second = input.Take<std::uint64_t>();
        Put(first, (second & ~(std::uint64_t{0xF} << 20)) | std::uint64_t{0x22} << 20 | 1u << 29);
        break;
      }
      case Step::kTxData:
        PutData(input);
        break;
      case Step::kTransmit:
        Transmit();
        break;
      case Step::kRx:
        PutRx(input);
        break;
      case Step::kFrame:
        Receive(input);
        break;
      case Step::kPacket: {
        const std::uint64_t address = Machine::Address(input.Take<std::uint16_t>());
        const auto to = bench_.machine.Memory(address, 512);
        const std::size_t size = PutHeaders(input.Byte(), to);
        const auto more = input.Bytes(std::min<std::size_t>(input.Byte(), to.size() - size));
        std::ranges::copy(more, to.begin() + static_cast<std::ptrdiff_t>(size));
        break;
      }
      case Step::kRegister: {
        const std::uint32_t offset = kRegisters[input.Byte() % std::size(kRegisters)];
        const auto value = input.Take<std::uint32_t>();
        in_order_ = in_order_ && (offset < kTdbal || offset > kTdwbah) && offset != kDmatxctl;
        bench_.Write(offset, offset == kTdwbalRow && value % 2 != 0
                                 ? static_cast<std::uint32_t>(Bench82599::kHeadWriteBack) | 1
                                 : value);
        break;
      }
      case Step::kOperation:
        in_order_ = false;
        return Operate(bench_.machine, bench_.function(), input);
    }
    return true;
  }

  /// What came in went somewhere, once.
  void CheckCounters() const {
    const Counts now = Counted();
    Require(now.sent - before_.sent >= bench_.machine.far.frames - before_.arrived,
            "a frame that arrives was counted as sent");
    Require(now.received - before_.received <= now.came - before_.came + (now.sent - before_.sent),
            "no more frames are counted than came");
  }

 private:
  struct Counts {
    std::uint64_t sent = 0, received = 0, arrived = 0, came = 0;
  };
  Counts Counted() const {
    Counts counts{.arrived = bench_.machine.far.frames,
                  .came = bench_.machine.wire.counters(1).frames};
    for (const auto& [name, value] : bench_.chip->counters(0)) {
      if (name == "sent") counts.sent += value;
      if (name == "received" || name == "filtered" || name == "receiver off" || name == "missed" ||
          name == "dropped") {
        counts.received += value;
      }
    }
    return counts;
  }

  void Put(std::uint64_t first, std::uint64_t second) {
    bench_.Word(Bench82599::kTxRing, next_, 0) = first;
    bench_.Word(Bench82599::kTxRing, next_, 1) = second;
    next_ = (next_ + 1) % Bench82599::kDescriptors;
    // A ring is never full.
    if ((next_ + 1) % Bench82599::kDescriptors == sent_) Transmit();
  }

  void PutData(Input& input) {
    const std::uint64_t address = Machine::Address(input.Take<std::uint16_t>());
    const std::uint64_t length = input.Take<std::uint16_t>();
    const std::uint64_t flags = input.Byte(), offloads = input.Byte();
    const std::uint64_t payload = input.Take<std::uint16_t>();
    Put(address, length | std::uint64_t{3} << 20 | flags << 24 | 1u << 29 | (offloads & 1) << 36 |
                     (offloads >> 1 & 7) << 40 | payload << 46);
  }

  /// The tail. A queue that nothing is wrong with takes everything, whatever the descriptors say.
  void Transmit() {
    bench_.Write(kTdt, next_);
    sent_ = next_;
    if (in_order_ && !bench_.machine.Exhausted()) {
      Require(bench_.Read(kTdh) == next_, "a ring is worked off");
    }
  }

  void PutRx(Input& input) {
    const std::uint64_t address = Machine::Address(input.Take<std::uint16_t>());
    const std::uint32_t what = input.Byte();
    const std::uint32_t index = what % Bench82599::kDescriptors;
    bench_.Word(Bench82599::kRxRing, index, 0) = address;
    bench_.Word(Bench82599::kRxRing, index, 1) = what < 0x80 ? 0 : address * 0x9E3779B97F4A7C15;
    bench_.Write(kRdt, (index + 1) % Bench82599::kDescriptors);
  }

  void Receive(Input& input) {
    std::array<std::byte, 16 << 10> frame;
    const std::uint8_t kind = input.Byte();
    const std::size_t size = input.Take<std::uint16_t>() % (frame.size() + 1);
    const auto given = input.Bytes(input.Byte());
    std::ranges::fill(std::span(frame).first(size), std::byte{0x5A});
    const std::size_t headers = PutHeaders(kind, std::span(frame).first(size));
    const auto copied = given.first(std::min(given.size(), size - headers));
    std::ranges::copy(copied, frame.begin() + static_cast<std::ptrdiff_t>(headers));
    bench_.machine.Inject(
        [&] { bench_.machine.wire.Send(1, {.bytes = std::span(frame).first(size)}); });
  }

  Bench82599& bench_;
  const Counts before_;
  std::uint32_t next_ = 1, sent_ = 1;  // after the bench's own frame
  bool in_order_ = true;               // nobody has touched the transmitter
};

}  // namespace
}  // namespace ixylab::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ixylab::fuzz;
  static Bench82599 bench;
  Input input(data, size);
  Driver driver(bench);
  while (driver.Do(input)) {
  }
  driver.CheckCounters();
  bench.BringUp();
  return 0;
}
