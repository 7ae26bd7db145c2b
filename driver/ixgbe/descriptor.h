// The advanced descriptors of the 82599's rings: 16 bytes, here as two 64-bit words.
#ifndef DRIVER_IXGBE_DESCRIPTOR_H_
#define DRIVER_IXGBE_DESCRIPTOR_H_

#include <atomic>
#include <cstdint>

namespace ixylab::ixgbe {

struct alignas(16) Descriptor {
  std::uint64_t low;   // driver: address of the packet; device: not used here
  std::uint64_t high;  // driver: see below; device: status

  /// The driver's side of it. Relaxed: the tail register's release publishes both words.
  void Give(std::uint64_t address, std::uint64_t word = 0) {
    low = address;
    std::atomic_ref(high).store(word, std::memory_order_relaxed);
  }

  /// What the device wrote. Acquire: what it wrote before (the packet) is visible afterwards.
  std::uint64_t Status() { return std::atomic_ref(high).load(std::memory_order_acquire); }

  bool TransmitIsDone() { return (Status() >> 32 & 1) != 0; }  // STA.DD, 7.2.3.2.4
};
static_assert(sizeof(Descriptor) == 16);

// Receive, read format (section 7.1.5.1): low is the packet's address, high the header's, 0.
// Receive, write-back format (section 7.1.5.2), high: status 0-19, errors 20-31, length 32-47.
inline constexpr std::uint64_t kReceiveDone = 1;         // DD
inline constexpr std::uint64_t kReceiveEndOfPacket = 2;  // EOP
inline constexpr std::uint64_t kReceivedWhole = kReceiveDone | kReceiveEndOfPacket;
constexpr std::uint32_t ReceivedLength(std::uint64_t status) {
  return static_cast<std::uint16_t>(status >> 32);
}

// Transmit, advanced data descriptor (section 7.2.3.2.4), high: DTALEN 0-15, DTYP 20-23,
// DCMD 24-31, STA 32-35, PAYLEN 46-63. A frame is one descriptor here, so DTALEN = PAYLEN.
inline constexpr std::uint64_t kTransmitCommand = 3u << 20     // DTYP: advanced data
                                                  | 1u << 24   // EOP
                                                  | 1u << 25   // IFCS: the MAC appends the CRC
                                                  | 1u << 29;  // DEXT: advanced
inline constexpr std::uint64_t kReportStatus = 1u << 27;       // RS: write DD when done
constexpr std::uint64_t TransmitWord(std::uint64_t size) {
  return kTransmitCommand + size * (1 | std::uint64_t{1} << 46);
}

}  // namespace ixylab::ixgbe

#endif  // DRIVER_IXGBE_DESCRIPTOR_H_
