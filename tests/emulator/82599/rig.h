// A bench for the model: a chip in an in-process host, with port 0 on a wire to an endpoint of the
// test. It plays a driver with the datasheet's numbers written out, and uses none of driver/.
#ifndef TESTS_EMULATOR_82599_RIG_H_
#define TESTS_EMULATOR_82599_RIG_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "emulator/82599/chip.h"
#include "emulator/host/in_process.h"
#include "emulator/wire/wire.h"

namespace ixylab::emulator::intel82599 {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Bytes = std::vector<std::byte>;

/// The other end of port 0's wire: keeps what arrives.
class Partner final : public Endpoint {
 public:
  void OnFrame(const Frame& frame) override {
    frames.emplace_back(frame.bytes.begin(), frame.bytes.end());
    fcs.push_back(frame.fcs);
  }
  void OnCarrier(bool present) override { carriers.push_back(present); }

  std::vector<Bytes> frames;
  std::vector<std::optional<std::uint32_t>> fcs;
  std::vector<bool> carriers;
};

/// A ring of 16-byte descriptors and a buffer of 4 KiB for each, in memory of its own.
class TestRing {
 public:
  static constexpr std::size_t kBufferSize = 4096;

  TestRing(InProcessHost& host, std::uint32_t descriptors);
  ~TestRing() { Free(); }
  TestRing(const TestRing&) = delete;
  TestRing& operator=(const TestRing&) = delete;
  void Free();

  std::uint32_t size() const { return size_; }
  std::uint64_t iova() const { return mapping_.pages[0]; }
  std::uint64_t buffer_iova(std::uint32_t index) const;
  std::span<std::byte> buffer(std::uint32_t index) const;
  /// One of the descriptor's two 8-byte words.
  std::uint64_t& word(std::uint32_t index, unsigned which) const;

 private:
  InProcessHost& host_;
  InProcessHost::Mapping mapping_;
  std::uint32_t size_;
  bool mapped_ = true;
};

/// "12:34:..." as the first 12 bytes, then an EtherType and a pattern, `size` bytes in all.
Bytes MakeFrame(std::size_t size, std::string_view destination = "ff:ff:ff:ff:ff:ff",
                std::uint16_t type = 0x88B5);

class Rig {
 public:
  explicit Rig(const InProcessHost::Options& options = {}, const ChipConfig& config = {});
  ~Rig();

  std::uint32_t Read(std::uint32_t offset) { return host.Read32(0, offset); }
  void Write(std::uint32_t offset, std::uint32_t value) { host.Write32(0, offset, value); }
  void Set(std::uint32_t offset, std::uint32_t bits) { Write(offset, Read(offset) | bits); }
  void Clear(std::uint32_t offset, std::uint32_t bits) { Write(offset, Read(offset) & ~bits); }
  /// Both halves of a counter, the lower one first.
  std::uint64_t ReadPair(std::uint32_t low) {
    const std::uint64_t value = Read(low);
    return value | std::uint64_t{Read(low + 4)} << 32;
  }
  /// MSI-X on, no vector masked: what a kernel does for a driver.
  void EnableMsix();
  /// Until `condition` holds; false after `deadline`.
  bool Until(const std::function<bool()>& condition, Nanoseconds deadline = milliseconds(100));

  /// CTRL.RST and all that follows; then the link.
  void Reset();
  bool WaitForLink();
  /// Broadcast accepted, CRC stripped, RXCTRL.RXEN.
  void StartReceiver();
  /// Ring and SRRCTL (advanced descriptors; by default 2 KiB and DROP_EN), enabled; RDT = `tail`.
  void StartRx(const TestRing& ring, std::uint32_t tail, std::uint32_t queue = 0,
               std::uint32_t srrctl = 0x12000002);
  /// Ring, DMATXCTL.TE, TXDCTL.ENABLE.
  void StartTx(const TestRing& ring, std::uint32_t queue = 0);
  /// Writes `frame` and a data descriptor (EOP, IFCS, RS) at `index`, without the tail.
  static void PutTx(const TestRing& ring, std::uint32_t index, std::span<const std::byte> frame,
                    std::uint64_t command = 0x2B300000);

  /// From the partner to port 0.
  void Send(std::span<const std::byte> frame, std::optional<std::uint32_t> fcs = std::nullopt);

  InProcessHost host;
  Wire wire;
  Partner partner;
  Chip chip;
};

// Datasheet, 8.2.3. Queue registers are those of queue 0.
inline constexpr std::uint32_t kCtrl = 0x00000, kStatus = 0x00008, kEsdp = 0x00020, kEec = 0x10010,
                               kEerd = 0x10014, kSwsm = 0x10140, kSwFwSync = 0x10160;
inline constexpr std::uint32_t kEicr = 0x00800, kEics = 0x00808, kEiac = 0x00810, kEitr = 0x00820,
                               kEims = 0x00880, kEimc = 0x00888, kEiam = 0x00890, kGpie = 0x00898,
                               kIvar = 0x00900, kIvarMisc = 0x00A00, kEimsEx1 = 0x00AA0;
inline constexpr std::uint32_t kRdbal = 0x01000, kRdbah = 0x01004, kRdlen = 0x01008, kRdh = 0x01010,
                               kSrrctl = 0x01014, kRdt = 0x01018, kRxdctl = 0x01028,
                               kRdrxctl = 0x02F00, kRxctrl = 0x03000, kRxpbsize = 0x03C00;
inline constexpr std::uint32_t kTdbal = 0x06000, kTdbah = 0x06004, kTdlen = 0x06008, kTdh = 0x06010,
                               kTdt = 0x06018, kTxdctl = 0x06028, kTdwbal = 0x06038,
                               kTdwbah = 0x0603C, kDmatxctl = 0x04A80;
inline constexpr std::uint32_t kHlreg0 = 0x04240, kMaxfrs = 0x04268, kAutoc = 0x042A0,
                               kLinks = 0x042A4;
inline constexpr std::uint32_t kFctrl = 0x05080, kVlnctrl = 0x05088, kMcstctrl = 0x05090,
                               kMta = 0x05200, kVfta = 0x0A000, kRal = 0x0A200, kRah = 0x0A204,
                               kMrqc = 0x05818, kReta = 0x05C00, kRssrk = 0x05C80;
inline constexpr std::uint32_t kCrcerrs = 0x04000, kRuc = 0x040A4, kRfc = 0x040A8, kRoc = 0x040AC,
                               kRjc = 0x040B0, kRxmpc = 0x03FA0, kGprc = 0x04074, kBprc = 0x04078,
                               kMprc = 0x0407C, kGptc = 0x04080, kGorcl = 0x04088, kGotcl = 0x04090,
                               kTorl = 0x040C0, kTpr = 0x040D0, kTpt = 0x040D4, kMptc = 0x040F0,
                               kBptc = 0x040F4, kPrc64 = 0x0405C, kPtc64 = 0x040D8, kMlfc = 0x04034;
inline constexpr std::uint32_t kQprc = 0x01030, kQbrcL = 0x01034, kQprdc = 0x01430, kQptc = 0x08680,
                               kQbtcL = 0x08700, kRqsmr = 0x02300, kTqsm = 0x08600;
inline constexpr std::uint32_t kEnable = 1u << 25;    // RXDCTL, TXDCTL
inline constexpr std::uint32_t kLinkUp = 1u << 30;    // LINKS
inline constexpr std::uint64_t kTxDone = 1ull << 32;  // DD of a transmit descriptor's second word

}  // namespace ixylab::emulator::intel82599

#endif  // TESTS_EMULATOR_82599_RIG_H_
