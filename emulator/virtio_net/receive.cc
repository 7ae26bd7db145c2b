// Processing of incoming packets (virtio 1.2, 5.1.6.3, 5.1.6.4): from the wire to the driver's
// buffers.
#include <algorithm>
#include <cstring>

#include "emulator/virtio_net/port.h"
#include "emulator/wire/fcs.h"

namespace ixylab::emulator::virtio_net {
namespace {

constexpr std::size_t kMacHeader = 14;
constexpr std::size_t kLongestHeader = 12;
constexpr std::size_t kNumBuffers = 10;  // offset in struct virtio_net_hdr

/// No offloads: all is 0 but the number of buffers (5.1.6.4.1).
std::array<std::byte, kLongestHeader> Header(std::size_t buffers) {
  std::array<std::byte, kLongestHeader> header{};
  header[kNumBuffers] = std::byte(buffers);
  header[kNumBuffers + 1] = std::byte(buffers >> 8);
  return header;
}

}  // namespace

void Port::OnFrame(const Frame& frame) {
  const std::span<const std::byte> bytes = frame.bytes;
  if (!running_ || !filter_.Passes(bytes)) [[unlikely]] {
    ++counters_.filtered;
    return;
  }
  const bool bad = frame.fcs.has_value() && *frame.fcs != FrameCheckSequence(bytes);
  if (bad || (Has(VIRTIO_NET_F_MTU) && bytes.size() > kMacHeader + config_.mtu)) [[unlikely]] {
    ++counters_.bad;
    return;
  }
  // 5.1.6.5.5: which queue is the device's choice; here each flow has its own.
  const unsigned pair = active_pairs_ == 1 ? 0 : FlowHash(bytes) % active_pairs_;
  Receive(queues_[2 * pair], bytes);
}

/// Into as many buffers as it takes, or nowhere.
void Port::Receive(Queue& queue, std::span<const std::byte> frame) {
  if (!queue.ring.running()) {
    ++counters_.no_buffer;
    return;
  }
  const Virtqueue::Position before = queue.ring.position();
  if (ReceiveAtOnce(queue, frame)) [[likely]]
    return;
  if (!queue.ring.running()) return Fail(queue.ring.error());
  queue.ring.Rewind(before);
  if (!TakeBuffers(queue, header_bytes_ + frame.size()) || !WriteFrame(queue, frame)) {
    queue.ring.Rewind(before);
    return;
  }
  Give(queue, used_);
  ++counters_.received;
}

/// The short way: the next buffer takes all of it. Else nothing has happened, but for the position.
inline bool Port::ReceiveAtOnce(Queue& queue, std::span<const std::byte> frame) {
  Chain chain;
  const std::uint64_t size = header_bytes_ + frame.size();
  segments_.Clear();
  if (dma_.tracing() || queue.ring.Next(chain, segments_) != Virtqueue::Result::kChain ||
      chain.readable != 0 || chain.writable != 1 || chain.writable_bytes < size) [[unlikely]] {
    return false;
  }
  std::byte* const memory = dma_.Find(segments_.From(chain.first, 1)[0].iova, size);
  if (memory == nullptr) [[unlikely]]
    return false;
  constexpr std::uint64_t kNoOffloads = 0;
  constexpr std::uint32_t kOneBuffer = 1u
                                       << 16;  // num_buffers, behind the last of the other fields
  std::memcpy(memory, &kNoOffloads, sizeof kNoOffloads);
  std::memcpy(memory + sizeof kNoOffloads, &kOneBuffer, header_bytes_ - sizeof kNoOffloads);
  std::memcpy(memory + header_bytes_, frame.data(), frame.size());
  const Used used = {.id = chain.id,
                     .descriptors = chain.descriptors,
                     .written = static_cast<std::uint32_t>(size)};
  Give(queue, {&used, 1});
  ++counters_.received;
  return true;
}

/// Takes chains to chains_ until they hold `bytes`. False if that is not possible.
bool Port::TakeBuffers(Queue& queue, std::uint64_t bytes) {
  segments_.Clear();
  chains_.clear();
  for (std::uint64_t room = 0; room < bytes;) {
    Chain chain;
    const auto result = segments_.HasRoomForAChain() ? queue.ring.Next(chain, segments_)
                                                     : Virtqueue::Result::kEmpty;
    if (result == Virtqueue::Result::kBroken) [[unlikely]]
      return Fail(queue.ring.error()), false;
    if (result == Virtqueue::Result::kEmpty) [[unlikely]]
      return ++counters_.no_buffer, false;
    if (chain.readable != 0) [[unlikely]] {
      return Fail(queue.ring.name() + " descriptor " + std::to_string(chain.id) +
                  ": a device-readable buffer"),
             false;
    }
    if (chain.writable_bytes < header_bytes_ && mergeable_) [[unlikely]] {
      return Fail(queue.ring.name() + " descriptor " + std::to_string(chain.id) + ": " +
                  std::to_string(chain.writable_bytes) + " bytes are too few for virtio_net_hdr"),
             false;
    }
    room += chain.writable_bytes;
    chains_.push_back(chain);
    if (room < bytes && !mergeable_) return ++counters_.too_long, false;
  }
  return true;
}

/// Writes header and frame to chains_, and notes in used_ how much went where.
bool Port::WriteFrame(const Queue& queue, std::span<const std::byte> frame) {
  const auto header = Header(chains_.size());
  // What is still to be written: the header, then the frame.
  std::array<std::span<const std::byte>, 2> rest = {std::span(header).first(header_bytes_), frame};
  used_.clear();
  for (const Chain& chain : chains_) {
    std::uint32_t written = 0;
    for (const Segment& segment : segments_.From(chain.first, chain.writable)) {
      std::uint64_t at = segment.iova;
      std::size_t room = segment.size;
      for (std::span<const std::byte>& part : rest) {
        const std::span<const std::byte> piece = part.first(std::min(room, part.size()));
        if (piece.empty()) continue;
        std::byte* const memory = dma_.tracing() ? nullptr : dma_.Find(at, piece.size());
        if (memory != nullptr) [[likely]] {
          std::memcpy(memory, piece.data(), piece.size());
        } else if (!dma_.Write(at, piece)) {
          const std::string what =
              queue.ring.name() + " descriptor " + std::to_string(chain.id) + ": buffer";
          dma_.Fault(Dma::Access::kWrite, at, piece.size(), what);
          return Fail(what + ": not mapped"), false;
        }
        part = part.subspan(piece.size());
        at += piece.size();
        room -= piece.size();
        written += static_cast<std::uint32_t>(piece.size());
      }
    }
    used_.push_back({.id = chain.id, .descriptors = chain.descriptors, .written = written});
  }
  return true;
}

}  // namespace ixylab::emulator::virtio_net
