#include "emulator/pci/msix.h"

#include <array>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace ixylab::emulator::pci {

Msix::Msix(ConfigSpace& config, const MsixLayout& layout, std::function<void(unsigned)> send)
    : config_(config), layout_(layout), send_(std::move(send)) {
  if (layout.vectors < 1 || layout.vectors > 128 || layout.pending_bits % 8 != 0 ||
      layout.pending_bits < 16 * layout.vectors || layout.pending_bits + 16 > layout.bar_bytes) {
    throw std::invalid_argument("MSI-X: a table of " + std::to_string(layout.vectors) +
                                " vectors does not fit");
  }
  config.AddBar(layout.bar, layout.kind, layout.bar_bytes);
  const std::uint32_t pending = layout.pending_bits | layout.bar;
  const std::array<std::uint8_t, 10> body = {
      static_cast<std::uint8_t>(layout.vectors - 1),  // Table Size - 1
      0,                                              // Enable, Function Mask
      static_cast<std::uint8_t>(layout.bar),          // table: offset 0, BIR
      0,
      0,
      0,
      static_cast<std::uint8_t>(pending),  // pending bits: offset, BIR
      static_cast<std::uint8_t>(pending >> 8),
      static_cast<std::uint8_t>(pending >> 16),
      static_cast<std::uint8_t>(pending >> 24),
  };
  constexpr std::array<std::uint8_t, 2> kWritable = {0, 0xC0};
  capability_ = config.AddCapability(kMsix, body, kWritable, layout.capability);
  Reset();
}

void Msix::Reset() {
  table_.assign(4 * std::size_t{vectors()}, 0);
  pending_.assign(vectors(), false);
  for (unsigned vector = 0; vector < vectors(); ++vector) table_[4 * vector + 3] = kMaskBit;
}

void Msix::Signal(unsigned vector) {
  if (vector >= vectors() || !enabled()) return;
  if (Masked(vector)) {
    pending_[vector] = true;
  } else {
    send_(vector);
  }
}

void Msix::ClearPending(unsigned vector) {
  if (vector < vectors()) pending_[vector] = false;
}

void Msix::SendPending() {
  if (!enabled()) return;
  for (unsigned vector = 0; vector < vectors(); ++vector) {
    if (!pending_[vector] || Masked(vector)) continue;
    pending_[vector] = false;
    send_(vector);
  }
}

std::uint32_t Msix::Read(std::uint32_t offset, unsigned bytes) const {
  if (bytes != 4 || offset % 4 != 0 || offset >= layout_.bar_bytes) return 0;
  if (offset / 4 < table_.size()) return table_[offset / 4];
  if (offset < layout_.pending_bits) return 0;
  const std::uint32_t first = (offset - layout_.pending_bits) * 8;
  std::uint32_t bits = 0;
  for (unsigned bit = 0; bit < 32 && first + bit < vectors(); ++bit) {
    bits |= std::uint32_t{pending_[first + bit]} << bit;
  }
  return bits;
}

void Msix::Write(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  if (bytes != 4 || offset % 4 != 0 || offset / 4 >= table_.size()) return;
  table_[offset / 4] = offset % 16 == 12 ? value & kMaskBit : value;
  SendPending();
}

std::string Msix::Describe(const MsixLayout& layout, std::uint32_t offset, unsigned bytes,
                           std::uint32_t value) {
  constexpr const char* kWords[] = {"address", "upper address", "data", "control"};
  char text[80];
  int length = 0;
  if (offset < 16 * layout.vectors) {
    length =
        std::snprintf(text, sizeof text, "MSI-X vector %u %s", offset / 16, kWords[offset / 4 % 4]);
  } else if (offset >= layout.pending_bits && (offset - layout.pending_bits) * 8 < layout.vectors) {
    length = std::snprintf(text, sizeof text, "MSI-X pending bits %u",
                           (offset - layout.pending_bits) * 8);
  } else {
    length = std::snprintf(text, sizeof text, "MSI-X");
  }
  std::snprintf(text + length, sizeof text - length, " 0x%04X = 0x%0*X", offset,
                static_cast<int>(2 * bytes), value);
  return text;
}

}  // namespace ixylab::emulator::pci
