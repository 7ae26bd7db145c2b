#include "emulator/dma.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ixylab::emulator {
namespace {

/// Bytes from `iova` to the end of `window`; 0 where it is not in it.
std::uint64_t BytesLeft(const DmaWindow& window, std::uint64_t iova) {
  const std::uint64_t offset = iova - window.iova;
  return offset < window.size ? window.size - offset : 0;
}

}  // namespace

void Dma::Forget() {
  seen_epoch_ = epoch_.load(std::memory_order_acquire);
  tracing_ = host_.traces_dma();
  windows_.fill({});
}

std::byte* Dma::Look(std::uint64_t iova, std::uint64_t size) {
  DmaWindow& window = windows_[(iova / kGranule) % windows_.size()];
  window = host_.Map(port_, iova);
  if (!window.writable) window = {};
  const std::uint64_t left = BytesLeft(window, iova);
  return left != 0 && size <= left ? window.memory + (iova - window.iova) : nullptr;
}

bool Dma::AllMapped(Access access, std::uint64_t iova, std::uint64_t size) {
  while (size != 0) {
    const DmaWindow window = host_.Map(port_, iova);
    const std::uint64_t left = BytesLeft(window, iova);
    if (left == 0 || (access == Access::kWrite && !window.writable)) return false;
    const std::uint64_t step = std::min(left, size);
    iova += step;
    size -= step;
  }
  return true;
}

bool Dma::Read(std::uint64_t iova, std::span<std::byte> to) {
  if (!AllMapped(Access::kRead, iova, to.size())) return false;
  for (std::span<std::byte> rest = to; !rest.empty();) {
    const std::uint64_t from = iova + (to.size() - rest.size());
    const DmaWindow window = host_.Map(port_, from);
    const std::size_t step = std::min<std::uint64_t>(BytesLeft(window, from), rest.size());
    std::memcpy(rest.data(), window.memory + (from - window.iova), step);
    rest = rest.subspan(step);
  }
  if (tracing_ && !to.empty()) Trace(Access::kRead, iova, to);
  return true;
}

bool Dma::Write(std::uint64_t iova, std::span<const std::byte> from) {
  if (!AllMapped(Access::kWrite, iova, from.size())) return false;
  for (std::span<const std::byte> rest = from; !rest.empty();) {
    const std::uint64_t to = iova + (from.size() - rest.size());
    const DmaWindow window = host_.Map(port_, to);
    const std::size_t step = std::min<std::uint64_t>(BytesLeft(window, to), rest.size());
    std::memcpy(window.memory + (to - window.iova), rest.data(), step);
    rest = rest.subspan(step);
  }
  if (tracing_ && !from.empty()) Trace(Access::kWrite, iova, from);
  return true;
}

void Dma::Fault(Access access, std::uint64_t iova, std::uint64_t size, std::string what) {
  host_.ReportFault({.port = port_,
                     .iova = iova,
                     .size = size,
                     .write = access == Access::kWrite,
                     .what = std::move(what)});
}

}  // namespace ixylab::emulator
