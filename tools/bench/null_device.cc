#include "tools/bench/null_device.h"

#include <sys/mman.h>

#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "driver/ixgbe/option_registers.h"

namespace ixylab::bench {
namespace {

using namespace ixgbe;  // NOLINT: the register names

constexpr std::uint16_t kChecksumAddress = 0x3F;
constexpr std::uint32_t kChecksum = 0xBABA;

struct Mapping final : DmaMemory::Owner {
  Mapping(void* address, std::size_t size) : address(address), size(size) {}
  ~Mapping() override { munmap(address, size); }
  void* address;
  std::size_t size;
};

std::span<Descriptor> RingAt(NullBus& bus, Register low, Register high, Register length) {
  const std::uint64_t address = bus.Read32(low.offset) | std::uint64_t{bus.Read32(high.offset)}
                                                             << 32;
  return {reinterpret_cast<Descriptor*>(address), bus.Read32(length.offset) / sizeof(Descriptor)};
}

}  // namespace

DmaMemory PlainMemory::Allocate(std::size_t size) {
  size = (size + page_size_ - 1) / page_size_ * page_size_;
  // One page more, to start at a page's boundary.
  const std::size_t mapped = size + page_size_;
  void* const memory =
      mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw DeviceError("mmap of " + std::to_string(mapped) + " bytes failed");
  }
  auto owner = std::make_unique<Mapping>(memory, mapped);
  auto address = reinterpret_cast<std::uintptr_t>(memory);
  address = (address + page_size_ - 1) / page_size_ * page_size_;
  auto* const bytes = reinterpret_cast<std::byte*>(address);
  madvise(bytes, size, huge_ ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  std::vector<std::uint64_t> pages;
  for (std::size_t offset = 0; offset < size; offset += page_size_) {
    bytes[offset] = std::byte{0};  // the kernel decides on a huge page at the first touch
    pages.push_back(address + offset);
  }
  return DmaMemory({bytes, size}, page_size_, std::move(pages), std::move(owner));
}

std::size_t PlainMemory::HugePageBytes() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string word; rollup >> word;) {
    std::size_t kilobytes = 0;
    if (word == "AnonHugePages:" && rollup >> kilobytes) return kilobytes << 10;
  }
  return 0;
}

NullBus::NullBus(DmaSpace& dma) : dma_(dma), registers_(128 * 1024 / sizeof(std::uint32_t)) {
  registers_[EEC.offset / 4] = EEC_EE_PRES | EEC_AUTO_RD;
  registers_[RDRXCTL.offset / 4] = RDRXCTL_DMAIDONE;
  registers_[LINKS.offset / 4] = LINKS_UP | 3u << LINKS_SPEED_SHIFT;
}

std::uint32_t NullBus::Read(unsigned, std::uint32_t offset, unsigned) {
  return registers_[offset / 4];
}

void NullBus::Write(unsigned, std::uint32_t offset, unsigned, std::uint32_t value) {
  if (offset == CTRL.offset) value &= ~(CTRL_RST | CTRL_LNK_RST);
  if (offset == EERD.offset) {
    const bool checksum = (value >> EERD_ADDR_SHIFT & 0x3FFF) == kChecksumAddress;
    value = EERD_DONE | (checksum ? kChecksum : 0) << EERD_DATA_SHIFT;
  }
  registers_[offset / 4] = value;
}

NullReceiveRing::NullReceiveRing(NullBus& bus)
    : NullReceiveRing(RingAt(bus, RDBAL[0], RDBAH[0], RDLEN[0])) {}

void NullReceiveRing::Complete(std::size_t packets, std::uint16_t size) {
  for (; packets != 0; --packets) {
    descriptors_[head_].high = kReceivedWhole | std::uint64_t{size} << 32;
    head_ = (head_ + 1) % descriptors_.size();
  }
}

NullTransmitRing::NullTransmitRing(NullBus& bus)
    : NullTransmitRing(RingAt(bus, TDBAL[0], TDBAH[0], TDLEN[0]), bus.Register(TDT[0].offset)) {}

std::size_t NullTransmitRing::Complete() {
  std::size_t packets = 0;
  for (; head_ != tail_; ++packets) {
    std::uint64_t& high = descriptors_[head_].high;
    if ((high & kReportStatus) != 0) high = std::uint64_t{1} << 32;  // STA.DD
    head_ = (head_ + 1) % descriptors_.size();
  }
  return packets;
}

}  // namespace ixylab::bench
