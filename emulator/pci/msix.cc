#include "emulator/pci/msix.h"

#include <array>
#include <utility>

namespace ixylab::emulator::pci {

Msix::Msix(ConfigSpace& config, unsigned vectors, unsigned bar, std::function<void(unsigned)> send)
    : config_(config), vectors_(vectors), send_(std::move(send)) {
  config.AddBar(bar, BarKind::kMemory32, kBarBytes);
  const std::uint32_t pending = kPendingBits | bar;
  const std::array<std::uint8_t, 10> body = {
      static_cast<std::uint8_t>(vectors - 1),  // Table Size - 1
      0,                                       // Enable, Function Mask
      static_cast<std::uint8_t>(bar),          // table: offset 0, BIR
      0,
      0,
      0,
      static_cast<std::uint8_t>(pending),  // pending bits: offset, BIR
      static_cast<std::uint8_t>(pending >> 8),
      0,
      0,
  };
  capability_ = config.AddCapability(kMsix, body, std::array<std::uint8_t, 2>{0, 0xC0});
  Reset();
}

void Msix::Reset() {
  table_.assign(4 * std::size_t{vectors_}, 0);
  pending_.assign(vectors_, false);
  for (unsigned vector = 0; vector < vectors_; ++vector) table_[4 * vector + 3] = kMaskBit;
}

void Msix::Signal(unsigned vector) {
  if (vector >= vectors_ || !enabled()) return;
  if (Masked(vector)) {
    pending_[vector] = true;
  } else {
    send_(vector);
  }
}

void Msix::SendPending() {
  if (!enabled()) return;
  for (unsigned vector = 0; vector < vectors_; ++vector) {
    if (!pending_[vector] || Masked(vector)) continue;
    pending_[vector] = false;
    send_(vector);
  }
}

std::uint32_t Msix::Read(std::uint32_t offset, unsigned bytes) const {
  if (bytes != 4 || offset % 4 != 0 || offset >= kBarBytes) return 0;
  if (offset / 4 < table_.size()) return table_[offset / 4];
  const std::uint32_t first = (offset - kPendingBits) * 8;  // vector; wraps where it is not there
  std::uint32_t bits = 0;
  for (unsigned bit = 0; bit < 32 && first < vectors_ && first + bit < vectors_; ++bit) {
    bits |= std::uint32_t{pending_[first + bit]} << bit;
  }
  return bits;
}

void Msix::Write(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  if (bytes != 4 || offset % 4 != 0 || offset / 4 >= table_.size()) return;
  table_[offset / 4] = offset % 16 == 12 ? value & kMaskBit : value;
  SendPending();
}

}  // namespace ixylab::emulator::pci
