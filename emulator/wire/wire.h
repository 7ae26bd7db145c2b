// A full-duplex wire with two ends. Whatever hangs on an end (a NIC model's MAC, a capture file) is
// an Endpoint; the wire carries frames and the carrier from one to the other, and counts.
#ifndef EMULATOR_WIRE_WIRE_H_
#define EMULATOR_WIRE_WIRE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace ixylab::emulator {

/// An Ethernet frame from destination address to the last byte before the FCS. `fcs` is absent
/// where it is the right one, which is then computed only by who needs it. `bytes` is valid during
/// the call only.
struct Frame {
  std::span<const std::byte> bytes;
  std::optional<std::uint32_t> fcs = std::nullopt;
};

/// What hangs on one end of a wire.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual void OnFrame(const Frame& frame) = 0;
  /// The other end began or ceased to send a signal.
  virtual void OnCarrier(bool /*present*/) {}
};

class Wire {
 public:
  struct Counters {
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0;        // without FCS
    std::uint64_t lost_frames = 0;  // sent while the cable was out or nobody was there
  };

  /// Plugs an endpoint into end 0 or 1. It must outlive the wire or be unplugged with null.
  void Attach(unsigned end, Endpoint* endpoint);

  /// From `end` to the other one, before the call returns.
  void Send(unsigned end, const Frame& frame) {
    Counters& sent = ends_[end].sent;
    ++sent.frames;
    sent.bytes += frame.bytes.size();
    Endpoint* receiver = ends_[1 - end].endpoint;
    if (plugged_ && receiver != nullptr) [[likely]] {
      receiver->OnFrame(frame);
    } else {
      ++sent.lost_frames;
    }
  }

  /// The transmitter at `end` is on (light in the fibre) or off. Ends start off.
  void SetSignal(unsigned end, bool on);
  /// The cable is plugged (as at first) or pulled: a pulled one carries neither frames nor signal.
  void SetPlugged(bool plugged);
  /// Signal from the other end arrives at `end`.
  bool Carrier(unsigned end) const;

  /// Frames sent from `end`.
  const Counters& counters(unsigned end) const { return ends_[end].sent; }

 private:
  struct End {
    Endpoint* endpoint = nullptr;
    bool signal = false;
    Counters sent;
  };
  std::array<End, 2> ends_;
  bool plugged_ = true;
};

}  // namespace ixylab::emulator

#endif  // EMULATOR_WIRE_WIRE_H_
