// Packet transmission (virtio 1.2, 5.1.6.2): from chains to frames on the wire.
#include <array>
#include <cstring>

#include "emulator/virtio_net/port.h"

namespace ixylab::emulator::virtio_net {
namespace {

constexpr unsigned kBatch = 32;
// An IP packet of the greatest length with Ethernet header, VLAN tag and struct virtio_net_hdr.
constexpr std::uint64_t kLongestFrame = 65535 + 14 + 4 + 12;

}  // namespace

/// Sends what is behind the header.
inline void Port::Send(const Queue& queue, const std::byte* header, std::uint64_t size) {
  std::uint16_t flags_and_gso_type;
  std::memcpy(&flags_and_gso_type, header, sizeof flags_and_gso_type);
  if (flags_and_gso_type != 0) [[unlikely]] {
    LogOnce(queue.ring.name() +
            ": virtio_net_hdr asks for an offload, of which none is negotiated; the frame is sent "
            "as it is");
  }
  if (!link_up_ || wire_ == nullptr) [[unlikely]] {
    ++counters_.sent_while_down;
    return;
  }
  ++counters_.sent;
  wire_->Send(end_, {.bytes = {header + header_bytes_, size - header_bytes_}});
}

/// A batch. True if there was something to send.
bool Port::Transmit(Queue& queue) {
  if (!Due(queue)) return false;
  // Take chains, and begin to fetch what they point to; then send.
  struct Taken {
    Chain chain;
    const std::byte* data;  // of a frame that is in one buffer with its header
  };
  segments_.Clear();
  std::array<Taken, kBatch> batch;
  unsigned count = 0;
  auto result = Virtqueue::Result::kChain;
  for (; count < kBatch && segments_.HasRoomForAChain(); ++count) {
    auto& [chain, data] = batch[count];
    result = queue.ring.Next(chain, segments_);
    if (result != Virtqueue::Result::kChain) break;
    const std::uint64_t size = chain.readable_bytes;
    const bool plain = chain.readable == 1 && chain.writable == 0 && size > header_bytes_ &&
                       size <= kLongestFrame && !dma_.tracing();
    data = plain ? dma_.Find(segments_.From(chain.first, 1)[0].iova, size) : nullptr;
    __builtin_prefetch(data);
  }
  std::array<Used, kBatch> used;
  unsigned sent = 0;
  for (; sent < count; ++sent) {
    const auto& [chain, data] = batch[sent];
    if (data != nullptr) [[likely]] {
      Send(queue, data, chain.readable_bytes);
    } else if (!SendSlowly(queue, chain)) {
      break;
    }
    used[sent] = {.id = chain.id, .descriptors = chain.descriptors};
  }
  if (sent != 0) Give(queue, std::span(used).first(sent));
  if (result == Virtqueue::Result::kBroken) [[unlikely]] {
    Fail(queue.ring.error());
  } else if (result == Virtqueue::Result::kEmpty && sent == count) {
    WaitForKick(queue);
  }
  return count != 0;
}

/// struct virtio_net_hdr and the packet, in whatever pieces (2.7.4). False if the driver did what
/// it must not, and the port has failed.
bool Port::SendSlowly(const Queue& queue, const Chain& chain) {
  const auto where = [&] { return queue.ring.name() + " descriptor " + std::to_string(chain.id); };
  if (chain.writable != 0) return Fail(where() + ": a device-writable buffer"), false;
  if (chain.readable_bytes <= header_bytes_) {
    return Fail(where() + ": " + std::to_string(chain.readable_bytes) + " bytes are no header of " +
                std::to_string(header_bytes_) + " and a frame"),
           false;
  }
  if (chain.readable_bytes > kLongestFrame) {
    LogOnce(queue.ring.name() + ": a frame of " + std::to_string(chain.readable_bytes) +
            " bytes with its header is not sent");
    return true;
  }
  if (!Gather(queue, chain)) return false;
  Send(queue, gathered_.data(), chain.readable_bytes);
  return true;
}

/// Copies all device-readable buffers of a chain to gathered_.
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
