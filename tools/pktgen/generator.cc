#include "tools/pktgen/generator.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>

namespace ixylab::pktgen {
namespace {

/// Writes a frame from front to end, in network byte order.
class Writer {
 public:
  explicit Writer(std::span<std::byte> frame) : frame_(frame) {}

  void Add8(std::initializer_list<std::size_t> bytes) {
    for (const std::size_t byte : bytes) frame_[at_++] = static_cast<std::byte>(byte);
  }
  void Add16(std::size_t word) { Add8({word >> 8, word & 0xff}); }
  void Add(const MacAddress& address) {
    for (const std::uint8_t byte : address) Add8({byte});
  }

 private:
  std::span<std::byte> frame_;
  std::size_t at_ = 0;
};

/// RFC 1071, of an even number of bytes.
std::uint16_t InternetChecksum(std::span<const std::byte> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += std::to_integer<std::uint32_t>(bytes[i]) << 8 |
           std::to_integer<std::uint32_t>(bytes[i + 1]);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::vector<std::byte> MakeFrame(std::size_t size, const MacAddress& source) {
  constexpr MacAddress kDestination = {0x02, 0, 0, 0, 0, 0x02};  // locally administered
  std::vector<std::byte> frame(size);
  Writer writer(frame);
  writer.Add(kDestination);
  writer.Add(source);
  writer.Add16(0x0800);
  const auto ip = std::span(frame).subspan(14, 20);
  writer.Add8({0x45, 0});   // version 4, 5 words of header
  writer.Add16(size - 14);  // total length
  writer.Add16(0);          // identification
  writer.Add16(0x4000);     // do not fragment
  writer.Add8({64, 17});    // time to live, UDP
  writer.Add16(0);          // checksum, below
  writer.Add8({198, 18, 0, 1});
  writer.Add8({198, 19, 0, 1});
  writer.Add16(9);
  writer.Add16(9);
  writer.Add16(size - 14 - 20);  // UDP length
  const std::uint16_t checksum = InternetChecksum(ip);
  ip[10] = static_cast<std::byte>(checksum >> 8);
  ip[11] = static_cast<std::byte>(checksum & 0xff);
  return frame;
}

Generator::Generator(Device& port, MemoryPool& pool, std::size_t size, std::size_t batch)
    : port_(port), size_(size), batch_(batch), pool_(pool) {
  // All buffers get the frame once; from then on only the sequence number is written.
  const std::vector<std::byte> frame = MakeFrame(size, port.mac_address());
  std::vector<PacketBuffer*> all(pool_.size());
  pool_.Allocate(all);
  for (PacketBuffer* packet : all) std::memcpy(packet->data(), frame.data(), frame.size());
  MemoryPool::Free(all);
}

Generator::~Generator() { MemoryPool::Free(waiting_); }

std::size_t Generator::Send(std::size_t n) {
  if (waiting_.empty()) Prepare(std::min(n, batch_));
  const std::size_t queued = port_.Transmit(0, waiting_);
  waiting_ = waiting_.subspan(queued);
  sent_ += queued;
  return queued;
}

/// Nothing waits, so that the next frame to prepare is the next one to send.
void Generator::Prepare(std::size_t n) {
  const std::size_t allocated = pool_.Allocate(std::span(packets_).first(n));
  std::uint64_t sequence = sent_;
  for (PacketBuffer* packet : std::span(packets_).first(allocated)) {
    packet->size = static_cast<std::uint32_t>(size_);
    const std::uint64_t big_endian = __builtin_bswap64(sequence++);
    std::memcpy(packet->data() + kSequenceOffset, &big_endian, sizeof(big_endian));
  }
  waiting_ = std::span(packets_).first(allocated);
}

}  // namespace ixylab::pktgen
