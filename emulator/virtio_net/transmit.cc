// Packet transmission (virtio 1.2, 5.1.6.2): from chains to frames on the wire.
#include <array>
#include <cstring>

#include "emulator/virtio_net/port.h"

namespace ixylab::emulator::virtio_net {
namespace {

constexpr unsigned kBatch = 32;
// An IP packet of the greatest length with its Ethernet header and a VLAN tag.
constexpr std::uint64_t kLongestFrame = 65535 + 14 + 4;

}  // namespace

/// A batch. True if there was something to send.
bool Port::Transmit(Queue& queue) {
  if (!Due(queue)) return false;
  // Take chains, and begin to fetch what they point to; then send.
  segments_.Clear();
  std::array<Chain, kBatch> chains;
  unsigned count = 0;
  auto result = Virtqueue::Result::kChain;
  while (count < kBatch && segments_.HasRoomForAChain()) {
    result = queue.ring.Next(chains[count], segments_);
    if (result != Virtqueue::Result::kChain) break;
    const Segment& last = segments_.From(segments_.size() - 1, 1)[0];
    __builtin_prefetch(dma_.Find(last.iova, last.size));
    ++count;
  }
  std::array<Used, kBatch> used;
  unsigned sent = 0;
  for (; sent < count && Send(queue, chains[sent]); ++sent) {
    used[sent] = {.id = chains[sent].id, .descriptors = chains[sent].descriptors};
  }
  if (sent != 0) Give(queue, std::span(used).first(sent));
  if (result == Virtqueue::Result::kBroken) [[unlikely]] {
    Fail(queue.ring.error());
  } else if (result == Virtqueue::Result::kEmpty && sent == count) {
    WaitForKick(queue);
  }
  return count != 0;
}

/// One frame: struct virtio_net_hdr and the packet, in whatever pieces (2.7.4). False if the driver
/// did what it must not, and the port has failed.
bool Port::Send(const Queue& queue, const Chain& chain) {
  const auto where = [&] { return queue.ring.name() + " descriptor " + std::to_string(chain.id); };
  if (chain.writable != 0) [[unlikely]]
    return Fail(where() + ": a device-writable buffer"), false;
  if (chain.readable_bytes <= header_bytes_) [[unlikely]] {
    return Fail(where() + ": " + std::to_string(chain.readable_bytes) + " bytes are no header of " +
                std::to_string(header_bytes_) + " and a frame"),
           false;
  }
  const std::uint64_t size = chain.readable_bytes - header_bytes_;
  if (size > kLongestFrame) [[unlikely]] {
    LogOnce(queue.ring.name() + ": a frame of more than " + std::to_string(kLongestFrame) +
            " bytes is not sent");
    return true;
  }

  // Header and frame in one buffer, or each in its own; anything else is copied.
  const std::span<const Segment> segments = segments_.From(chain.first, chain.readable);
  const std::byte* header = nullptr;
  const std::byte* frame = nullptr;
  if (dma_.tracing()) [[unlikely]] {
    // The long way has the trace points.
  } else if (segments.size() == 1) {
    header = dma_.Find(segments[0].iova, segments[0].size);
    frame = header + header_bytes_;
  } else if (segments.size() == 2 && segments[0].size == header_bytes_) {
    header = dma_.Find(segments[0].iova, segments[0].size);
    frame = dma_.Find(segments[1].iova, segments[1].size);
  }
  if (header == nullptr || frame == nullptr) [[unlikely]] {
    if (!Gather(queue, chain)) return false;
    header = gathered_.data();
    frame = header + header_bytes_;
  }
  std::uint16_t flags_and_gso_type;
  std::memcpy(&flags_and_gso_type, header, sizeof flags_and_gso_type);
  if (flags_and_gso_type != 0) [[unlikely]] {
    LogOnce(queue.ring.name() +
            ": virtio_net_hdr asks for an offload, of which none is negotiated; the frame is sent "
            "as it is");
  }
  if (!link_up_ || wire_ == nullptr) [[unlikely]] {
    ++counters_.sent_while_down;
    return true;
  }
  ++counters_.sent;
  wire_->Send(end_, {.bytes = {frame, size}});
  return true;
}

bool Port::Gather(const Queue& queue, const Chain& chain) {
  gathered_.resize(chain.readable_bytes);
  std::span<std::byte> rest = gathered_;
  for (const Segment& segment : segments_.From(chain.first, chain.readable)) {
    if (!dma_.Read(segment.iova, rest.first(segment.size))) {
      const std::string what =
          queue.ring.name() + " descriptor " + std::to_string(chain.id) + ": buffer";
      dma_.Fault(Dma::Access::kRead, segment.iova, segment.size, what);
      return Fail(what + ": not mapped"), false;
    }
    rest = rest.subspan(segment.size);
  }
  return true;
}

}  // namespace ixylab::emulator::virtio_net
